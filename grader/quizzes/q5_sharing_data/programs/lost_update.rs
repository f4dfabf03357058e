//! Two threads add one each; every single access is atomic.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

pub fn main() {
    let count = AtomicU32::new(0);
    let add = || {
        let old = count.load(SeqCst);
        count.store(old + 1, SeqCst);
    };
    thread::scope(|scope| {
        scope.spawn(add);
        add();
    });
    println!("{}", count.load(SeqCst));
}
