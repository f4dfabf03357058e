//! List and history lie behind one lock.

use std::sync::Mutex;
use std::thread;

pub fn main() {
    let both = Mutex::new((Vec::new(), Vec::new()));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut both = both.lock().unwrap();
            both.0.push(7);
            both.1.push("added");
        });
        let mut both = both.lock().unwrap();
        let taken = both.0.pop();
        both.1.push(if taken.is_some() { "removed" } else { "empty" });
    });
    println!("{}", both.into_inner().unwrap().1.join(", "));
}
