//! mpsc: order, every kind of error with its texts, bounds, iterators, drops, disconnection.

use crate::helpers::{Program, Tally, said};

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, TrySendError};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

fn order_per_sender() -> String {
    let (tx, rx) = mpsc::channel();
    let handles: Vec<_> = (0..3)
        .map(|sender| {
            let tx = tx.clone();
            thread::spawn(move || (0..4).for_each(|n| tx.send((sender, n)).unwrap()))
        })
        .collect();
    drop(tx);
    let mut by_sender = BTreeMap::<i32, Vec<i32>>::new();
    for (sender, n) in &rx {
        by_sender.entry(sender).or_default().push(n);
    }
    handles.into_iter().for_each(|h| h.join().unwrap());
    format!("{by_sender:?} {:?}", rx.recv())
}

fn order_per_sender_bounded() -> String {
    let mut out = Vec::new();
    for bound in [0, 1, 3] {
        let (tx, rx) = mpsc::sync_channel(bound);
        let handles: Vec<_> = (0..2)
            .map(|sender| {
                let tx = tx.clone();
                thread::spawn(move || (0..3).map(|n| tx.send((sender, n)).is_ok()).collect::<Vec<_>>())
            })
            .collect();
        drop(tx);
        let all: Vec<(i32, i32)> = rx.into_iter().collect();
        let sorted = {
            let mut all = all.clone();
            all.sort_by_key(|(sender, _)| *sender);
            all
        };
        let sent: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
        out.push(format!("{bound}: {sorted:?} {sent:?}"));
    }
    out.join("\n")
}

fn many_messages_keep_their_order() -> String {
    let (tx, rx) = mpsc::channel();
    let h = thread::spawn(move || (0..40).for_each(|n| tx.send(n).unwrap()));
    let got: Vec<u32> = rx.iter().collect();
    h.join().unwrap();
    format!("{} {}", got.len(), got.iter().enumerate().all(|(i, n)| i as u32 == *n))
}

fn receive_errors() -> String {
    let (tx, rx) = mpsc::channel::<i32>();
    let mut out = vec![format!("{:?} {:?}", rx.try_recv(), rx.recv_timeout(Duration::ZERO))];
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    tx.send(3).unwrap();
    drop(tx);
    out.push(format!("{:?} {:?} {:?}", rx.try_recv(), rx.recv_timeout(Duration::ZERO), rx.recv()));
    out.push(format!("{:?} {:?} {:?}", rx.try_recv(), rx.recv_timeout(Duration::ZERO), rx.recv()));
    out.push(format!("{:?}", rx.recv_timeout(Duration::MAX)));
    out.join("\n")
}

fn send_errors_give_the_value_back() -> String {
    let (tx, rx) = mpsc::channel();
    drop(rx);
    let SendError(back) = tx.send(String::from("unbounded")).unwrap_err();
    let (sync, rx) = mpsc::sync_channel(2);
    sync.try_send(String::from("lost")).unwrap();
    drop(rx);
    let bounded = sync.send(String::from("bounded")).unwrap_err().0;
    let tried = match sync.try_send(String::from("tried")) {
        Err(TrySendError::Disconnected(s)) => s,
        other => format!("{other:?}"),
    };
    format!("{back} {bounded} {tried}")
}

fn error_texts() -> String {
    struct Opaque;
    let mut out = vec![
        format!("{} / {:?}", SendError(Opaque), SendError(Opaque)),
        format!("{} / {:?}", TrySendError::Full(Opaque), TrySendError::Full(Opaque)),
        format!("{} / {:?}", TrySendError::Disconnected(Opaque), TrySendError::Disconnected(Opaque)),
        format!("{RecvError} / {RecvError:?}"),
    ];
    out.extend([TryRecvError::Empty, TryRecvError::Disconnected].map(|e| format!("{e} / {e:?}")));
    out.extend([RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected].map(|e| format!("{e} / {e:?}")));
    let boxed: Vec<Box<dyn Error>> = vec![
        Box::new(SendError(1)),
        Box::new(TrySendError::Full(1)),
        Box::new(RecvError),
        Box::new(TryRecvError::Empty),
    ];
    out.push(boxed.iter().map(|e| format!("{e} {}", e.source().is_none())).collect::<Vec<_>>().join(", "));
    out.join("\n")
}

fn error_conversions() -> String {
    let a: TrySendError<i32> = SendError(3).into();
    let b: TryRecvError = RecvError.into();
    let c: RecvTimeoutError = RecvError.into();
    let equal =
        a == TrySendError::Disconnected(3) && SendError(3) == SendError(3) && b != TryRecvError::Empty;
    format!("{a:?} {b:?} {c:?} {equal} {}", RecvError.clone() == RecvError)
}

