//! A worker that catches the panics of its tasks.

use std::panic::catch_unwind;
use std::sync::mpsc::channel;
use std::thread;

pub fn main() {
    let (pool, tasks) = channel::<fn() -> u32>();
    let worker = thread::spawn(move || {
        for task in tasks {
            match catch_unwind(task) {
                Ok(result) => println!("{result}"),
                Err(_) => println!("failed"),
            }
        }
        println!("worker ends");
    });
    pool.send(|| 1).unwrap();
    pool.send(|| panic!("no result")).unwrap();
    pool.send(|| 6).unwrap();
    drop(pool);
    worker.join().unwrap();
    println!("joined");
}
