//! One of two threads panics.

use std::thread;

pub fn main() {
    let bad = thread::spawn(|| {
        if std::hint::black_box(true) {
            panic!("no luck");
        }
    });
    let good = thread::spawn(|| println!("good"));
    println!("bad failed: {}", bad.join().is_err());
    good.join().unwrap();
}
