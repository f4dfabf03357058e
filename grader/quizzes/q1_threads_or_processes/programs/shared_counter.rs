//! Two threads count in one memory, with a lock.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let count = Mutex::new(0);
    let add = |step: u32| {
        let mut count = count.lock().unwrap();
        *count += step;
        println!("{count}");
    };
    thread::scope(|scope| {
        scope.spawn(|| add(1));
        add(10);
    });
}
