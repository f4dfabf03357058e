//! A child that would have returned 0 is killed.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::pause;
use toolkit::fork;

pub fn main() {
    let child = fork(|| {
        pause();
        0
    });
    let child = child.unwrap();
    kill(child, Signal::SIGTERM).unwrap();
    match waitpid(child, None).unwrap() {
        WaitStatus::Exited(_, code) => println!("exited with {code}"),
        WaitStatus::Signaled(_, signal, _) => println!("ended by {signal}"),
        _ => println!("still there"),
    }
}
