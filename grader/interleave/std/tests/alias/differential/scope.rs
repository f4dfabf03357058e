//! thread::scope: re-raised panics, joined panics, nesting, borrowing, names, results.

use crate::helpers::{Program, attempt, said};

use std::panic::{self, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

fn unjoined_panic_is_raised_again() -> String {
    let result = attempt(|| {
        thread::scope(|s| {
            s.spawn(|| panic!("the original text"));
            7
        })
    });
    format!("{result:?}")
}

fn joined_panic_is_not_raised_again() -> String {
    let result = attempt(|| {
        thread::scope(|s| {
            let h = s.spawn(|| -> i32 { panic!("taken by join") });
            said(h.join().unwrap_err())
        })
    });
    format!("{result:?}")
}

fn one_joined_one_not() -> String {
    let joined = Mutex::new(String::new());
    let result = attempt(|| {
        thread::scope(|s| {
            let a = s.spawn(|| panic!("a"));
            let _b = s.spawn(|| panic!("b"));
            *joined.lock().unwrap() = said(a.join().map(|()| ()).unwrap_err());
        })
    });
    format!("{result:?} {:?}", joined.lock().unwrap())
}

fn several_unjoined_panics_make_one() -> String {
    let ran = AtomicUsize::new(0);
    let result = attempt(|| {
        thread::scope(|s| {
            for n in 0..3 {
                let ran = &ran;
                s.spawn(move || {
                    ran.fetch_add(1, Ordering::SeqCst);
                    panic::panic_any(n);
                });
            }
            "not returned"
        })
    });
    format!("{result:?} {}", ran.load(Ordering::SeqCst))
}

fn own_panic_of_the_closure_waits_for_the_threads() -> String {
    let ran = AtomicUsize::new(0);
    let result = attempt(|| {
        thread::scope(|s| {
            s.spawn(|| {
                thread::yield_now();
                ran.fetch_add(1, Ordering::SeqCst);
            });
            s.spawn(|| {
                ran.fetch_add(1, Ordering::SeqCst);
                panic!("of a thread");
            });
            panic!("of the closure");
        })
    });
    format!("{:?} {}", result.map(|()| ()), ran.load(Ordering::SeqCst))
}

fn own_panic_payload_is_kept() -> String {
    let result = catch_unwind(|| {
        thread::scope(|s| {
            s.spawn(|| ());
            panic::panic_any(vec![1, 2]);
        })
    });
    format!("{:?}", result.map(|()| ()).unwrap_err().downcast_ref::<Vec<i32>>())
}

fn unwrap_of_a_join_inside() -> String {
    let result = attempt(|| {
        thread::scope(|s| {
            let h = s.spawn(|| panic!("inner"));
            h.join().map(|()| ()).expect("joined");
        })
    });
    format!("{result:?}")
}

fn nested_scopes() -> String {
    let mut total = 0;
    let words = thread::scope(|outer| {
        let h = outer.spawn(|| {
            let (mut a, mut b) = (0, 0);
            thread::scope(|inner| {
                inner.spawn(|| a += 1);
                inner.spawn(|| b += 2);
            });
            a + b
        });
        total += h.join().unwrap();
        thread::scope(|inner| {
            inner.spawn(|| total *= 10);
        });
        "done"
    });
    format!("{total} {words}")
}

fn panic_passes_through_nested_scopes() -> String {
    let result = attempt(|| {
        thread::scope(|outer| {
            let h = outer.spawn(|| {
                thread::scope(|inner| {
                    inner.spawn(|| panic!("innermost"));
                });
            });
            let text = said(h.join().unwrap_err());
            thread::scope(|inner| {
                inner.spawn(|| panic!("second"));
            });
            text
        })
    });
    format!("{result:?}")
}

fn scoped_threads_spawn_scoped_threads() -> String {
    let log = Mutex::new(Vec::new());
    let sum = thread::scope(|s| {
        let h = s.spawn(|| {
            log.lock().unwrap().push(1);
            let deeper = s.spawn(|| {
                log.lock().unwrap().push(2);
                s.spawn(|| log.lock().unwrap().push(3));
                20
            });
            deeper.join().unwrap() + 1
        });
        h.join().unwrap()
    });
    format!("{sum} {:?}", log.lock().unwrap())
}

fn panic_of_a_thread_spawned_by_a_thread() -> String {
    let result = attempt(|| {
        thread::scope(|s| {
            let h = s.spawn(|| {
                s.spawn(|| panic!("grandchild"));
                "child is well"
            });
            h.join().unwrap()
        })
    });
    format!("{result:?}")
}

fn mutable_borrows_of_parts() -> String {
    let mut numbers = vec![1, 2, 3, 4, 5, 6];
    let mut name = String::from("n");
    let (left, right) = numbers.split_at_mut(3);
    let lengths = thread::scope(|s| {
        let a = s.spawn(|| {
            left.iter_mut().for_each(|n| *n *= 10);
            left.len()
        });
        let b = s.spawn(|| {
            right.reverse();
            right.len()
        });
        s.spawn(|| name.push_str("ame"));
        (a.join().unwrap(), b.join().unwrap())
    });
    numbers.push(7);
    format!("{numbers:?} {name} {lengths:?}")
}

fn mutable_borrow_is_visible_after_a_panic() -> String {
    let mut steps = Vec::new();
    let result = attempt(|| {
        thread::scope(|s| {
            s.spawn(|| {
                steps.push("one");
                steps.push("two");
                if steps.len() == 2 {
                    panic!("enough");
                }
                steps.push("three");
            });
        })
    });
    format!("{result:?} {steps:?}")
}

fn scope_returns_a_borrow() -> String {
    let words = [String::from("short"), String::from("the longest"), String::from("middle")];
    let longest: &String = thread::scope(|s| {
        let handles: Vec<_> = words.iter().map(|w| s.spawn(move || (w.len(), w))).collect();
        handles.into_iter().map(|h| h.join().unwrap()).max().unwrap().1
    });
    longest.clone()
}

fn unjoined_threads_end_before_the_scope_does() -> String {
    let count = AtomicUsize::new(0);
    let (tx, rx) = mpsc::channel();
    thread::scope(|s| {
        for n in 0..3 {
            let (tx, count) = (tx.clone(), &count);
            s.spawn(move || {
                thread::yield_now();
                count.fetch_add(1, Ordering::Relaxed);
                tx.send(n).unwrap();
            });
        }
    });
    drop(tx);
    let mut got: Vec<i32> = rx.try_iter().collect();
    got.sort();
    format!("{} {got:?} {:?}", count.load(Ordering::Relaxed), rx.try_recv())
}

fn unjoined_results_and_payloads_are_dropped_inside() -> String {
    struct Tally<'a>(&'a AtomicUsize);
    impl Drop for Tally<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    struct StaticTally(mpsc::Sender<&'static str>);
    impl Drop for StaticTally {
        fn drop(&mut self) {
            let _ = self.0.send("payload dropped");
        }
    }
    let drops = AtomicUsize::new(0);
    let (tx, rx) = mpsc::channel();
    let result = attempt(|| {
        thread::scope(|s| {
            s.spawn(|| Tally(&drops));
            let _kept = s.spawn(|| Tally(&drops));
            s.spawn(move || panic::panic_any(StaticTally(tx)));
        })
    });
    format!("{result:?} {} {:?} {:?}", drops.load(Ordering::SeqCst), rx.try_recv(), rx.try_recv())
}

fn names_and_ids_through_the_handle() -> String {
    thread::scope(|s| {
        let named = thread::Builder::new()
            .name("scoped one".into())
            .spawn_scoped(s, || (thread::current().name().map(str::to_owned), thread::current().id()))
            .unwrap();
        let plain = s.spawn(|| (thread::current().name().map(str::to_owned), thread::current().id()));
        let debug = format!("{named:?}");
        let outside = (named.thread().name().map(str::to_owned), named.thread().id());
        let plain_outside = (plain.thread().name().map(str::to_owned), plain.thread().id());
        let (inside, plain_inside) = (named.join().unwrap(), plain.join().unwrap());
        format!(
            "{debug} {:?} {} {:?} {} {}",
            inside.0,
            inside == outside,
            plain_inside.0,
            plain_inside == plain_outside,
            inside.1 == plain_inside.1
        )
    })
}

fn builder_spawn_scoped_borrows_and_panics() -> String {
    let mut value = 1;
    let result = attempt(|| {
        thread::scope(|s| {
            let builder = thread::Builder::new().name("borrower".into()).stack_size(256 * 1024);
            let h = builder.spawn_scoped(s, || {
                value += 1;
                value
            });
            h.unwrap().join().unwrap();
            thread::Builder::new().spawn_scoped(s, || panic!("built")).map(|_| ()).unwrap();
        })
    });
    format!("{result:?} {value}")
}

fn empty_scope() -> String {
    let value = thread::scope(|_| "nothing spawned");
    let result = attempt(|| thread::scope(|_| -> () { panic!("alone") }));
    format!("{value} {result:?}")
}

fn scope_inside_a_destructor_while_unwinding() -> String {
    struct Finish<'a>(&'a Mutex<Vec<String>>);
    impl Drop for Finish<'_> {
        fn drop(&mut self) {
            let there = thread::scope(|s| s.spawn(thread::panicking).join().unwrap());
            let raised = attempt(|| {
                thread::scope(|s| {
                    s.spawn(|| panic!("again"));
                })
            });
            self.0.lock().unwrap().push(format!("{} {there} {raised:?}", thread::panicking()));
        }
    }
    let log = Mutex::new(Vec::new());
    let result = attempt(|| {
        let _finish = Finish(&log);
        panic!("first");
    });
    format!("{:?} {:?}", result.map(|()| ()), log.lock().unwrap())
}

