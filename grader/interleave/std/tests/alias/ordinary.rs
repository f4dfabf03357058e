//! Uses the concurrent part of the library as ordinary programs do, and prints what it sees.

use std::collections::HashSet;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::{self, AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicUsize, Ordering::*};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError, TrySendError};
use std::sync::{
    Arc, Barrier, Condvar, LazyLock, LockResult, Mutex, MutexGuard, Once, OnceLock, OnceState, PoisonError,
    RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult, Weak,
};
use std::thread::{self, LocalKey, Scope, ScopedJoinHandle, Thread};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

trait Shape: Send {
    fn area(&self) -> u32;
}

struct Square(u32);

impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

static GLOBAL: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static TABLE: RwLock<[u8; 2]> = RwLock::new([1, 2]);
static CHANGED: Condvar = Condvar::new();
static READY: AtomicBool = AtomicBool::new(false);
static START: Once = Once::new();
static CELL: OnceLock<String> = OnceLock::new();
static LAZY: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1, 2, 3]);
static MEET: Barrier = Barrier::new(1);

thread_local! {
    static LOCAL: std::cell::Cell<u8> = const { std::cell::Cell::new(3) };
}

#[derive(Debug, Default)]
struct Everything {
    mutex: Mutex<u8>,
    rwlock: RwLock<u8>,
    condvar: Condvar,
    once_lock: OnceLock<u8>,
    lazy: LazyLock<u8>,
    flag: AtomicBool,
    number: AtomicI32,
    pointer: AtomicPtr<u8>,
}

fn show(value: impl Debug) {
    println!("{value:?}");
}

fn shared<T: Send + Sync>() {}
fn sent<T: Send>() {}
fn safe<T: UnwindSafe + RefUnwindSafe>() {}

fn traits() {
    shared::<Mutex<u8>>();
    shared::<RwLock<u8>>();
    shared::<Condvar>();
    shared::<Barrier>();
    shared::<Once>();
    shared::<OnceLock<u8>>();
    shared::<LazyLock<u8>>();
    shared::<mpsc::Sender<u8>>();
    shared::<mpsc::SyncSender<u8>>();
    sent::<mpsc::Receiver<u8>>();
    shared::<thread::JoinHandle<u8>>();
    shared::<ScopedJoinHandle<'static, u8>>();
    shared::<Thread>();
    shared::<AtomicUsize>();
    shared::<AtomicPtr<u8>>();
    shared::<Instant>();
    fn sync<T: Sync>() {}
    sync::<MutexGuard<'static, u8>>();
    sync::<RwLockReadGuard<'static, u8>>();
    safe::<Mutex<u8>>();
    safe::<RwLock<u8>>();
    safe::<Condvar>();
    safe::<AtomicUsize>();
    safe::<OnceLock<u8>>();
    safe::<LazyLock<u8>>();
    safe::<mpsc::Sender<u8>>();
}

fn locks() -> Result<(), Box<dyn std::error::Error>> {
    let shape: Arc<Mutex<dyn Shape>> = Arc::new(Mutex::new(Square(3)));
    let table: Box<RwLock<dyn Shape>> = Box::new(RwLock::new(Square(4)));
    let list: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2, 3]));
    show((shape.lock().unwrap().area(), table.read().unwrap().area(), list.lock().unwrap().len()));
    let mut mutex = Mutex::from(5);
    *mutex.get_mut().unwrap() += 1;
    let guard: LockResult<MutexGuard<'_, i32>> = mutex.lock();
    let guard = guard.unwrap();
    show(&mutex);
    println!("{guard} {guard:?}");
    let tried: TryLockResult<MutexGuard<'_, i32>> = mutex.try_lock();
    show(matches!(tried, Err(TryLockError::WouldBlock)));
    drop(tried);
    drop(guard);
    show((&mutex, mutex.is_poisoned()));
    show(mutex.into_inner());
    GLOBAL.lock().map(|mut list| list.push(1)).unwrap_or_else(PoisonError::into_inner_unit);
    show(&GLOBAL);

    let lock = RwLock::new(String::from("a"));
    {
        let first: RwLockReadGuard<'_, String> = lock.read().unwrap();
        let second = lock.try_read().unwrap();
        println!("{first} {second:?} {}", lock.try_write().is_err());
    }
    let mut writer: RwLockWriteGuard<'_, String> = lock.write().unwrap();
    writer.push('b');
    show(lock.try_read().is_err());
    let reader = RwLockWriteGuard::downgrade(writer);
    println!("{reader}");
    drop(reader);
    show((&lock, &TABLE, lock.is_poisoned()));
    show(lock.into_inner());

    let poisoned = Arc::new(Mutex::new(1));
    let theirs = Arc::clone(&poisoned);
    let died = thread::spawn(move || {
        let _guard = theirs.lock().unwrap();
        std::panic::resume_unwind(Box::new(1_u8));
    });
    show(died.join().unwrap_err().downcast_ref::<u8>());
    show((&poisoned, poisoned.lock().is_err(), poisoned.try_lock().is_err()));
    show(poisoned.lock().unwrap_err());
    show(poisoned.lock().unwrap_err().to_string());
    poisoned.clear_poison();
    show(*poisoned.lock().unwrap());
    Ok(show(Arc::try_unwrap(poisoned).unwrap().into_inner()?))
}

