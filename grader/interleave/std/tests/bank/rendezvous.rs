//! Channels as meetings: rings, rendezvous, replies, disconnection, and drop order that decides about it.

use std::collections::VecDeque;

use interleave::Fault::{Deadlock, LeakedThread, Panic};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError};
use interleave_std::sync::{Arc, Mutex};
use interleave_std::thread::{self, JoinHandle};
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct};

const SOON: Duration = Duration::from_millis(10);

/// Three in a ring pass one letter each to the right.
fn ring(capacity: usize, one_receives_first: bool) {
    let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::sync_channel(capacity)).unzip();
    // Everybody receives from the left neighbour.
    receivers.rotate_right(1);
    thread::scope(|scope| {
        for (me, (sender, receiver)) in (0_usize..).zip(senders.into_iter().zip(receivers)) {
            scope.spawn(move || {
                let got = if one_receives_first && me == 0 {
                    let got = receiver.recv().unwrap();
                    sender.send(me).unwrap();
                    got
                } else {
                    sender.send(me).unwrap();
                    receiver.recv().unwrap()
                };
                assert_eq!(got, (me + 2) % 3);
            });
        }
    });
}

/// Sends back each number doubled, and counts what it has done.
fn send_is_no_receipt(wait_for_answer: bool) {
    let (sender, receiver) = mpsc::sync_channel(0);
    let (answers, answer) = mpsc::channel();
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            for number in receiver {
                done.fetch_add(number, SeqCst);
                let _ = answers.send(());
            }
        });
        sender.send(5).unwrap();
        if wait_for_answer {
            answer.recv().unwrap();
        }
        assert_eq!(done.load(SeqCst), 5, "received, but not yet worked on");
        drop(sender);
    });
}

/// Offers a number to a receiver that may or may not have come to the meeting.
fn offer(again: bool) {
    let (sender, receiver) = mpsc::sync_channel(0);
    let waiting = thread::spawn(move || receiver.recv());
    let mut offered = sender.try_send(3);
    while again && offered == Err(TrySendError::Full(3)) {
        thread::yield_now();
        offered = sender.try_send(3);
    }
    assert_eq!(offered, Ok(()), "the receiver is not there yet");
    assert_eq!(waiting.join().unwrap(), Ok(3));
}

/// What the sender takes for delivered has been received, even if the receiver lost patience.
fn delivered(capacity: usize) {
    let (sender, receiver) = mpsc::sync_channel(capacity);
    let sending = thread::spawn(move || usize::from(sender.send(()).is_ok()));
    let received = usize::from(receiver.recv_timeout(SOON).is_ok());
    thread::yield_now();
    drop(receiver);
    assert_eq!(sending.join().unwrap(), received, "sent, but never received");
}

/// Joins its thread when it is dropped.
struct Joined(Option<JoinHandle<usize>>);

impl Joined {
    fn counting(receiver: Receiver<usize>) -> Self {
        Self(Some(thread::spawn(move || receiver.iter().count())))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let count = self.0.take().unwrap().join().unwrap();
        assert!(count <= 1);
    }
}

/// Locals are dropped from the last to the first.
fn drop_order_of_locals(sender_last: bool) {
    let (sender, receiver) = mpsc::channel();
    sender.send(1).unwrap();
    if sender_last {
        let _worker = Joined::counting(receiver);
        let _sender = sender;
    } else {
        let _sender = sender;
        let _worker = Joined::counting(receiver);
    }
}

/// Fields are dropped from the first to the last.
fn drop_order_of_fields(sender_first: bool) {
    struct SenderFirst {
        sender: Sender<usize>,
        _worker: Joined,
    }
    struct WorkerFirst {
        _worker: Joined,
        sender: Sender<usize>,
    }
    let (sender, receiver) = mpsc::channel();
    let _worker = Joined::counting(receiver);
    if sender_first {
        SenderFirst { sender, _worker }.sender.send(1).unwrap();
    } else {
        WorkerFirst { _worker, sender }.sender.send(1).unwrap();
    }
}

type Request = (usize, Sender<usize>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    ExpectsAReply,
    KeepsTheError,
    Careful,
}

