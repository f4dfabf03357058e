//! Unusual but ordinary source. Prints the real name of a modelled type for every way in which a program comes to it.
//! Compiled for more than one edition.

#![allow(unused_imports)]

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::*;
use std::any::{type_name, type_name_of_val};
use std::error::Error;
use std::future::Future;
use std::thread_local as per_thread;

#[derive(Debug, Default)]
struct Derived {
    lock: std::sync::Mutex<Vec<u8>>,
    count: AtomicUsize,
    once: std::sync::OnceLock<u8>,
}

#[derive(Clone)]
struct Shared(Arc<std::sync::RwLock<u8>>);

trait Named {
    fn name(&self) -> &'static str;
}

impl<T> Named for std::sync::Mutex<T> {
    fn name(&self) -> &'static str {
        type_name::<Self>()
    }
}

thread_local! {
    static UNQUALIFIED: u8 = 1;
}
std::thread_local!(static BY_PATH: u8 = const { 2 });
per_thread! {
    /// With an attribute, a visibility and no semicolon.
    pub(crate) static RENAMED: std::cell::RefCell<u8> = std::cell::RefCell::new(3)
}

macro_rules! make {
    ($path:path) => {
        <$path>::new(1)
    };
}

macro_rules! own {
    () => {
        ::std::sync::Mutex::new(vec![std::sync::Mutex::new(1)])
    };
}

fn output<F: Future>(_: &F) -> &'static str {
    type_name::<F::Output>()
}

fn asks(lock: &std::sync::Mutex<u8>) -> Result<u8, Box<dyn Error + '_>> {
    Ok(*lock.lock()?)
}

static STATIC: std::sync::Mutex<u8> = std::sync::Mutex::new(4);
const CONST: std::sync::Once = std::sync::Once::new();

mod inner {
    pub use super::std_again::sync::Condvar;
    pub mod deep {
        pub fn print() {
            use ::core::sync::atomic as a;
            println!("{}", std::any::type_name::<a::AtomicU8>());
        }
    }
}

mod std_again {
    pub use std::*;
}

fn main() {
    let derived = Derived::default();
    println!("{}", type_name_of_val(&derived.lock));
    println!("{}", type_name_of_val(&derived.count));
    println!("{}", type_name_of_val(&derived.once));
    println!("{}", type_name_of_val(&*Shared(Arc::new(Default::default())).clone().0));
    println!("{}", std::sync::Mutex::new(1).name());
    println!("{}", type_name_of_val(&UNQUALIFIED));
    println!("{}", type_name_of_val(&BY_PATH));
    println!("{}", type_name_of_val(&RENAMED));
    println!("{}", type_name_of_val(&make!(std::sync::RwLock<u8>)));
    println!("{}", type_name_of_val(&own!()));
    println!("{}", output(&async { std::sync::Mutex::new(1) }));
    println!("{}", output(&async { std::thread::current() }));
    let lock = std::sync::Mutex::new(5);
    assert_eq!(asks(&lock).unwrap(), 5);
    println!("{}", type_name_of_val(&lock.lock().unwrap()));
    println!("{}", type_name_of_val(&STATIC));
    println!("{}", type_name_of_val(&CONST));
    println!("{}", type_name::<inner::Condvar>());
    inner::deep::print();
    let dynamic: Arc<std::sync::Mutex<dyn Fn() -> u8 + Send>> = Arc::new(std::sync::Mutex::new(|| 6));
    assert_eq!((dynamic.lock().unwrap())(), 6);
    println!("{}", type_name_of_val(&dynamic));
    let mut local = vec![1];
    let handle_name = std::thread::scope(|scope| {
        let handle = scope.spawn(|| local.push(2));
        type_name_of_val(&handle)
    });
    println!("{handle_name}");
    println!("{}", type_name_of_val(&std::thread::spawn(move || local.len())));
    let boxed: Box<dyn FnOnce() -> std::time::Instant + Send> = Box::new(std::time::Instant::now);
    println!("{}", type_name_of_val(&boxed()));
    println!("{}", type_name::<<AtomicBool as Into2>::Same>());
}

trait Into2 {
    type Same;
}

impl<T> Into2 for T {
    type Same = T;
}
