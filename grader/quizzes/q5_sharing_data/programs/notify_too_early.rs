//! One thread waits, without looking at anything; the other notifies once.

use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub fn main() {
    let (lock, bell) = (Mutex::new(()), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| bell.notify_one());
        let guard = lock.lock().unwrap();
        let (_guard, result) = bell.wait_timeout(guard, Duration::from_millis(100)).unwrap();
        println!("timed out: {}", result.timed_out());
    });
}
