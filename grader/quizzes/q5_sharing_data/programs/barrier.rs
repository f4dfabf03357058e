//! Two threads meet half way.

use std::sync::Barrier;
use std::thread;

pub fn main() {
    let half_way = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            println!("a1");
            half_way.wait();
            println!("a2");
        });
        println!("b1");
        half_way.wait();
    });
}
