//! A resource is held by a thread that panics.

use std::thread;

struct Resource;

impl Drop for Resource {
    fn drop(&mut self) {
        println!("released");
    }
}

pub fn main() {
    let user = thread::spawn(|| {
        let _resource = Resource;
        println!("used");
        panic!("out of luck");
    });
    let failed = user.join().is_err();
    println!("failed: {failed}");
}
