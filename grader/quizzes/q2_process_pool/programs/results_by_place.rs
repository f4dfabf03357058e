//! Results in the order of the inputs.

use std::thread;

pub fn main() {
    let squares: Vec<u32> = thread::scope(|scope| {
        let workers: Vec<_> = [3, 2].map(|n| scope.spawn(move || n * n)).into_iter().collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    println!("{squares:?}");
}
