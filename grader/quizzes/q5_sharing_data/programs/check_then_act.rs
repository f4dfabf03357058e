//! One seat, two buyers; every line holds the lock.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let seats = Mutex::new(1);
    let buy = || {
        let free = *seats.lock().unwrap() > 0;
        if free {
            *seats.lock().unwrap() -= 1;
        }
    };
    thread::scope(|scope| {
        scope.spawn(buy);
        buy();
    });
    println!("{} seats left", seats.into_inner().unwrap());
}
