//! Two numbers that should be equal, behind one lock.

use std::sync::RwLock;
use std::thread;

pub fn main() {
    let pair = RwLock::new((0, 0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut pair = pair.write().unwrap();
            pair.0 = 1;
            pair.1 = 1;
        });
        let (x, y) = *pair.read().unwrap();
        println!("{x} {y}");
    });
}
