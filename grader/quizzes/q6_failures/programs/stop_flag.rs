//! A worker looks at a flag before each of its two rounds.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

pub fn main() {
    let stop = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut rounds = 0;
            while rounds < 2 && !stop.load(SeqCst) {
                rounds += 1;
            }
            rounds
        });
        stop.store(true, SeqCst);
        worker.join().unwrap()
    });
    println!("{rounds}");
}