fn unwrap_texts() -> String {
    let (tx, rx) = mpsc::channel::<i32>();
    let (done, ready) = mpsc::sync_channel::<i32>(0);
    drop(ready);
    let sender = thread::spawn(move || done.send(1).unwrap());
    let tried = thread::spawn(move || rx.try_recv().unwrap());
    let a = said(sender.join().map(|()| ()).unwrap_err());
    let b = said(tried.join().map(|_| ()).unwrap_err());
    let c = said(thread::spawn(move || tx.send(2).unwrap()).join().unwrap_err());
    let (_, lonely) = mpsc::channel::<()>();
    let d = said(thread::spawn(move || lonely.recv().expect("a message")).join().unwrap_err());
    [a, b, c, d].join("\n")
}

fn try_send_on_each_bound() -> String {
    let mut out = Vec::new();
    for bound in 0..3 {
        let (tx, rx) = mpsc::sync_channel(bound);
        let results: Vec<_> = (0..3).map(|n| tx.try_send(n)).collect();
        let first = rx.try_recv();
        let again = tx.try_send(9);
        drop(tx);
        out.push(format!("{bound}: {results:?} {first:?} {again:?} {:?}", rx.iter().collect::<Vec<_>>()));
    }
    out.join("\n")
}

fn rendezvous_hands_over() -> String {
    let (tx, rx) = mpsc::sync_channel(0);
    let handed = Arc::new(AtomicUsize::new(0));
    let h2 = Arc::clone(&handed);
    let h = thread::spawn(move || {
        for n in 1..=3 {
            tx.send(n).unwrap();
            h2.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut never_ahead = true;
    let mut got = Vec::new();
    for n in 0..3 {
        // A send cannot have returned before its receive has begun.
        never_ahead &= handed.load(Ordering::SeqCst) <= n;
        got.push(rx.recv().unwrap());
    }
    h.join().unwrap();
    format!("{got:?} {never_ahead} {} {:?}", handed.load(Ordering::SeqCst), rx.recv())
}

fn bounded_sender_never_runs_ahead() -> String {
    let (tx, rx) = mpsc::sync_channel(2);
    let sent = AtomicUsize::new(0);
    let ok = thread::scope(|s| {
        let sent = &sent;
        s.spawn(move || {
            for n in 0..6 {
                tx.send(n).unwrap();
                sent.fetch_add(1, Ordering::SeqCst);
            }
        });
        (0..6).all(|n| sent.load(Ordering::SeqCst) <= n + 2 && rx.recv() == Ok(n))
    });
    format!("{ok} {}", sent.load(Ordering::SeqCst))
}

fn blocked_sender_is_freed_by_the_drop_of_the_receiver() -> String {
    let mut out = Vec::new();
    for bound in [0, 1] {
        let (tx, rx) = mpsc::sync_channel(bound);
        let barrier = Arc::new(Barrier::new(2));
        let b = Arc::clone(&barrier);
        let h = thread::spawn(move || {
            for n in 0..bound {
                tx.send(n).unwrap();
            }
            b.wait();
            tx.send(77)
        });
        barrier.wait();
        drop(rx);
        out.push(format!("{:?}", h.join().unwrap().map_err(|e| e.0)));
    }
    out.join(" ")
}

fn blocked_receiver_is_freed_by_the_drop_of_the_last_sender() -> String {
    let (tx, rx) = mpsc::channel::<i32>();
    let tx2 = tx.clone();
    let plain = thread::spawn(move || rx.recv());
    let (sync, timed_rx) = mpsc::sync_channel::<i32>(0);
    let timed = thread::spawn(move || timed_rx.recv_timeout(Duration::MAX));
    drop(tx);
    drop(sync);
    drop(tx2);
    format!("{:?} {:?}", plain.join().unwrap(), timed.join().unwrap())
}

fn sender_dropped_by_a_panic_disconnects() -> String {
    let (tx, rx) = mpsc::channel();
    let h = thread::spawn(move || {
        tx.send("before the panic").unwrap();
        panic!("sender thread");
    });
    let got: Vec<_> = rx.iter().collect();
    format!("{got:?} {}", said(h.join().map(|()| ()).unwrap_err()))
}

fn receiver_dropped_in_another_thread() -> String {
    let (tx, rx) = mpsc::channel();
    tx.send(1).unwrap();
    let h = thread::spawn(move || rx.recv());
    let got = h.join().unwrap();
    format!("{got:?} {:?} {:?}", tx.send(2), tx.clone().send(3).map_err(|e| e.to_string()))
}

fn clones_of_senders() -> String {
    let (tx, rx) = mpsc::channel();
    let clones: Vec<_> = (0..3).map(|_| tx.clone()).collect();
    drop(tx);
    let mut seen = Vec::new();
    for (n, clone) in clones.into_iter().enumerate() {
        clone.send(n).unwrap();
        drop(clone);
        seen.push((rx.try_recv(), rx.try_recv()));
    }
    format!("{seen:?}")
}

fn messages_are_dropped_with_the_receiver() -> String {
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = mpsc::channel();
    let (sync, sync_rx) = mpsc::sync_channel(4);
    for _ in 0..3 {
        tx.send(Tally(Arc::clone(&drops))).unwrap();
        sync.send(Tally(Arc::clone(&drops))).unwrap();
    }
    drop(rx.recv());
    let received = drops.load(Ordering::SeqCst);
    drop(rx);
    let first = drops.load(Ordering::SeqCst);
    drop(sync_rx);
    let second = drops.load(Ordering::SeqCst);
    let refused = tx.send(Tally(Arc::clone(&drops)));
    let held = drops.load(Ordering::SeqCst);
    drop(refused);
    let third = drops.load(Ordering::SeqCst);
    drop((tx, sync));
    format!("{received} {first} {second} {held} {third} {}", drops.load(Ordering::SeqCst))
}

fn messages_survive_their_senders() -> String {
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = mpsc::channel();
    for _ in 0..2 {
        let (tx, drops) = (tx.clone(), Arc::clone(&drops));
        thread::spawn(move || tx.send(Tally(drops)).unwrap()).join().unwrap();
    }
    drop(tx);
    let before = drops.load(Ordering::SeqCst);
    let got = rx.iter().count();
    format!("{before} {got} {}", drops.load(Ordering::SeqCst))
}

fn iterators() -> String {
    let (tx, rx) = mpsc::channel();
    let empty: Vec<i32> = rx.try_iter().collect();
    for n in 0..6 {
        tx.send(n).unwrap();
    }
    let two: Vec<i32> = rx.iter().take(2).collect();
    let one: Vec<i32> = rx.try_iter().take(1).collect();
    let rest: Vec<i32> = rx.try_iter().collect();
    tx.send(10).unwrap();
    tx.send(11).unwrap();
    drop(tx);
    let mut into = rx.into_iter();
    let (a, b, c, d) = (into.next(), into.next(), into.next(), into.next());
    format!("{empty:?} {two:?} {one:?} {rest:?} {a:?} {b:?} {c:?} {d:?}")
}

fn sizes_of_messages() -> String {
    let (unit, units) = mpsc::channel::<()>();
    let (big, bigs) = mpsc::channel::<[u64; 400]>();
    let (sync_big, sync_bigs) = mpsc::sync_channel::<[u8; 5000]>(1);
    let (boxed, boxes) = mpsc::channel::<Box<dyn FnOnce(i32) -> i32 + Send>>();
    let h = thread::spawn(move || {
        for n in 0..3 {
            unit.send(()).unwrap();
            big.send([n; 400]).unwrap();
            sync_big.send([n as u8; 5000]).unwrap();
            boxed.send(Box::new(move |m| m + n as i32)).unwrap();
        }
    });
    let sync_sums: Vec<u32> = sync_bigs.iter().map(|b| b.iter().map(|n| u32::from(*n)).sum()).collect();
    let big_sums: Vec<u64> = bigs.iter().map(|b| b.iter().sum()).collect();
    let calls: Vec<i32> = boxes.iter().map(|f| f(10)).collect();
    h.join().unwrap();
    format!("{} {big_sums:?} {sync_sums:?} {calls:?}", units.iter().count())
}

fn timeouts() -> String {
    let (tx, rx) = mpsc::channel::<i32>();
    let wait = Duration::from_millis(3);
    let start = Instant::now();
    let nothing = rx.recv_timeout(wait);
    let long_enough = start.elapsed() >= wait;
    tx.send(1).unwrap();
    let ready = rx.recv_timeout(Duration::from_nanos(1));
    let h = thread::spawn(move || tx.send(2).unwrap());
    let endless = rx.recv_timeout(Duration::MAX);
    h.join().unwrap();
    format!("{nothing:?} {long_enough} {ready:?} {endless:?} {:?}", rx.recv_timeout(wait))
}

fn texts_of_the_ends() -> String {
    let (tx, rx) = mpsc::channel::<Tally>();
    let (sync, _sync_rx) = mpsc::sync_channel::<Tally>(1);
    format!("{tx:?} {rx:?} {sync:?} {}", format!("{:#?}", rx.try_recv().err()))
}

fn request_and_reply() -> String {
    let (ask, asked) = mpsc::channel::<(i32, Sender<i32>)>();
    let server = thread::spawn(move || {
        asked.into_iter().map(|(n, reply)| reply.send(n * n).is_ok()).filter(|ok| *ok).count()
    });
    let clients: Vec<_> = (1..=3)
        .map(|n| {
            let ask = ask.clone();
            thread::spawn(move || {
                let (reply, answer) = mpsc::channel();
                ask.send((n, reply)).unwrap();
                (answer.recv(), answer.recv())
            })
        })
        .collect();
    drop(ask);
    let answers: Vec<_> = clients.into_iter().map(|h| h.join().unwrap()).collect();
    format!("{answers:?} {}", server.join().unwrap())
}

fn shared_receiver_and_shared_sender() -> String {
    let (tx, rx) = mpsc::channel();
    let rx = Mutex::new(rx);
    let mut got = thread::scope(|s| {
        let takers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    let mut got = Vec::new();
                    while let Ok(n) = rx.lock().unwrap().recv() {
                        got.push(n);
                    }
                    got
                })
            })
            .collect();
        let tx = tx;
        thread::scope(|s| {
            for n in 0..2 {
                let tx = &tx;
                s.spawn(move || [n, n + 10].map(|n| tx.send(n).unwrap()));
            }
        });
        drop(tx);
        takers.into_iter().flat_map(|h| h.join().unwrap()).collect::<Vec<i32>>()
    });
    got.sort();
    format!("{got:?}")
}