/// The server stops after one request, whoever's; the other client is left without a reply.
fn server_stops(client: Client) {
    let (requests, inbox) = mpsc::channel::<Request>();
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            let (number, reply) = inbox.recv().unwrap();
            reply.send(number * 2).unwrap();
        });
        for number in 1..=2 {
            let (requests, answered) = (requests.clone(), &answered);
            scope.spawn(move || {
                let (reply, result) = mpsc::channel();
                // The error holds the whole request, the sender for the reply included.
                let error = requests.send((number, reply)).err();
                let kept = error.filter(|_| client == Client::KeepsTheError);
                match result.recv() {
                    Ok(double) => {
                        assert_eq!(double, number * 2);
                        answered.fetch_add(1, SeqCst);
                    }
                    Err(_) => assert!(client != Client::ExpectsAReply, "there is no reply"),
                }
                drop(kept);
            });
        }
    });
    assert_eq!(answered.into_inner(), 1);
}

/// The client loses patience and goes; the server's reply then finds nobody.
fn client_leaves(server_minds: bool) {
    let (requests, inbox) = mpsc::channel::<Request>();
    let server = thread::spawn(move || {
        for (number, reply) in inbox {
            let sent = reply.send(number + 1);
            assert!(!server_minds || sent.is_ok(), "the client is gone");
        }
    });
    let (reply, result) = mpsc::channel();
    requests.send((1, reply)).unwrap();
    assert_ne!(result.recv_timeout(SOON), Ok(1));
    drop((result, requests));
    server.join().expect("the server died of an impatient client");
}

/// After a timeout the client asks anew, and the late reply to the first question arrives.
fn late_reply(look_at_the_question: bool) {
    let (questions, inbox) = mpsc::channel::<usize>();
    let (replies, answers) = mpsc::channel();
    let server = thread::spawn(move || {
        inbox.iter().for_each(|question| {
            let _ = replies.send((question, question * 10));
        });
    });
    questions.send(1).unwrap();
    if answers.recv_timeout(SOON) == Err(RecvTimeoutError::Timeout) {
        questions.send(2).unwrap();
        let answer = if look_at_the_question {
            answers.iter().find(|(question, _)| *question == 2).unwrap()
        } else {
            answers.recv().unwrap()
        };
        assert_eq!(answer.1, 20, "that was the answer to another question");
    }
    drop(questions);
    server.join().unwrap();
}

/// Two workers share a receiver; an empty channel is not yet a finished one.
fn shared_receiver(stop_when_empty: bool) {
    let (sender, receiver) = mpsc::channel();
    let (receiver, sum) = (Mutex::new(receiver), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = receiver.lock().unwrap().try_recv();
                    match next {
                        Ok(number) => {
                            sum.fetch_add(number, SeqCst);
                        }
                        Err(TryRecvError::Empty) if !stop_when_empty => thread::yield_now(),
                        Err(_) => break,
                    }
                }
            });
        }
        for number in [1, 2] {
            sender.send(number).unwrap();
        }
        drop(sender);
    });
    assert_eq!(sum.into_inner(), 3, "numbers were left in the channel");
}

/// The middle stage tries again what failed the first time: through its own input, or from a list.
fn pipeline_with_retries(through_own_input: bool) {
    let (input, stage) = mpsc::channel::<(usize, bool)>();
    let (output, results) = mpsc::channel();
    let own_input = through_own_input.then(|| input.clone());
    thread::spawn(move || {
        let mut again = VecDeque::new();
        while let Some((number, failed_before)) = again.pop_front().or_else(|| stage.recv().ok()) {
            match (&own_input, number % 2 == 1 && !failed_before) {
                (Some(own_input), true) => own_input.send((number, true)).unwrap(),
                (None, true) => again.push_back((number, true)),
                (_, false) => output.send(number).unwrap(),
            }
        }
    });
    for number in 1..=2 {
        input.send((number, false)).unwrap();
    }
    drop(input);
    assert_eq!(results.iter().sum::<usize>(), 3);
}

