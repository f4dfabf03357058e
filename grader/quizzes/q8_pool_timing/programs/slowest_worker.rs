//! Two workers take halves of a list that were made in advance. Each number stands for the work of a task.

use std::thread;

pub fn main() {
    let work = [1, 1, 1, 9];
    let halves = [work[..2].to_vec(), work[2..].to_vec()];
    let workers = halves.map(|half| thread::spawn(move || half.iter().sum::<u32>()));
    let busy = workers.map(|worker| worker.join().unwrap());
    println!("{busy:?}");
}