trait IntoInnerUnit {
    fn into_inner_unit(self);
}

impl<T> IntoInnerUnit for PoisonError<T> {
    fn into_inner_unit(self) {
        drop(self.into_inner());
    }
}

fn waiting() {
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let waiter = thread::spawn(move || {
        let (lock, changed) = &*theirs;
        let guard = changed.wait_while(lock.lock().unwrap(), |count| *count == 0).unwrap();
        *guard
    });
    *pair.0.lock().unwrap() = 9;
    pair.1.notify_all();
    show(waiter.join().unwrap());
    let guard = pair.0.lock().unwrap();
    let (guard, end) = pair.1.wait_timeout(guard, Duration::from_millis(1)).unwrap();
    show((end, end.timed_out()));
    let (guard, end) = pair.1.wait_timeout_while(guard, Duration::from_millis(1), |_| true).unwrap();
    show((*guard, end.timed_out(), &pair.1, &CHANGED));
    CHANGED.notify_one();

    show((MEET.wait().is_leader(), &MEET, MEET.wait()));
    START.call_once(|| println!("once"));
    START.call_once(|| println!("twice"));
    START.call_once_force(|state: &OnceState| show(state.is_poisoned()));
    START.wait();
    show((START.is_completed(), &START));
    show((CELL.get(), CELL.set("first".into()), CELL.set("second".into())));
    show((CELL.get_or_init(String::new), &CELL, CELL.wait().len()));
    let mut cell = OnceLock::from(1);
    *cell.get_mut().unwrap() += 1;
    show((cell.clone(), cell == OnceLock::new(), cell.take(), cell.into_inner(), OnceLock::<u8>::new()));
    let mut lazy = LazyLock::new(|| 5);
    show((&lazy, LazyLock::get(&lazy), *LazyLock::force(&lazy), &lazy));
    *lazy += 1;
    show((*lazy, LAZY.len(), LazyLock::get_mut(&mut lazy)));
    show(Everything::default());
}

fn channels() {
    let (sender, receiver) = mpsc::channel();
    show((&sender, &receiver, receiver.try_recv(), receiver.recv_timeout(Duration::ZERO)));
    let clones: Vec<mpsc::Sender<u8>> = vec![sender.clone(), sender];
    for (sender, number) in clones.into_iter().zip(1..) {
        thread::spawn(move || sender.send(number)).join().unwrap().unwrap();
    }
    show(receiver.recv());
    show(receiver.try_iter().collect::<Vec<_>>());
    show((receiver.try_recv() == Err(TryRecvError::Disconnected), receiver.recv()));
    show(receiver.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Disconnected));
    let (sender, receiver) = mpsc::sync_channel(1);
    show((sender.try_send(1), sender.try_send(2) == Err(TrySendError::Full(2)), &sender));
    for number in &receiver {
        show(number);
        break;
    }
    let worker = thread::spawn(move || receiver.into_iter().sum::<i32>());
    (0..3).for_each(|number| sender.send(number).unwrap());
    drop(sender);
    show(worker.join().unwrap());
    let (sender, receiver) = mpsc::sync_channel(0);
    show(sender.try_send("too early") == Err(TrySendError::Full("too early")));
    let worker = thread::spawn(move || sender.send("met"));
    show((receiver.recv(), worker.join().unwrap()));
    let (sender, receiver) = mpsc::channel();
    drop(receiver);
    show(sender.send(1).unwrap_err());
}

fn atomics() {
    let number = AtomicU8::new(250);
    show((number.fetch_add(10, Relaxed), number.fetch_sub(1, AcqRel), number.load(Acquire)));
    show((number.swap(12, SeqCst), number.fetch_and(10, SeqCst), number.fetch_or(1, SeqCst)));
    show((number.fetch_xor(255, SeqCst), number.fetch_nand(3, SeqCst), number.fetch_max(4, SeqCst)));
    show((number.fetch_min(2, SeqCst), number.compare_exchange(2, 5, SeqCst, Relaxed)));
    show(number.compare_exchange(2, 5, AcqRel, Acquire));
    show((
        number.fetch_update(SeqCst, Relaxed, |old| old.checked_add(1)),
        number.update(SeqCst, SeqCst, |old| old * 2),
    ));
    show(number.try_update(SeqCst, Relaxed, |_| None));
    while number.compare_exchange_weak(12, 13, SeqCst, Relaxed).is_err() {}
    let mut signed = AtomicI32::from(-5);
    *signed.get_mut() -= 1;
    show((signed.fetch_max(-2, Relaxed), &signed, signed.fetch_min(-9, Relaxed)));
    show(signed.into_inner());
    show((READY.fetch_not(SeqCst), READY.fetch_nand(true, SeqCst), READY.swap(true, SeqCst), &READY));
    let mut target = 5;
    let pointer = AtomicPtr::new(&mut target);
    show((pointer.load(SeqCst).is_null(), pointer.swap(std::ptr::null_mut(), SeqCst).is_null(), &pointer));
    atomic::fence(SeqCst);
    atomic::compiler_fence(Release);
    show(catch(|| atomic::fence(Relaxed)));
    show(catch(|| drop(READY.load(hidden(Release)))));
    show(catch(|| READY.store(true, hidden(Acquire))));
}

