//! The worker writes two bytes and ends.

use std::io::{Read, Write, pipe};
use toolkit::fork;

pub fn main() {
    let (mut reader, mut writer) = pipe().unwrap();
    let child = fork(move || {
        writer.write_all(b"ok").unwrap();
        0
    });
    let mut text = String::new();
    let bytes = reader.read_to_string(&mut text).unwrap();
    println!("{bytes} bytes, then the end");
    nix::sys::wait::waitpid(child.unwrap(), None).unwrap();
}
