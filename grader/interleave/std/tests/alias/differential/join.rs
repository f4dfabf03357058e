//! JoinHandle: payloads of panicking threads, results, detached threads, drop of what was captured.

use crate::helpers::{Program, Tally};

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

/// Type and text of a payload.
fn told(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<&'static str>() {
        Ok(s) => format!("&str {s}"),
        Err(payload) => match payload.downcast::<String>() {
            Ok(s) => format!("String {s}"),
            Err(_) => "<not a text>".to_string(),
        },
    }
}

fn payload_texts() -> String {
    let a = thread::spawn(|| panic!("plain")).join().map(|()| ());
    let n = 3;
    let b = thread::spawn(move || panic!("number {n}")).join().map(|()| ());
    let c = thread::spawn(|| panic::panic_any(String::from("owned"))).join().map(|()| ());
    let d = thread::spawn(|| panic::panic_any("static")).join().map(|()| ());
    [a, b, c, d].map(|r| told(r.unwrap_err())).join("; ")
}

fn payload_custom_types() -> String {
    #[derive(Debug, PartialEq)]
    struct Custom {
        code: i32,
        parts: Vec<&'static str>,
    }
    let a = thread::spawn(|| panic::panic_any(Custom { code: 4, parts: vec!["a", "b"] })).join().map(|()| ());
    let b = thread::spawn(|| panic::panic_any(7_i64)).join().map(|()| ());
    let c = thread::spawn(|| panic::resume_unwind(Box::new(Some('c')))).join().map(|()| ());
    let d = thread::spawn(|| panic::panic_any(())).join().map(|()| ());
    let a = a.unwrap_err();
    let custom = a.downcast_ref::<Custom>();
    format!(
        "{:?}; {}; {:?}; {:?}; {}",
        custom,
        a.is::<i64>(),
        b.unwrap_err().downcast::<i64>().ok(),
        c.unwrap_err().downcast_ref::<Option<char>>(),
        d.unwrap_err().is::<()>()
    )
}

fn payload_of_failing_library_calls() -> String {
    let tasks: Vec<fn()> = vec![
        || _ = None::<i32>.unwrap(),
        || _ = Err::<i32, _>("bad").unwrap(),
        || _ = None::<i32>.expect("something"),
        || assert_eq!(1 + 1, 3, "sum of {}", 1),
        || assert!(false, "always"),
        || unreachable!("here {}", 2),
        || panic!("not yet implemented"),
        || _ = vec![1, 2, 3].remove(7),
        || _ = [1, 2, 3].iter().map(|n| 6 / (n - 1)).sum::<i32>(),
        || _ = "é".to_string().split_off(1),
    ];
    tasks.into_iter().map(|t| told(thread::spawn(t).join().unwrap_err())).collect::<Vec<_>>().join("\n")
}

fn error_travels_up_through_joins() -> String {
    let outer = thread::spawn(|| {
        let inner = thread::spawn(|| panic::panic_any(41_u16));
        match inner.join() {
            Ok(()) => 0,
            Err(payload) => panic::resume_unwind(payload),
        }
    });
    let payload = outer.join().unwrap_err();
    format!("{:?}", payload.downcast_ref::<u16>())
}

fn unwrap_of_a_failed_join() -> String {
    let outer = thread::spawn(|| thread::spawn(|| panic!("inside")).join().map(|()| ()).unwrap());
    told(outer.join().unwrap_err())
}

fn payload_dropped_once_with_the_result() -> String {
    let drops = Arc::new(AtomicUsize::new(0));
    let tally = Tally(Arc::clone(&drops));
    let result = thread::spawn(move || panic::panic_any(tally)).join().map(|()| ());
    let held = drops.load(Ordering::SeqCst);
    drop(result);
    format!("{held} then {}", drops.load(Ordering::SeqCst))
}

/// The payload's destructor locks a mutex, after the thread that held it poisoned it.
fn payload_whose_drop_locks() -> String {
    struct Locks(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            let word = if thread::panicking() { "panicking" } else { "calm" };
            match self.0.lock() {
                Ok(mut g) => g.push(word),
                Err(e) => e.into_inner().push(word),
            }
        }
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let log2 = Arc::clone(&log);
    let h = thread::spawn(move || {
        let mut g = log2.lock().unwrap();
        g.push("thread");
        panic::panic_any(Locks(Arc::clone(&log2)));
    });
    let result = h.join().map(|()| ());
    let before = log.is_poisoned();
    let is_locks = result.as_ref().is_err_and(|p| p.is::<Locks>());
    drop(result);
    let words = log.lock().map_err(|e| e.into_inner().clone()).err();
    format!("{before} {is_locks} {words:?} {}", Arc::strong_count(&log))
}

fn captured_values_are_dropped_before_join_returns() -> String {
    let shared = Arc::new(5);
    let calm = {
        let s = Arc::clone(&shared);
        thread::spawn(move || *s + 1)
    };
    let panicking = {
        let s = Arc::clone(&shared);
        thread::spawn(move || {
            let kept = Arc::clone(&s);
            if *kept == 5 {
                panic!("five {}", Arc::ptr_eq(&s, &kept));
            }
        })
    };
    let calm = calm.join().unwrap();
    let text = told(panicking.join().unwrap_err());
    format!("{calm}; {text}; {:?}", Arc::try_unwrap(shared))
}

fn results_of_many_kinds() -> String {
    let zero = thread::spawn(|| ()).join().unwrap();
    let text = thread::spawn(|| String::from("owned")).join().unwrap();
    let big = thread::spawn(|| [7_u64; 600]).join().unwrap();
    let function =
        thread::spawn(|| Box::new(|n: i32| n * 2) as Box<dyn Fn(i32) -> i32 + Send>).join().unwrap();
    let result: Result<u8, String> = thread::spawn(|| Err("no".to_string())).join().unwrap();
    format!("{zero:?} {text} {} {} {result:?}", big.iter().sum::<u64>(), function(21))
}

