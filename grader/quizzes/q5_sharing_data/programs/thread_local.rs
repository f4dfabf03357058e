//! A counter that each thread has for itself.

use std::cell::Cell;
use std::thread;

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

fn count() -> u32 {
    COUNT.set(COUNT.get() + 1);
    COUNT.get()
}

pub fn main() {
    count();
    count();
    let other = thread::spawn(count).join().unwrap();
    println!("{} {other}", count());
}
