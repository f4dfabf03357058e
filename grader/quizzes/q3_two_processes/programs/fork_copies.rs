//! A child changes a variable.

use nix::sys::wait::waitpid;
use toolkit::fork;

pub fn main() {
    let mut number = 1;
    let child = fork(|| {
        number += 1;
        println!("child {number}");
        0
    });
    waitpid(child.unwrap(), None).unwrap();
    println!("parent {number}");
}