fn pipeline() -> String {
    let (tx, rx) = mpsc::sync_channel::<i32>(1);
    let (tx2, rx2) = mpsc::sync_channel(0);
    let (tx3, rx3) = mpsc::channel();
    let a = thread::spawn(move || rx.into_iter().for_each(|n| tx2.send(n * 2).unwrap()));
    let b = thread::spawn(move || rx2.iter().filter(|n| n % 3 != 0).for_each(|n| tx3.send(n + 1).unwrap()));
    (1..=5).for_each(|n| tx.send(n).unwrap());
    drop(tx);
    let got: Vec<i32> = rx3.into_iter().collect();
    format!("{got:?} {:?} {:?}", a.join().unwrap(), b.join().unwrap())
}

pub const PROGRAMS: &[Program] = &[
    ("channel::order_per_sender", order_per_sender),
    ("channel::order_per_sender_bounded", order_per_sender_bounded),
    ("channel::many_messages_keep_their_order", many_messages_keep_their_order),
    ("channel::receive_errors", receive_errors),
    ("channel::send_errors_give_the_value_back", send_errors_give_the_value_back),
    ("channel::error_texts", error_texts),
    ("channel::error_conversions", error_conversions),
    ("channel::unwrap_texts", unwrap_texts),
    ("channel::try_send_on_each_bound", try_send_on_each_bound),
    ("channel::rendezvous_hands_over", rendezvous_hands_over),
    ("channel::bounded_sender_never_runs_ahead", bounded_sender_never_runs_ahead),
    (
        "channel::blocked_sender_is_freed_by_the_drop_of_the_receiver",
        blocked_sender_is_freed_by_the_drop_of_the_receiver,
    ),
    (
        "channel::blocked_receiver_is_freed_by_the_drop_of_the_last_sender",
        blocked_receiver_is_freed_by_the_drop_of_the_last_sender,
    ),
    ("channel::sender_dropped_by_a_panic_disconnects", sender_dropped_by_a_panic_disconnects),
    ("channel::receiver_dropped_in_another_thread", receiver_dropped_in_another_thread),
    ("channel::clones_of_senders", clones_of_senders),
    ("channel::messages_are_dropped_with_the_receiver", messages_are_dropped_with_the_receiver),
    ("channel::messages_survive_their_senders", messages_survive_their_senders),
    ("channel::iterators", iterators),
    ("channel::sizes_of_messages", sizes_of_messages),
    ("channel::timeouts", timeouts),
    ("channel::texts_of_the_ends", texts_of_the_ends),
    ("channel::request_and_reply", request_and_reply),
    ("channel::shared_receiver_and_shared_sender", shared_receiver_and_shared_sender),
    ("channel::pipeline", pipeline),
];
