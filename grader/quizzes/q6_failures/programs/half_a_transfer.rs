//! A panic between two steps that belong together.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let (from, to) = (Mutex::new(100), Mutex::new(0));
    thread::scope(|scope| {
        let transfer = scope.spawn(|| {
            *from.lock().unwrap() -= 30;
            if std::hint::black_box(true) {
                panic!("the fee cannot be computed");
            }
            *to.lock().unwrap() += 30;
        });
        let failed = transfer.join().is_err();
        println!("failed: {failed}");
    });
    println!("{} + {}", from.lock().unwrap(), to.lock().unwrap());
}
