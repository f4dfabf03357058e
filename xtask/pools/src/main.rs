//! Measures process pools beside their peers and prints one JSON document. All contenders take part
//! in every round, one after the other, so that whatever else the machine does hits them alike. It
//! knows nothing of tables and charts.
//!
//! This process forks, so it stays single-threaded: rayon runs in a child of its own. Every step has
//! an alarm; a step that does not come to its end ends this process, and with it, by the ends of
//! their pipes, all that it has started.

mod bare;
mod figures;
mod ours;
mod python;
mod threads;

use figures::Figures;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

/// The sizes that question 8 compares.
const SIZES: [usize; 3] = [2, 4, 8];

/// How many tiny tasks a map gets, and how many round trips the pipes.
const TASKS: u64 = 10_000;

/// How long a step may take before it is given up.
const STEP_S: u32 = 60;

type Trouble = Box<dyn Error>;
type Result<T> = std::result::Result<T, Trouble>;

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(15);
    let text = match measure(rounds) {
        Ok(text) => text,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let printed = writeln!(std::io::stdout(), "{text}");
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(rounds: u32) -> Result<String> {
    let mut figures = Figures::default();
    // A fork copies the tables of all memory that its process has. So question 8 is measured in processes
    // that have done nothing else: the big maps have a child of their own here, and an interpreter there.
    let mut python = python::Peer::start();
    let mut python_for_maps = python::Peer::start();
    for _ in 0..rounds {
        step(|| bare::ping_pong(&mut figures))?;
        step(|| ours::tiny(&mut figures, 1))?;
        for workers in SIZES {
            step(|| question_8(&mut figures, &mut python, workers))?;
            step(|| tiny(&mut figures, &mut python_for_maps, workers))?;
            step(|| ours::large(&mut figures, workers))?;
        }
    }
    Ok(figures.document(rounds, python.as_ref().map(python::Peer::version)).to_string())
}

/// Runs one step under an alarm.
fn step(work: impl FnOnce() -> Result<()>) -> Result<()> {
    nix::unistd::alarm::set(STEP_S);
    let result = work();
    nix::unistd::alarm::cancel();
    result
}

/// The squares of 1 to 10: start, map and stop together, and the map alone.
fn question_8(figures: &mut Figures, python: &mut Option<python::Peer>, workers: usize) -> Result<()> {
    ours::question_8(figures, workers)?;
    if let Some(python) = python {
        python.question_8(figures, workers)?;
    }
    threads::question_8(figures, workers)?;
    bare::children(figures, workers)
}

/// Ten thousand squares: as fast as they go one by one, and in chunks.
fn tiny(figures: &mut Figures, python: &mut Option<python::Peer>, workers: usize) -> Result<()> {
    ours::tiny(figures, workers)?;
    if let Some(python) = python {
        python.tiny(figures, workers)?;
    }
    threads::tiny(figures, workers)
}

/// Runs `work` and says how many microseconds it took.
fn timed_us<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed().as_secs_f64() * 1e6, result)
}

fn square(number: u64) -> u64 {
    number * number
}
