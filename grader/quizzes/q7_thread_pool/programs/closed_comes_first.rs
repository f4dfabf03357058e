//! A worker looks whether the pool is closed before it looks for a job.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

pub fn main() {
    let jobs = Mutex::new(vec![2, 1]);
    let closed = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut done = 0;
            while !closed.load(SeqCst) {
                let job = jobs.lock().unwrap().pop();
                if job.is_none() {
                    break;
                }
                done += 1;
            }
            done
        });
        closed.store(true, SeqCst);
        worker.join().unwrap()
    });
    println!("{done} of 2 done");
}