pub const PROGRAMS: &[Program] = &[
    ("scope::unjoined_panic_is_raised_again", unjoined_panic_is_raised_again),
    ("scope::joined_panic_is_not_raised_again", joined_panic_is_not_raised_again),
    ("scope::one_joined_one_not", one_joined_one_not),
    ("scope::several_unjoined_panics_make_one", several_unjoined_panics_make_one),
    ("scope::own_panic_of_the_closure_waits_for_the_threads", own_panic_of_the_closure_waits_for_the_threads),
    ("scope::own_panic_payload_is_kept", own_panic_payload_is_kept),
    ("scope::unwrap_of_a_join_inside", unwrap_of_a_join_inside),
    ("scope::nested_scopes", nested_scopes),
    ("scope::panic_passes_through_nested_scopes", panic_passes_through_nested_scopes),
    ("scope::scoped_threads_spawn_scoped_threads", scoped_threads_spawn_scoped_threads),
    ("scope::panic_of_a_thread_spawned_by_a_thread", panic_of_a_thread_spawned_by_a_thread),
    ("scope::mutable_borrows_of_parts", mutable_borrows_of_parts),
    ("scope::mutable_borrow_is_visible_after_a_panic", mutable_borrow_is_visible_after_a_panic),
    ("scope::scope_returns_a_borrow", scope_returns_a_borrow),
    ("scope::unjoined_threads_end_before_the_scope_does", unjoined_threads_end_before_the_scope_does),
    (
        "scope::unjoined_results_and_payloads_are_dropped_inside",
        unjoined_results_and_payloads_are_dropped_inside,
    ),
    ("scope::names_and_ids_through_the_handle", names_and_ids_through_the_handle),
    ("scope::builder_spawn_scoped_borrows_and_panics", builder_spawn_scoped_borrows_and_panics),
    ("scope::empty_scope", empty_scope),
    ("scope::scope_inside_a_destructor_while_unwinding", scope_inside_a_destructor_while_unwinding),
];
