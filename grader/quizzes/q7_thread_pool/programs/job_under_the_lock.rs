//! Two threads take jobs in the condition of a loop.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let jobs = Mutex::new(vec![2, 1]);
    let work = || {
        while let Some(job) = jobs.lock().unwrap().pop() {
            println!("start {job}");
            println!("end {job}");
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}
