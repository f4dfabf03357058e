//! Channels.

use interleave::Fault::{BusyWait, Deadlock, LeakedThread, Panic};
use interleave_std::sync::mpsc::{self, TryRecvError, TrySendError, channel, sync_channel};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// The loop over the receiver ends only when every sender is gone, the original included.
fn sum_of_workers(drop_original: bool) {
    let (sender, receiver) = channel();
    for number in 1..=2 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(number).unwrap());
    }
    let kept = (!drop_original).then_some(sender);
    assert_eq!(receiver.iter().sum::<i32>(), 3);
    drop(kept);
}

/// Both send more than the other's channel holds before they receive.
fn exchange(capacity: usize) {
    let (to_other, from_main) = sync_channel(capacity);
    let (to_main, from_other) = sync_channel(capacity);
    let other = thread::spawn(move || {
        (0..2).for_each(|number| to_main.send(number).unwrap());
        from_main.iter().sum::<i32>()
    });
    (0..2).for_each(|number| to_other.send(number).unwrap());
    drop(to_other);
    assert_eq!(from_other.iter().sum::<i32>(), 1);
    assert_eq!(other.join().unwrap(), 1);
}

fn rendezvous() {
    let (sender, receiver) = sync_channel(0);
    let worker = thread::spawn(move || (0..2).try_for_each(|number| sender.send(number)));
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1]);
    worker.join().unwrap().unwrap();
}

/// The answer is thought to be there because it has been asked for.
fn answer(wait: bool) {
    let (sender, receiver) = channel();
    let worker = thread::spawn(move || sender.send(42).unwrap());
    let got = if wait { receiver.recv().ok() } else { receiver.try_recv().ok() };
    assert_eq!(got, Some(42));
    worker.join().unwrap();
}

fn first_come(sorted: bool) {
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        for number in 0..2 {
            let sender = sender.clone();
            scope.spawn(move || sender.send(number).unwrap());
        }
    });
    drop(sender);
    let mut numbers = receiver.into_iter().collect::<Vec<i32>>();
    if sorted {
        numbers.sort_unstable();
    }
    assert_eq!(numbers, [0, 1], "thought to arrive in the order of spawning");
}

/// The receiver stops after the first message; the sender takes that for impossible.
fn stops_early(expects_it: bool) {
    let (sender, receiver) = channel();
    let worker = thread::spawn(move || {
        for number in 0..2 {
            let sent = sender.send(number);
            assert!(expects_it || sent.is_ok(), "the receiver is gone");
        }
    });
    assert_eq!(receiver.recv(), Ok(0));
    drop(receiver);
    assert!(worker.join().is_ok(), "the sender died");
}

fn polls() {
    let (sender, receiver) = channel::<i32>();
    let worker = thread::spawn(move || while receiver.try_recv() == Err(TryRecvError::Empty) {});
    let (never, waits) = channel::<i32>();
    drop((sender, worker));
    // Keeps the first channel's thread from being alone: nothing is wrong with it, it ends.
    drop(never);
    assert!(waits.recv().is_err());
}

fn polls_for_ever() {
    let (sender, receiver) = channel::<i32>();
    while receiver.try_recv() == Err(TryRecvError::Empty) {}
    drop(sender);
}

/// Nobody closes the channel, so the worker waits for ever although the body is done.
fn never_closed(close: bool) {
    let (sender, receiver) = channel::<i32>();
    thread::spawn(move || receiver.iter().count());
    sender.send(1).unwrap();
    if close {
        drop(sender);
    } else {
        let _kept_for_ever = Box::leak(Box::new(sender));
    }
}

fn full_and_disconnected() {
    let (sender, receiver) = sync_channel(1);
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
    drop(receiver);
    assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    assert_eq!(sender.send(4), Err(mpsc::SendError(4)));
}

/// A sender that waits for a meeting gets its message back when the receiver goes.
fn receiver_leaves_a_meeting() {
    let (sender, receiver) = sync_channel(0);
    let worker = thread::spawn(move || sender.send(5));
    drop(receiver);
    assert_eq!(worker.join().unwrap(), Err(mpsc::SendError(5)));
}

pub(crate) const CASES: &[Case] = &[
    bug("channel_original_sender_kept", &[Deadlock], || sum_of_workers(false)),
    correct("channel_original_sender_dropped", || sum_of_workers(true)),
    bug("channels_both_full", &[Deadlock], || exchange(1)),
    correct("channels_with_room", || exchange(2)),
    correct("channel_rendezvous", rendezvous),
    bug("channel_answer_not_awaited", &[Panic], || answer(false)),
    correct("channel_answer_awaited", || answer(true)),
    bug("channel_order_of_arrival", &[Panic], || first_come(false)),
    correct("channel_order_does_not_matter", || first_come(true)),
    bug("channel_receiver_stops_early", &[Panic], || stops_early(false)),
    correct("channel_receiver_may_stop_early", || stops_early(true)),
    correct("channel_polling_that_ends", polls),
    bug("channel_polls_for_ever", &[BusyWait], polls_for_ever),
    bug("channel_never_closed", &[LeakedThread], || never_closed(false)),
    correct("channel_closed", || never_closed(true)),
    correct("channel_full_and_disconnected", full_and_disconnected),
    correct("channel_receiver_leaves_a_meeting", receiver_leaves_a_meeting),
];
