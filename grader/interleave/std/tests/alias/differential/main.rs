//! Small programs whose text must be the same on the real standard library and, under every schedule, on the model.
//! Compiled twice by the test `alias`: as it is, and with the alias and `--cfg model`. Prints a line for each text.

mod arc;
mod atomic;
mod blocking;
mod channel;
mod hashing;
mod helpers;
mod join;
mod once;
mod poison;
mod rwlock;
mod scope;
mod sharing;
mod threads;
mod time;
mod tls;
mod traits;
mod unwind;

use helpers::Program;

const ALL: &[&[Program]] = &[
    arc::PROGRAMS,
    atomic::PROGRAMS,
    blocking::PROGRAMS,
    channel::PROGRAMS,
    hashing::PROGRAMS,
    join::PROGRAMS,
    once::PROGRAMS,
    poison::PROGRAMS,
    rwlock::PROGRAMS,
    scope::PROGRAMS,
    sharing::PROGRAMS,
    threads::PROGRAMS,
    time::PROGRAMS,
    tls::PROGRAMS,
    traits::PROGRAMS,
    unwind::PROGRAMS,
];

/// The program once on the real library.
#[cfg(not(model))]
fn texts(program: fn() -> String) -> Vec<String> {
    vec![program()]
}

/// The different texts and failures of a number of schedules.
#[cfg(model)]
fn texts(program: fn() -> String) -> Vec<String> {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};
    let kept = Arc::new(Mutex::new(BTreeSet::new()));
    let inside = Arc::clone(&kept);
    let body: interleave::Body = Arc::new(move || {
        // The first thread of a schedule, as the library sees it: else it would not be this scheduler's.
        assert_eq!(format!("{:?}", std::thread::current().id()), "ThreadId(1)");
        let text = program();
        inside.lock().unwrap().insert(text);
    });
    let options = interleave::Options { clock: interleave::Clock::Timed, ..Default::default() };
    let mut explorer = interleave::Explorer::new(1, options);
    for _ in 0..schedules() {
        if let Some(failure) = explorer.next(&body).failure {
            return vec![format!("{}: {}", failure.fault, failure.headline)];
        }
    }
    let texts = kept.lock().unwrap().iter().cloned().collect();
    texts
}

#[cfg(model)]
fn schedules() -> u32 {
    std::env::args().nth(1).and_then(|schedules| schedules.parse().ok()).unwrap_or(30)
}

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    for (name, program) in ALL.iter().copied().flatten() {
        for text in texts(*program) {
            println!("{name}: {text:?}");
        }
    }
}
