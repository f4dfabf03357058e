//! Join stands right behind the start.

use std::thread;

pub fn main() {
    thread::spawn(|| println!("Square: 100")).join().unwrap();
    thread::spawn(|| println!("Cube: 1000")).join().unwrap();
    println!("complete");
}
