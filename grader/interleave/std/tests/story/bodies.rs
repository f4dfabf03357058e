//! The programs whose stories are told. Their line numbers appear in the snapshots.

use interleave_std::sync::atomic::{
    AtomicBool, AtomicI32,
    Ordering::{Relaxed, SeqCst},
};
use interleave_std::sync::{Arc, Condvar, Mutex, mpsc};
use interleave_std::thread;
use interleave_std::time::Duration;

pub(crate) const ALL: [fn(); 5] =
    [lost_wake_up, opposite_locks, relaxed_publication, failed_assertion, forgotten_receiver];

pub(crate) fn lost_wake_up() {
    let shared = Arc::new((AtomicBool::new(false), Mutex::new(()), Condvar::new()));
    let waiter = {
        let shared = Arc::clone(&shared);
        thread::Builder::new()
            .name("waiter".to_owned())
            .spawn(move || {
                let mut guard = shared.1.lock().unwrap();
                while !shared.0.load(SeqCst) {
                    guard = shared.2.wait(guard).unwrap();
                }
            })
            .unwrap()
    };
    shared.0.store(true, SeqCst);
    shared.2.notify_one();
    waiter.join().unwrap();
}

pub(crate) fn opposite_locks() {
    let (names, ages) = (Mutex::new(vec![String::new()]), Mutex::new(vec![0_u8]));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut ages = ages.lock().unwrap();
            names.lock().unwrap().push("Ada".to_owned());
            ages.push(36);
        });
        let names = names.lock().unwrap();
        let ages = ages.lock().unwrap();
        assert_eq!(names.len(), ages.len());
    });
}

pub(crate) fn relaxed_publication() {
    let shared = Arc::new((AtomicI32::new(-1), AtomicBool::new(false)));
    let writer = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            shared.0.store(42, Relaxed);
            shared.1.store(true, Relaxed);
        })
    };
    if shared.1.load(Relaxed) {
        assert_eq!(shared.0.load(Relaxed), 42);
    }
    writer.join().unwrap();
}

pub(crate) fn failed_assertion() {
    let (sender, receiver) = mpsc::channel();
    let workers = [1, 2].map(|number| {
        let sender = sender.clone();
        thread::spawn(move || sender.send(number).unwrap())
    });
    assert_eq!(receiver.recv(), Ok(1), "the first message is not from the first worker");
    for worker in workers {
        worker.join().unwrap();
    }
}

pub(crate) fn forgotten_receiver() {
    let (sender, receiver) = mpsc::channel::<u8>();
    thread::spawn(move || receiver.recv());
    let _kept_for_ever = Box::leak(Box::new(sender));
}

pub(crate) fn quiet() {
    let (sender, receiver) = mpsc::sync_channel(1);
    let total = Mutex::new(0);
    thread::scope(|scope| {
        for number in 0..2 {
            let sender = sender.clone();
            scope.spawn(move || {
                thread::sleep(Duration::from_millis(number));
                sender.send(number).unwrap();
            });
        }
        drop(sender);
        receiver.iter().for_each(|number| *total.lock().unwrap() += number);
    });
    assert_eq!(total.into_inner().unwrap(), 1);
}
