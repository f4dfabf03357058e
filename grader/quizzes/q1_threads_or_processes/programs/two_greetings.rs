//! Two threads print, the caller waits for both.

use std::thread;

pub fn main() {
    let hello = thread::spawn(|| println!("hello"));
    let world = thread::spawn(|| println!("world"));
    hello.join().unwrap();
    world.join().unwrap();
    println!("end");
}
