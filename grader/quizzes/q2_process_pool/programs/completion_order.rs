//! Two workers note what they have done as soon as it is done.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let done = Mutex::new(Vec::new());
    let square = |number: u32| done.lock().unwrap().push(number * number);
    thread::scope(|scope| {
        scope.spawn(|| square(2));
        square(3);
    });
    println!("{:?}", done.into_inner().unwrap());
}
