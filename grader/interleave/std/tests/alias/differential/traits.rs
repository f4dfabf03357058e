//! Send, Sync, Unpin and unwind safety of the types of std, found without bounds.

use crate::helpers::Program;

use std::cell::Cell;
use std::marker::{PhantomData, PhantomPinned};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicI32, AtomicPtr};
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::sync::{
    Arc, Barrier, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock, RwLock, RwLockReadGuard,
    RwLockWriteGuard, Weak,
};
use std::thread::{JoinHandle, Thread};

/// `Is::<T>::SEND` and so on are true where `T` has the trait, found without any bound.
struct Is<T: ?Sized>(PhantomData<T>);

trait Not {
    const SEND: bool = false;
    const SYNC: bool = false;
    const UNWIND: bool = false;
    const REF_UNWIND: bool = false;
    const UNPIN: bool = false;
}

impl<T: ?Sized> Not for Is<T> {}

impl<T: ?Sized + Send> Is<T> {
    const SEND: bool = true;
}

impl<T: ?Sized + Sync> Is<T> {
    const SYNC: bool = true;
}

impl<T: ?Sized + UnwindSafe> Is<T> {
    const UNWIND: bool = true;
}

impl<T: ?Sized + RefUnwindSafe> Is<T> {
    const REF_UNWIND: bool = true;
}

impl<T: ?Sized + Unpin> Is<T> {
    const UNPIN: bool = true;
}

macro_rules! table {
    (@ $kind:ty, [$($constant:ident)*]) => { [$(Is::<$kind>::$constant),*] };
    ($constants:tt $($kind:ty,)*) => {
        [$(format!("{}: {:?}", stringify!($kind), table!(@ $kind, $constants))),*].join("\n")
    };
}

fn send_and_sync() -> String {
    table!([SEND SYNC UNPIN]
        Mutex<i32>, Mutex<Cell<i32>>, Mutex<*mut i32>, MutexGuard<'static, i32>, MutexGuard<'static, Cell<i32>>,
        RwLock<i32>, RwLock<Cell<i32>>, RwLockReadGuard<'static, i32>, RwLockWriteGuard<'static, i32>,
        Sender<i32>, Sender<Cell<i32>>, Sender<*mut i32>, SyncSender<i32>, Receiver<i32>, Receiver<*mut i32>,
        Once, OnceLock<i32>, OnceLock<Cell<i32>>, LazyLock<i32>, LazyLock<Cell<i32>>, Barrier, Condvar,
        AtomicI32, AtomicPtr<*mut i32>, Arc<i32>, Arc<Cell<i32>>, Weak<Cell<i32>>,
        JoinHandle<i32>, JoinHandle<*mut i32>, Thread, Mutex<PhantomPinned>,
    )
}

fn unwind_safety() -> String {
    table!([UNWIND REF_UNWIND]
        Mutex<i32>, Mutex<Cell<i32>>, &'static mut Mutex<i32>, RwLock<Cell<i32>>, Condvar, Barrier,
        Once, OnceLock<i32>, OnceLock<Cell<i32>>, LazyLock<i32>, AtomicI32, AtomicPtr<i32>,
        Arc<i32>, Arc<Cell<i32>>, Arc<Mutex<Cell<i32>>>, Cell<i32>, &'static Cell<i32>,
    )
}

fn unwind_safety_of_handles_and_channels() -> String {
    table!([UNWIND REF_UNWIND]
        Sender<i32>, SyncSender<i32>, Receiver<i32>, JoinHandle<i32>, Thread,
        MutexGuard<'static, i32>, RwLockReadGuard<'static, i32>,
    )
}

pub const PROGRAMS: &[Program] = &[
    ("traits::send_and_sync", send_and_sync),
    ("traits::unwind_safety", unwind_safety),
    ("traits::unwind_safety_of_handles_and_channels", unwind_safety_of_handles_and_channels),
];
