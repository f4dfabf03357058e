//! What `cargo xtask bench engine` runs: the same bodies under the explorer and under Shuttle, in turns, in one run.
//! Prints one document of JSON. Knows nothing of how it is shown.

#![expect(clippy::print_stdout, reason = "the document is what this program is for")]

use interleave::{Explorer, Options};
use std::sync::Arc;
use std::time::{Duration, Instant};

mod ours;
mod theirs;

/// How long one engine runs one body in one round.
const TURN: Duration = Duration::from_millis(200);
/// So many schedules between two looks at the clock.
const BATCH: u32 = 20;

fn main() {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(9_u32).max(1);
    let count = ours::bodies::BODIES.len();
    let mut rates = vec![[Vec::new(), Vec::new()]; count];
    let mut steps = vec![0; count];
    for _ in 0..rounds {
        for index in 0..count {
            let (rate, longest) = explore(ours::bodies::BODIES[index].1);
            steps[index] = steps[index].max(longest);
            rates[index][0].push(rate);
            rates[index][1].push(shuttle(theirs::bodies::BODIES[index].1));
        }
    }
    let rows = (0..count).map(|index| {
        let [ours, theirs] = [0, 1].map(|engine| median(&mut rates[index][engine]));
        serde_json::json!({
            "body": ours::bodies::BODIES[index].0,
            "most_steps": steps[index],
            "interleave_per_s": ours.round(),
            "shuttle_per_s": theirs.round(),
            "ratio": ours / theirs,
        })
    });
    let rows: Vec<_> = rows.collect();
    println!("{}", serde_json::json!({ "rounds": rounds, "bodies": rows }));
}

/// Schedules per second of the explorer, and the steps of the longest one.
fn explore(body: fn()) -> (f64, u32) {
    let body: interleave::Body = Arc::new(body);
    let mut explorer = Explorer::new(1, Options::default());
    let mut longest = 0;
    let rate = rate(|| {
        for _ in 0..BATCH {
            let ran = explorer.next(&body);
            assert!(ran.failure.is_none(), "the bodies are right: {:?}", ran.failure);
            longest = longest.max(ran.steps);
        }
    });
    (rate, longest)
}

/// Schedules per second of Shuttle.
fn shuttle(body: fn()) -> f64 {
    let mut seed = 0;
    rate(|| {
        seed += 1;
        let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(seed, BATCH as usize);
        shuttle::Runner::new(scheduler, shuttle::Config::new()).run(body);
    })
}

/// `batch` does [`BATCH`] schedules.
fn rate(mut batch: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut batches = 0_u32;
    while started.elapsed() < TURN {
        batch();
        batches += 1;
    }
    f64::from(batches * BATCH) / started.elapsed().as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