/// A worker that nobody waits for has a sender of its own input, to ask itself for more.
fn asks_itself(drop_first: bool) {
    let (sender, receiver) = mpsc::channel();
    let own = sender.clone();
    thread::spawn(move || {
        own.send(2).unwrap();
        let kept = (!drop_first).then_some(own);
        let sum = receiver.iter().sum::<i32>();
        drop(kept);
        assert!(sum > 0);
    });
    let _ = sender.send(1);
}

/// The last message carries the last sender. Once it is dropped the channel ends.
fn sender_inside_a_message(keep_messages: bool) {
    struct Message(usize, Option<Sender<Message>>);
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || {
        let (mut sum, mut kept) = (0, Vec::new());
        for message in receiver {
            let Message(number, sender) = message;
            sum += number;
            if keep_messages {
                kept.push(sender);
            }
        }
        sum
    });
    sender.send(Message(1, None)).unwrap();
    let last = sender.clone();
    sender.send(Message(2, Some(last))).unwrap();
    drop(sender);
    assert_eq!(worker.join().unwrap(), 3);
}

/// Three stages with room for one each: the end of the input travels to the end of the pipeline.
fn pipeline_of_three() {
    let (input, first) = mpsc::sync_channel(1);
    let (output, second) = mpsc::sync_channel(1);
    let doubling = thread::spawn(move || first.iter().try_for_each(|number| output.send(number * 2)));
    let summing = thread::spawn(move || second.iter().sum::<usize>());
    (1..=3_usize).for_each(|number| input.send(number).unwrap());
    drop(input);
    doubling.join().unwrap().unwrap();
    assert_eq!(summing.join().unwrap(), 12);
}

/// The second stage reports back through a channel that the first does not read while it is sending.
fn feedback(report_bounded: bool) {
    let (output, input) = mpsc::sync_channel(1);
    let (bounded, unbounded) = (mpsc::sync_channel(1), mpsc::channel());
    let report = move |number: usize| {
        if report_bounded { bounded.0.send(number).unwrap() } else { unbounded.0.send(number).unwrap() }
    };
    let second = thread::spawn(move || input.iter().for_each(|number| (0..2).for_each(|_| report(number))));
    (1..=3).for_each(|number| output.send(number).unwrap());
    drop(output);
    let reports = if report_bounded { bounded.1 } else { unbounded.1 };
    assert_eq!(reports.iter().sum::<usize>(), 12);
    second.join().unwrap();
}

