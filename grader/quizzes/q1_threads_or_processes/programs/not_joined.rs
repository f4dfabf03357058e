//! A thread that nobody waits for.

use std::thread;

pub fn main() {
    let builder = thread::Builder::new().name("background".to_string());
    builder.spawn(|| println!("background")).unwrap();
    println!("main");
}
