//! The history has a lock of its own, which is taken when the list's has been given back.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let list = Mutex::new(Vec::new());
    let history = Mutex::new(Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            list.lock().unwrap().push(7);
            history.lock().unwrap().push("added");
        });
        let taken = list.lock().unwrap().pop();
        let word = if taken.is_some() { "removed" } else { "empty" };
        history.lock().unwrap().push(word);
    });
    println!("{}", history.into_inner().unwrap().join(", "));
}
