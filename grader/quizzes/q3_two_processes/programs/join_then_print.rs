//! The assignment's two jobs, as threads.

use std::thread;

pub fn main() {
    let square = thread::spawn(|| println!("Square: 100"));
    let cube = thread::spawn(|| println!("Cube: 1000"));
    cube.join().unwrap();
    square.join().unwrap();
    println!("complete");
}
