//! What the programs share that measure processes beside their peers: figures, an interpreter that measures on request,
//! children, and alarms. It measures nothing by itself and knows nothing of tables and charts.
//!
//! Such a program forks, so it stays single-threaded. Every step has an alarm; a step that does not come to its end ends the
//! program, and with it, by the ends of their pipes, all that it has started. All contenders take part in every round, one
//! after the other, so that whatever else the machine does hits them alike.

mod child;
mod figures;
mod python;

pub use child::in_a_child;
pub use figures::{Figures, Ratio};
pub use python::Peer;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

/// What stops a measurement: nothing of it is worth a type of its own, since a person reads it.
pub type Trouble = Box<dyn Error>;

/// The same as a result.
pub type Result<T> = std::result::Result<T, Trouble>;

/// How long a step may take before it is given up, in seconds.
pub const STEP_S: u32 = 60;

/// Runs one step under an alarm, which ends this process.
///
/// # Errors
///
/// Those of the step.
pub fn step(work: impl FnOnce() -> Result<()>) -> Result<()> {
    nix::unistd::alarm::set(STEP_S);
    let result = work();
    nix::unistd::alarm::cancel();
    result
}

/// Runs `work` and says how many microseconds it took.
pub fn timed_us<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed().as_secs_f64() * 1e6, result)
}

/// The `main` of such a program: takes the number of rounds from the command line and prints the document that `measure` makes.
pub fn run(measure: impl FnOnce(u32) -> Result<String>) -> ExitCode {
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
