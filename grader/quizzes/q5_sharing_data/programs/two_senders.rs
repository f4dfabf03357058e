//! Two threads send into one queue.

use std::sync::mpsc::channel;
use std::thread;

pub fn main() {
    let (sender, receiver) = channel();
    let other = sender.clone();
    let thread = thread::spawn(move || {
        sender.send(1).unwrap();
        sender.send(2).unwrap();
    });
    other.send(3).unwrap();
    thread.join().unwrap();
    let received: Vec<u32> = receiver.try_iter().collect();
    println!("{received:?}");
}
