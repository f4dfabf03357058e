//! A number is written, then a flag is set; both `Relaxed`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;

pub fn main() {
    let (number, ready) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            number.store(42, Relaxed);
            ready.store(true, Relaxed);
        });
        if ready.load(Relaxed) {
            println!("{}", number.load(Relaxed));
        } else {
            println!("not ready");
        }
    });
}