/// Keeps the compiler from seeing the ordering.
fn hidden(order: atomic::Ordering) -> atomic::Ordering {
    std::hint::black_box(order)
}

fn catch(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn threads() -> std::io::Result<()> {
    let main: Thread = thread::current();
    show((main.name(), main.id() == thread::current().id(), thread::panicking()));
    let named = thread::Builder::new().name("worker".into()).stack_size(1 << 20);
    let worker = named.spawn(|| {
        thread::park();
        thread::current().name().map(str::to_owned)
    })?;
    worker.thread().unpark();
    show((worker.thread().name(), &worker));
    let worker = worker;
    while !worker.is_finished() {
        thread::yield_now();
    }
    show(worker.join().unwrap());
    let mut numbers = vec![1, 2, 3];
    let total = AtomicUsize::new(0);
    let sum: i32 = thread::scope(|scope: &Scope<'_, '_>| {
        let sum = scope.spawn(|| numbers.iter().sum());
        let named = thread::Builder::new().name("scoped".into());
        let named: ScopedJoinHandle<'_, ()> = named
            .spawn_scoped(scope, || {
                total.fetch_add(1, Relaxed);
                scope.spawn(|| total.fetch_add(2, Relaxed));
            })
            .unwrap();
        show(named.thread().name());
        sum.join().unwrap()
    });
    numbers.push(sum);
    show((numbers, total.into_inner()));
    show(catch(|| thread::scope(|scope| drop(scope.spawn(|| std::panic::resume_unwind(Box::new(0_u8)))))));
    let ids: HashSet<_> = [(); 3].map(|()| thread::spawn(|| thread::current().id()).join().unwrap()).into();
    show(ids.len());
    let key: &'static LocalKey<_> = &LOCAL;
    show((
        key.get(),
        LOCAL.try_with(|local| local.get()).is_ok(),
        thread::available_parallelism()?.get() > 0,
    ));
    let weak: Weak<u8> = Arc::downgrade(&Arc::new(1));
    show(weak.upgrade());
    thread::park_timeout(Duration::from_millis(1));
    thread::sleep(Duration::ZERO);
    std::hint::spin_loop();
    let result: thread::Result<u8> = thread::spawn(|| 1).join();
    show(result.is_ok());
    Ok(())
}

fn time() {
    let start = Instant::now();
    let later = start + Duration::from_secs(5);
    show((later - start, start - later, later.duration_since(start), start.checked_duration_since(later)));
    show((later.saturating_duration_since(start), later > start, later - Duration::from_secs(5) == start));
    show((start.checked_add(Duration::MAX), start.checked_sub(Duration::from_secs(3600)).is_some()));
    show((start.checked_sub(Duration::MAX).is_some(), start.elapsed() < Duration::from_secs(60)));
    let date = SystemTime::now();
    show((
        date.duration_since(UNIX_EPOCH).is_ok(),
        UNIX_EPOCH.duration_since(date).is_err(),
        date.elapsed().is_ok(),
    ));
    let past = UNIX_EPOCH + Duration::from_secs(9) - Duration::from_secs(4);
    show((
        past.duration_since(SystemTime::UNIX_EPOCH),
        UNIX_EPOCH.duration_since(past),
        past.checked_add(Duration::MAX),
    ));
    let mut moved = start;
    moved += Duration::from_nanos(1);
    moved -= Duration::from_nanos(1);
    show((moved == start, HashSet::from([start, moved]).len(), [later, start].iter().min() == Some(&start)));
    show(catch(|| drop(start + Duration::MAX)));
    show(catch(|| drop(start - Duration::MAX)));
    show(
        Duration::try_from_secs_f64(-1.0)
            .map_err(|error: std::time::TryFromFloatSecsError| error.to_string()),
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::panic::set_hook(Box::new(|_| ()));
    traits();
    locks()?;
    waiting();
    channels();
    atomics();
    threads()?;
    time();
    Ok(())
}
