//! A child ends with a large code.

use nix::sys::wait::{WaitStatus, waitpid};
use toolkit::fork;

pub fn main() {
    let child = fork(|| 258).unwrap();
    if let Ok(WaitStatus::Exited(_, code)) = waitpid(child, None) {
        println!("exited with {code}");
    }
}
