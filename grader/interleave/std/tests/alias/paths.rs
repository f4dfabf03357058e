//! Prints the real name of every modelled item, by every way that a program may name it.

#[derive(Debug, Default)]
pub struct Derived {
    lock: std::sync::Mutex<u8>,
    flag: core::sync::atomic::AtomicBool,
}

extern crate core as hidden_core;
extern crate std as hidden_std;

mod glob {
    use std::any::type_name;
    use std::*;

    pub fn print() {
        println!("{}", type_name::<sync::Mutex<u8>>());
        println!("{}", type_name::<time::Instant>());
    }
}

mod renamed {
    use std as s;

    pub fn print() {
        println!("{}", s::any::type_name::<s::sync::Condvar>());
    }
}

macro_rules! print_all {
    ($($path:path),* $(,)?) => { $( println!("{}", std::any::type_name::<$path>()); )* };
}

fn function<F>(_: F) {
    println!("{}", std::any::type_name::<F>());
}

fn main() {
    glob::print();
    renamed::print();
    print_all!(
        std::sync::Mutex<u8>,
        std::sync::MutexGuard<'static, u8>,
        ::std::sync::RwLock<u8>,
        std::sync::RwLockReadGuard<'static, u8>,
        std::sync::RwLockWriteGuard<'static, u8>,
        hidden_std::sync::Condvar,
        std::sync::WaitTimeoutResult,
        std::sync::Barrier,
        std::sync::BarrierWaitResult,
        std::sync::Once,
        std::sync::OnceState,
        std::sync::OnceLock<u8>,
        std::sync::LazyLock<u8>,
        std::sync::mpsc::Sender<u8>,
        std::sync::mpsc::SyncSender<u8>,
        std::sync::mpsc::Receiver<u8>,
        std::sync::mpsc::Iter<'static, u8>,
        std::sync::mpsc::TryIter<'static, u8>,
        std::sync::mpsc::IntoIter<u8>,
        std::sync::atomic::AtomicBool,
        std::sync::atomic::AtomicI8,
        std::sync::atomic::AtomicI16,
        std::sync::atomic::AtomicI32,
        std::sync::atomic::AtomicI64,
        std::sync::atomic::AtomicIsize,
        std::sync::atomic::AtomicU8,
        std::sync::atomic::AtomicU16,
        std::sync::atomic::AtomicU32,
        std::sync::atomic::AtomicU64,
        std::sync::atomic::AtomicUsize,
        std::sync::atomic::AtomicPtr<u8>,
        core::sync::atomic::AtomicBool,
        core::sync::atomic::AtomicI32,
        ::core::sync::atomic::AtomicU64,
        hidden_core::sync::atomic::AtomicUsize,
        core::sync::atomic::AtomicPtr<u8>,
        std::thread::Thread,
        std::thread::ThreadId,
        std::thread::Builder,
        std::thread::JoinHandle<u8>,
        std::thread::Scope<'static, 'static>,
        std::thread::ScopedJoinHandle<'static, u8>,
        std::time::Instant,
        std::time::SystemTime,
    );
    function(std::thread::spawn::<fn(), ()>);
    function(std::thread::current);
    function(std::thread::available_parallelism);
    function(std::thread::sleep);
    function(std::thread::yield_now);
    function(std::thread::park);
    function(std::thread::park_timeout);
    function(std::hint::spin_loop);
    function(core::hint::spin_loop);
    function(std::sync::atomic::fence);
    function(core::sync::atomic::fence);
    function(std::sync::mpsc::channel::<u8>);
    function(std::sync::mpsc::sync_channel::<u8>);
    let derived = format!("{:?}", Derived::default());
    assert_eq!(derived, "Derived { lock: Mutex { data: 0, poisoned: false, .. }, flag: false }");
}
