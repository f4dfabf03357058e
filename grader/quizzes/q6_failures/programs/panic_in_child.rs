//! A child process panics.

use nix::sys::wait::{WaitStatus, waitpid};
use toolkit::fork;

pub fn main() {
    let child = fork(|| panic!("broken")).unwrap();
    match waitpid(child, None).unwrap() {
        WaitStatus::Exited(_, code) => println!("exited with {code}"),
        WaitStatus::Signaled(_, signal, _) => println!("ended by {signal}"),
        _ => println!("still there"),
    }
    println!("parent goes on");
}
