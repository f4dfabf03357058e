//! Two workers take two tasks from one queue; the second worker is the main thread.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let tasks = Mutex::new(vec!["one", "two"]);
    let work = || {
        let mut done = 0;
        while let Some(_task) = { tasks.lock().unwrap().pop() } {
            done += 1;
        }
        done
    };
    let (a, b) = thread::scope(|scope| {
        let a = scope.spawn(work);
        let b = work();
        (a.join().unwrap(), b)
    });
    println!("{a} + {b}");
}