/// Two workers in the middle: what comes out is in order only if somebody puts it in order.
fn two_in_the_middle(put_in_order: bool) {
    let (input, numbers) = mpsc::channel();
    let (output, results) = mpsc::channel();
    let numbers = Arc::new(Mutex::new(numbers));
    for _ in 0..2 {
        let (numbers, output) = (Arc::clone(&numbers), output.clone());
        thread::spawn(move || {
            loop {
                let next: Result<usize, _> = numbers.lock().unwrap().recv();
                let Ok(number) = next else { return };
                output.send(number).unwrap();
            }
        });
    }
    drop(output);
    (0..3).for_each(|number| input.send(number).unwrap());
    drop(input);
    let (mut waiting, mut in_order) = (Vec::new(), Vec::new());
    for number in results {
        if put_in_order {
            waiting.push(number);
            while let Some(index) = waiting.iter().position(|number| *number == in_order.len()) {
                in_order.push(waiting.swap_remove(index));
            }
        } else {
            in_order.push(number);
        }
    }
    assert_eq!(in_order, [0, 1, 2]);
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: all three wait to be met by their neighbour before they meet the other.
    bug("ring_all_send_first", &[Deadlock], || ring(0, false)),
    // Right: one receives first, and the ring unwinds from there.
    correct("ring_one_receives_first", || ring(0, true)),
    // Right: all send first, but every channel has room for the one letter.
    correct("ring_with_room", || ring(1, false)),
    // Wrong: a meeting says that the number has been received, not that it has been worked on.
    bug("meeting_taken_for_a_receipt", &[Panic], || send_is_no_receipt(false)),
    // Right: waits for the answer.
    correct("meeting_with_an_answer", || send_is_no_receipt(true)),
    // Wrong: try_send succeeds only if the receiver is already waiting.
    bug("meeting_offered_once", &[Panic], || offer(false)),
    // Right: offers again until the receiver has come, which it will.
    correct("meeting_offered_until_taken", || offer(true)),
    // Wrong: the message is put into the buffer after the receiver has lost patience.
    bug("buffered_message_taken_for_received", &[Panic], || delivered(1)),
    // Right: without a buffer a successful send is a receipt, time-out or not.
    correct("meeting_is_a_receipt", || delivered(0)),
    // Wrong: the worker is the later local and is joined while the sender is still alive.
    bug("local_worker_dropped_before_sender", &[Deadlock], || drop_order_of_locals(false)),
    // Right: the sender is the later local and goes first.
    correct("local_sender_dropped_before_worker", || drop_order_of_locals(true)),
    // Wrong: the worker is the first field and is joined while the sender is still alive.
    bug("field_worker_dropped_before_sender", &[Deadlock], || drop_order_of_fields(false)),
    // Right: the sender is the first field.
    correct("field_sender_dropped_before_worker", || drop_order_of_fields(true)),
    // Wrong: the server stops between the two requests.
    bug("reply_expected_from_a_stopped_server", &[Panic], || server_stops(Client::ExpectsAReply)),
    // Wrong: the failed send gives the sender for the reply back, and whoever keeps it waits for himself.
    bug("reply_sender_kept_in_the_error", &[Deadlock], || server_stops(Client::KeepsTheError)),
    // Right: a request that is dropped anywhere, sent or not, ends the wait for its reply.
    correct("reply_or_no_reply", || server_stops(Client::Careful)),
    // Wrong: the reply comes after the client has lost patience.
    bug("reply_to_a_client_that_has_left", &[Panic], || client_leaves(true)),
    // Right: nobody has to be there for the reply.
    correct("reply_to_nobody", || client_leaves(false)),
    // Wrong: after the time-out the late first reply is taken for the second.
    bug("reply_to_another_question", &[Panic], || late_reply(false)),
    // Right: replies name their question, late ones are passed over.
    correct("reply_names_its_question", || late_reply(true)),
    // Wrong: both workers find the channel empty before main has sent.
    bug("worker_stops_at_an_empty_channel", &[Panic], || shared_receiver(true)),
    // Right: polls, but only until the sender is dropped, and main never waits.
    correct("worker_stops_at_a_closed_channel", || shared_receiver(false)),
    // Wrong: the stage holds a sender of its own input, which therefore never ends.
    bug("pipeline_stage_feeds_itself", &[Deadlock], || pipeline_with_retries(true)),
    // Right: what is to be tried again waits in a list of the stage's own.
    correct("pipeline_stage_keeps_a_list", || pipeline_with_retries(false)),
    // Wrong: the body ends, and the worker waits for what only it could send.
    bug("worker_asks_itself_for_ever", &[LeakedThread], || asks_itself(false)),
    // Right: its own sender is gone before it begins to receive, so it outlives the body but ends.
    correct("worker_asks_itself_once", || asks_itself(true)),
    // Wrong: the receiver keeps the sender that it has received, and waits for itself.
    bug("sender_inside_a_kept_message", &[Deadlock], || sender_inside_a_message(true)),
    // Right: the last sender is inside the last message and is dropped with it.
    correct("sender_inside_a_message", || sender_inside_a_message(false)),
    // Right: full channels on both sides, but the flow has one direction.
    correct("pipeline_of_three", pipeline_of_three),
    // Wrong: main sends and reads no reports, the stage reports and reads no numbers: both are full.
    bug("pipeline_feedback_bounded", &[Deadlock], || feedback(true)),
    // Right: the reports wait in an unbounded channel.
    correct("pipeline_feedback_unbounded", || feedback(false)),
    // Wrong: two workers in the middle overtake each other.
    bug("pipeline_workers_overtake", &[Panic], || two_in_the_middle(false)),
    // Right: the end of the pipeline puts the numbers in order.
    correct("pipeline_put_in_order", || two_in_the_middle(true)),
];
