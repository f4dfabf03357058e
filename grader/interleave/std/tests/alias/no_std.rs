//! A program without the prelude of `std`, which asks for `std` by name. Prints the real names of modelled types.

#![no_std]

extern crate std;
extern crate std as other;

use core::any::type_name;
use std::prelude::v1::*;
use std::println;

fn main() {
    println!("{}", type_name::<std::sync::Mutex<u8>>());
    println!("{}", type_name::<other::sync::Condvar>());
    println!("{}", type_name::<core::sync::atomic::AtomicU8>());
    let names: Vec<&str> = std::vec![type_name::<other::thread::Thread>()];
    println!("{}", names[0]);
}
