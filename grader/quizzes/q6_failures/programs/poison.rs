//! A thread panics with a lock in its hand.

use std::sync::{Arc, Mutex};
use std::thread;

pub fn main() {
    let number = Arc::new(Mutex::new(1));
    let theirs = Arc::clone(&number);
    let thread = thread::spawn(move || {
        let mut guard = theirs.lock().unwrap();
        *guard = 2;
        panic!("half done");
    });
    match number.lock() {
        Ok(guard) => println!("fine: {guard}"),
        Err(poisoned) => println!("poisoned: {}", poisoned.into_inner()),
    }
    let _ = thread.join();
}
