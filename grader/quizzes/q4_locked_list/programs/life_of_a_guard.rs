//! A guard without a name, in a statement and in a condition.

use std::sync::Mutex;

fn lock_is_free(list: &Mutex<Vec<u64>>) -> bool {
    list.try_lock().is_ok()
}

pub fn main() {
    let list = Mutex::new(vec![7]);
    let length = list.lock().unwrap().len();
    println!("length {length}, free: {}", lock_is_free(&list));
    if let Some(first) = list.lock().unwrap().first() {
        println!("first {first}, free: {}", lock_is_free(&list));
    }
}
