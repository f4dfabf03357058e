//! Each thread announces itself, then looks for the other.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

pub fn main() {
    let (a, b) = (AtomicBool::new(false), AtomicBool::new(false));
    let (a_saw_b, b_saw_a) = thread::scope(|scope| {
        let first = scope.spawn(|| {
            a.store(true, SeqCst);
            b.load(SeqCst)
        });
        b.store(true, SeqCst);
        let b_saw_a = a.load(SeqCst);
        (first.join().unwrap(), b_saw_a)
    });
    println!("{a_saw_b} {b_saw_a}");
}
