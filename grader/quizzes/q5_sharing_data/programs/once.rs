//! Two threads set a value up, if nobody has.

use std::sync::OnceLock;
use std::thread;

pub fn main() {
    let name = OnceLock::new();
    let (a, b) = thread::scope(|scope| {
        let a = scope.spawn(|| *name.get_or_init(|| "A"));
        let b = *name.get_or_init(|| "B");
        (a.join().unwrap(), b)
    });
    println!("{a} {b}");
}
