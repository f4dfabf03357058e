//! Unwinding: panicking() inside and outside destructors, catching around locks, payloads, drops.

use crate::helpers::{Program, said};

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, RwLock, mpsc};
use std::thread;

/// Notes, with its name, whether its thread is panicking when it is dropped.
struct Watch(&'static str, Rc<RefCell<Vec<String>>>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.1.borrow_mut().push(format!("{} {}", self.0, thread::panicking()));
    }
}

fn panicking_inside_and_outside() -> String {
    let log = Rc::new(RefCell::new(Vec::new()));
    let before = thread::panicking();
    drop(Watch("calm", Rc::clone(&log)));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _outer = Watch("outer", Rc::clone(&log));
        let _inner = Watch("inner", Rc::clone(&log));
        panic!("caught");
    }));
    let between = thread::panicking();
    drop(caught);
    format!("{before} {between} {:?} {}", log.borrow(), thread::panicking())
}

fn catch_inside_a_destructor() -> String {
    struct Catches(Rc<RefCell<Vec<String>>>);
    impl Drop for Catches {
        fn drop(&mut self) {
            let before = thread::panicking();
            let calm = catch_unwind(thread::panicking);
            let inner = catch_unwind(|| panic!("inner"));
            let text = said(inner.map(|()| ()).unwrap_err());
            self.0.borrow_mut().push(format!("{before} {calm:?} {text} {}", thread::panicking()));
        }
    }
    let log = Rc::new(RefCell::new(Vec::new()));
    drop(Catches(Rc::clone(&log)));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _catches = Catches(Rc::clone(&log));
        panic!("outer");
    }));
    format!("{} {:?}", said(caught.map(|()| ()).unwrap_err()), log.borrow())
}

fn threads_started_while_unwinding_are_calm() -> String {
    struct Starts(mpsc::Sender<String>);
    impl Drop for Starts {
        fn drop(&mut self) {
            let here = thread::panicking();
            let there = thread::spawn(thread::panicking).join().unwrap();
            let failing = thread::spawn(|| panic!("a second one")).join().map(|()| ()).map_err(said);
            self.0.send(format!("{here} {there} {failing:?}")).unwrap();
        }
    }
    let (tx, rx) = mpsc::channel();
    let h = thread::spawn(move || {
        let _starts = Starts(tx);
        panic!("the first one");
    });
    format!("{:?} {}", rx.recv(), said(h.join().map(|()| ()).unwrap_err()))
}

fn panicking_is_of_each_thread() -> String {
    struct Meet(Arc<Barrier>);
    impl Drop for Meet {
        fn drop(&mut self) {
            self.0.wait();
            self.0.wait();
        }
    }
    let barrier = Arc::new(Barrier::new(2));
    let b = Arc::clone(&barrier);
    let h = thread::spawn(move || {
        let _meet = Meet(b);
        panic!("stays in the middle of it");
    });
    barrier.wait();
    let here = thread::panicking();
    let other = thread::spawn(thread::panicking).join();
    barrier.wait();
    format!("{here} {:?} {}", other.ok(), h.join().is_err())
}

fn catch_returns_values_and_payloads() -> String {
    let ok = catch_unwind(|| 5);
    let custom = catch_unwind(|| panic::panic_any(('x', 3_u8))).map(|()| ());
    let again = catch_unwind(|| {
        let payload = catch_unwind(|| panic!("travels {}", "on")).map(|()| ()).unwrap_err();
        panic::resume_unwind(payload)
    })
    .map(|()| ());
    let boxed: Box<dyn Any + Send> = Box::new(7_i32);
    let nested = catch_unwind(AssertUnwindSafe(|| panic::panic_any(boxed))).map(|()| ()).unwrap_err();
    let inner = nested.downcast::<Box<dyn Any + Send>>().ok().and_then(|b| b.downcast::<i32>().ok());
    let custom = custom.unwrap_err().downcast::<(char, u8)>().ok();
    format!("{:?} {custom:?} {} {inner:?}", ok.ok(), said(again.unwrap_err()))
}

/// Compiles only where the locks are unwind safe, as those of std are.
fn locks_may_cross_a_catch() -> String {
    fn safe<T: UnwindSafe>(value: T) -> T {
        value
    }
    let m = safe(Mutex::new(1));
    let l = safe(RwLock::new(2));
    let a = safe(AtomicUsize::new(3));
    let shared = safe(Arc::new(Mutex::new(4)));
    let inside = Arc::clone(&shared);
    let caught = catch_unwind(|| {
        let g = m.lock().unwrap();
        let r = l.read().unwrap();
        a.fetch_add(1, Ordering::SeqCst);
        *inside.lock().unwrap() += 1;
        let sum = *g + *r;
        panic!("sum {sum}");
    });
    let text = said(caught.map(|()| ()).unwrap_err());
    format!("{text} {} {} {a:?} {shared:?}", m.is_poisoned(), l.is_poisoned())
}