fn thread_that_returns_a_handle() -> String {
    fn nest(depth: u32) -> JoinHandle<u32> {
        thread::spawn(move || if depth == 0 { 1 } else { nest(depth - 1).join().unwrap() + 1 })
    }
    let handle: JoinHandle<JoinHandle<&'static str>> = thread::spawn(|| thread::spawn(|| "innermost"));
    let inner = handle.join().unwrap();
    format!("{} {}", inner.join().unwrap(), nest(3).join().unwrap())
}

fn join_sees_everything_the_thread_wrote() -> String {
    let counter = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..3)
        .map(|n| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                for _ in 0..n {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                panic!("after {n}");
            })
        })
        .collect();
    let texts: Vec<_> = handles.into_iter().map(|h: JoinHandle<()>| told(h.join().unwrap_err())).collect();
    format!("{} {texts:?}", counter.load(Ordering::Relaxed))
}

fn vector_of_handles_gives_results_in_its_order() -> String {
    let (txs, handles): (Vec<_>, Vec<_>) = (0..4)
        .map(|n| {
            let (tx, rx) = mpsc::channel::<i32>();
            (tx, thread::spawn(move || rx.recv().map(|v| v * 10 + n).map_err(|e| e.to_string())))
        })
        .unzip();
    // Released in the opposite order; the third one only by the loss of its sender.
    for (n, tx) in txs.into_iter().enumerate().rev() {
        if n != 2 {
            tx.send(n as i32).unwrap();
        }
    }
    format!("{:?}", handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>())
}

/// Dropping handles detaches; the threads still run, and their dropped results are dropped.
fn detached_threads_drop_their_results() -> String {
    struct Tell(u32, mpsc::Sender<u32>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.1.send(self.0);
        }
    }
    let (tx, rx) = mpsc::channel();
    let handles: Vec<JoinHandle<Tell>> = (0..3)
        .map(|n| {
            let tx = tx.clone();
            thread::spawn(move || Tell(n, tx))
        })
        .collect();
    drop(tx);
    drop(handles);
    let mut got: Vec<u32> = rx.iter().collect();
    got.sort();
    format!("{got:?} {:?}", rx.try_recv())
}

fn detached_panicking_thread_disturbs_nobody() -> String {
    struct Tell(mpsc::Sender<bool>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send(thread::panicking());
        }
    }
    let (tx, rx) = mpsc::channel();
    drop(thread::spawn(move || {
        let _tell = Tell(tx);
        panic!("nobody listens");
    }));
    let first = rx.recv();
    let then = rx.recv();
    format!("{first:?} {then:?} {}", thread::panicking())
}

fn locals_drop_in_order_while_unwinding() -> String {
    struct Name(&'static str, Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Name {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let l = Arc::clone(&log);
    let captured = Name("captured", Arc::clone(&log));
    let h = thread::spawn(move || {
        let _first = Name("first", Arc::clone(&l));
        let _pair = (Name("pair.0", Arc::clone(&l)), Name("pair.1", Arc::clone(&l)));
        let _all = vec![Name("vec 0", Arc::clone(&l)), Name("vec 1", Arc::clone(&l))];
        let _moved = captured;
        panic!("unwind them");
    });
    let text = told(h.join().map(|()| ()).unwrap_err());
    format!("{text}: {}", log.lock().unwrap().join(", "))
}

fn same_panic_is_caught_inside_the_thread() -> String {
    let h = thread::spawn(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| panic!("kept inside")));
        let text = told(caught.map(|()| ()).unwrap_err());
        (text, thread::panicking())
    });
    format!("{:?}", h.join().unwrap())
}

fn handle_texts() -> String {
    let h = thread::spawn(|| 1);
    let debug = format!("{h:?}");
    let joined = h.join();
    let failed: thread::Result<i32> = thread::spawn(|| panic!("x")).join();
    format!("{debug} {joined:?} {failed:?}")
}

pub const PROGRAMS: &[Program] = &[
    ("join::payload_texts", payload_texts),
    ("join::payload_custom_types", payload_custom_types),
    ("join::payload_of_failing_library_calls", payload_of_failing_library_calls),
    ("join::error_travels_up_through_joins", error_travels_up_through_joins),
    ("join::unwrap_of_a_failed_join", unwrap_of_a_failed_join),
    ("join::payload_dropped_once_with_the_result", payload_dropped_once_with_the_result),
    ("join::payload_whose_drop_locks", payload_whose_drop_locks),
    (
        "join::captured_values_are_dropped_before_join_returns",
        captured_values_are_dropped_before_join_returns,
    ),
    ("join::results_of_many_kinds", results_of_many_kinds),
    ("join::thread_that_returns_a_handle", thread_that_returns_a_handle),
    ("join::join_sees_everything_the_thread_wrote", join_sees_everything_the_thread_wrote),
    ("join::vector_of_handles_gives_results_in_its_order", vector_of_handles_gives_results_in_its_order),
    ("join::detached_threads_drop_their_results", detached_threads_drop_their_results),
    ("join::detached_panicking_thread_disturbs_nobody", detached_panicking_thread_disturbs_nobody),
    ("join::locals_drop_in_order_while_unwinding", locals_drop_in_order_while_unwinding),
    ("join::same_panic_is_caught_inside_the_thread", same_panic_is_caught_inside_the_thread),
    ("join::handle_texts", handle_texts),
];
