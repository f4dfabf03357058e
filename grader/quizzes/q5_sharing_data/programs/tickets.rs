//! Two threads draw a number each.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

pub fn main() {
    let next = AtomicU32::new(1);
    let draw = || next.fetch_add(1, Relaxed);
    let (a, b) = thread::scope(|scope| {
        let a = scope.spawn(draw);
        let b = draw();
        (a.join().unwrap(), b)
    });
    println!("a has {a}, b has {b}");
}