fn panic_between_two_locks() -> String {
    let (from, to) = (Mutex::new(10), Mutex::new(0));
    let r = catch_unwind(|| {
        let mut f = from.lock().unwrap();
        *f -= 4;
        let mut t = to.lock().unwrap();
        *t += i32::checked_rem(*f, 0).expect("a rest");
    });
    format!("{:?} {from:?} {to:?}", r.map_err(said))
}

fn panic_while_an_expression_holds_the_lock() -> String {
    fn fail(n: i32) -> i32 {
        panic!("argument {n}")
    }
    let (m, n) = (Mutex::new(1), Mutex::new(1));
    // The temporary guard lives to the end of the statement: the panic happens under the lock.
    let under = catch_unwind(|| fail(*m.lock().unwrap()));
    // Here the value is copied out first.
    let after = catch_unwind(|| {
        let value = *n.lock().unwrap();
        fail(value)
    });
    format!("{:?} {:?} {} {}", under.map_err(said), after.map_err(said), m.is_poisoned(), n.is_poisoned())
}

fn panicking_clone_under_a_lock() -> String {
    #[derive(Debug)]
    struct Picky(u32);
    impl Clone for Picky {
        fn clone(&self) -> Self {
            assert!(self.0 != 2, "two is not cloned");
            Picky(self.0)
        }
    }
    let m = Mutex::new(vec![Picky(1), Picky(2), Picky(3)]);
    let r = catch_unwind(AssertUnwindSafe(|| m.lock().unwrap().clone()));
    let m2 = Mutex::new(vec![3, 1, 2]);
    let sorted = catch_unwind(AssertUnwindSafe(|| {
        m2.lock().unwrap().sort_by(|a, b| if *a == 2 || *b == 2 { panic!("compare") } else { a.cmp(b) })
    }));
    let len = m2.lock().map_err(|e| e.into_inner().len()).err();
    format!("{:?} {} {:?} {len:?}", r.map_err(said).err(), m.is_poisoned(), sorted.map_err(said))
}

fn payload_is_dropped_where_it_is_caught() -> String {
    let log = Arc::new(Mutex::new(Vec::new()));
    struct Where(Arc<Mutex<Vec<String>>>);
    impl Drop for Where {
        fn drop(&mut self) {
            let line = format!("{:?} {}", thread::current().name(), thread::panicking());
            self.0.lock().unwrap().push(line);
        }
    }
    let l = Arc::clone(&log);
    let joiner = thread::Builder::new().name("joiner".into()).spawn(move || {
        let thrower = thread::Builder::new().name("thrower".into()).spawn({
            let l = Arc::clone(&l);
            move || panic::panic_any(Where(l))
        });
        let result = thrower.unwrap().join().map(|()| ());
        l.lock().unwrap().push("joined".into());
        drop(result);
    });
    joiner.unwrap().join().unwrap();
    log.lock().unwrap().join("; ")
}

fn elements_dropped_while_one_panics() -> String {
    struct Noisy(u32, Arc<AtomicUsize>);
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
            if self.0 == 1 && !thread::panicking() {
                panic!("dropped {}", self.0);
            }
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let list: Vec<_> = (0..4).map(|n| Noisy(n, Arc::clone(&drops))).collect();
    let h = thread::spawn(move || drop(list));
    format!("{:?} {} {}", h.join().map_err(said), drops.load(Ordering::SeqCst), Arc::strong_count(&drops))
}

fn result_of_map_err_and_fallback() -> String {
    let handles: Vec<_> = (0..4)
        .map(|n| {
            thread::spawn(move || match n {
                0 => Ok::<u32, String>(10),
                1 => Err("refused".into()),
                2 => panic!("panicked"),
                _ => panic::resume_unwind(Box::new("resumed")),
            })
        })
        .collect();
    let all: Vec<String> = handles
        .into_iter()
        .map(|h| match h.join() {
            Ok(Ok(n)) => format!("value {n}"),
            Ok(Err(e)) => format!("error {e}"),
            Err(payload) => format!("panic {}", said(payload)),
        })
        .collect();
    all.join(", ")
}

pub const PROGRAMS: &[Program] = &[
    ("unwind::panicking_inside_and_outside", panicking_inside_and_outside),
    ("unwind::catch_inside_a_destructor", catch_inside_a_destructor),
    ("unwind::threads_started_while_unwinding_are_calm", threads_started_while_unwinding_are_calm),
    ("unwind::panicking_is_of_each_thread", panicking_is_of_each_thread),
    ("unwind::catch_returns_values_and_payloads", catch_returns_values_and_payloads),
    ("unwind::locks_may_cross_a_catch", locks_may_cross_a_catch),
    ("unwind::panic_between_two_locks", panic_between_two_locks),
    ("unwind::panic_while_an_expression_holds_the_lock", panic_while_an_expression_holds_the_lock),
    ("unwind::panicking_clone_under_a_lock", panicking_clone_under_a_lock),
    ("unwind::payload_is_dropped_where_it_is_caught", payload_is_dropped_where_it_is_caught),
    ("unwind::elements_dropped_while_one_panics", elements_dropped_while_one_panics),
    ("unwind::result_of_map_err_and_fallback", result_of_map_err_and_fallback),
];
