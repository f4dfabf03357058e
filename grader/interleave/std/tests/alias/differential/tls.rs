//! thread_local!: lazy and const init, destructors and join, access during destruction, methods.

use crate::helpers::{Program, attempt, said};

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::thread_local;

type Log = Arc<Mutex<Vec<String>>>;

fn log() -> Log {
    Arc::new(Mutex::new(Vec::new()))
}

/// Writes its name into a log when it is dropped.
struct Noted(&'static str, Log);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.to_string());
    }
}

fn lazy_init_in_each_thread() -> String {
    static INITS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static VALUE: Cell<usize> = {
            INITS.fetch_add(1, Ordering::SeqCst);
            Cell::new(100)
        };
    }
    let start = INITS.load(Ordering::SeqCst);
    let handles: Vec<_> = (0..3)
        .map(|n| {
            thread::spawn(move || {
                if n == 0 {
                    return 0;
                }
                VALUE.with(|v| v.set(v.get() + n));
                VALUE.with(|v| v.get())
            })
        })
        .collect();
    let values: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    format!("{values:?} {}", INITS.load(Ordering::SeqCst) - start)
}

fn init_that_reads_the_thread() -> String {
    thread_local!(static NAME: String = thread::current().name().unwrap_or("nobody").to_string());
    let named = thread::Builder::new().name("somebody".into()).spawn(|| NAME.with(String::clone)).unwrap();
    let plain = thread::spawn(|| NAME.with(|n| n.len()));
    format!("{} {}", named.join().unwrap(), plain.join().unwrap())
}

fn destructor_runs_before_join_returns() -> String {
    thread_local!(static SLOT: RefCell<Option<Noted>> = const { RefCell::new(None) });
    let log = log();
    let l = Arc::clone(&log);
    let h = thread::spawn(move || {
        SLOT.set(Some(Noted("destructor", Arc::clone(&l))));
        l.lock().unwrap().push("body".into());
        let _local = Noted("local", l);
    });
    h.join().unwrap();
    log.lock().unwrap().push("joined".into());
    format!("{:?} {}", log.lock().unwrap(), Arc::strong_count(&log))
}

fn destructor_runs_before_a_scoped_join_returns() -> String {
    thread_local!(static SLOT: OnceCell<Noted> = const { OnceCell::new() });
    let log = log();
    thread::scope(|s| {
        let h = s.spawn(|| SLOT.with(|c| c.set(Noted("destructor", Arc::clone(&log))).is_ok()));
        let ok = h.join().unwrap();
        log.lock().unwrap().push(format!("joined {ok}"));
    });
    format!("{:?}", log.lock().unwrap())
}

fn destructor_runs_after_a_panic_and_is_calm() -> String {
    struct Calm(Log);
    impl Drop for Calm {
        fn drop(&mut self) {
            let name = thread::current().name().map(str::to_owned);
            self.0.lock().unwrap().push(format!("panicking {} name {name:?}", thread::panicking()));
        }
    }
    thread_local!(static SLOT: RefCell<Option<Calm>> = RefCell::new(None));
    let log = log();
    let l = Arc::clone(&log);
    let h = thread::Builder::new().name("hurt".into()).spawn(move || {
        let _local = Calm(Arc::clone(&l));
        SLOT.replace(Some(Calm(l)));
        panic!("with a value in the slot");
    });
    let text = said(h.unwrap().join().map(|()| ()).unwrap_err());
    format!("{text}: {:?}", log.lock().unwrap())
}

fn untouched_values_are_never_made() -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static TOUCHED: String = { MADE.fetch_add(1, Ordering::SeqCst); "touched".into() };
        static UNTOUCHED: String = { MADE.fetch_add(10, Ordering::SeqCst); "untouched".into() };
    }
    let start = MADE.load(Ordering::SeqCst);
    let len = thread::spawn(|| TOUCHED.with(|t| t.len())).join().unwrap();
    let first = MADE.load(Ordering::SeqCst) - start;
    let other = thread::spawn(|| UNTOUCHED.with(|t| t.len())).join().unwrap();
    format!("{len} {first} {other} {}", MADE.load(Ordering::SeqCst) - start)
}

/// Several values of one thread: all are dropped, here told in sorted order.
fn all_destructors_run() -> String {
    thread_local! {
        static A: RefCell<Option<Noted>> = RefCell::new(None);
        static B: RefCell<Option<Noted>> = const { RefCell::new(None) };
        static C: RefCell<Vec<Noted>> = const { RefCell::new(Vec::new()) };
    }
    let log = log();
    let l = Arc::clone(&log);
    thread::spawn(move || {
        B.set(Some(Noted("b", Arc::clone(&l))));
        A.set(Some(Noted("a", Arc::clone(&l))));
        C.with_borrow_mut(|c| c.push(Noted("c", l)));
    })
    .join()
    .unwrap();
    let mut names = log.lock().unwrap().clone();
    names.sort();
    names.join(" ")
}

/// The order among the destructors of one thread (std does not promise it).
fn order_of_destructors() -> String {
    thread_local! {
        static A: RefCell<Option<Noted>> = RefCell::new(None);
        static B: RefCell<Option<Noted>> = RefCell::new(None);
        static C: RefCell<Option<Noted>> = RefCell::new(None);
    }
    let log = log();
    let l = Arc::clone(&log);
    thread::spawn(move || {
        B.with(|s| *s.borrow_mut() = Some(Noted("b", Arc::clone(&l))));
        C.with(|s| *s.borrow_mut() = Some(Noted("c", Arc::clone(&l))));
        A.with(|s| *s.borrow_mut() = Some(Noted("a", l)));
    })
    .join()
    .unwrap();
    log.lock().unwrap().join(" ")
}

fn own_value_during_its_destruction() -> String {
    struct Asks(Log);
    impl Drop for Asks {
        fn drop(&mut self) {
            let asked = SLOT.try_with(|_| ());
            let mut lines = match asked {
                Ok(()) => vec!["accessible".to_string()],
                Err(e) => vec![format!("{e}"), format!("{e:?}"), format!("{}", e == e.clone())],
            };
            lines.push(format!("{:?}", attempt(|| SLOT.with(|_| ()))));
            lines.push(format!("{:?}", attempt(|| SLOT.set(None))));
            lines.push(format!("{:?}", attempt(|| SLOT.take().is_some())));
            self.0.lock().unwrap().extend(lines);
        }
    }
    thread_local!(static SLOT: RefCell<Option<Asks>> = const { RefCell::new(None) });
    let log = log();
    let l = Arc::clone(&log);
    thread::spawn(move || SLOT.set(Some(Asks(l)))).join().unwrap();
    log.lock().unwrap().join("\n")
}

fn plain_value_during_destruction_of_another() -> String {
    struct Asks(Log);
    impl Drop for Asks {
        fn drop(&mut self) {
            PLAIN.set(PLAIN.get() + 1);
            self.0.lock().unwrap().push(format!("{:?}", PLAIN.try_with(Cell::get)));
        }
    }
    thread_local! {
        static PLAIN: Cell<i32> = const { Cell::new(7) };
        static SLOT: RefCell<Option<Asks>> = const { RefCell::new(None) };
    }
    let log = log();
    let l = Arc::clone(&log);
    thread::spawn(move || {
        SLOT.set(Some(Asks(l)));
        PLAIN.set(20);
    })
    .join()
    .unwrap();
    log.lock().unwrap().join("\n")
}

/// A value that is first touched by the destructor of another one is made and dropped too.
fn destructor_makes_another_value() -> String {
    struct Maker(Log);
    impl Drop for Maker {
        fn drop(&mut self) {
            let made = LATE.try_with(|s| *s.borrow_mut() = Some(Noted("late", Arc::clone(&self.0))));
            self.0.lock().unwrap().push(format!("maker {made:?}"));
        }
    }
    thread_local! {
        static LATE: RefCell<Option<Noted>> = RefCell::new(None);
        static SLOT: RefCell<Option<Maker>> = RefCell::new(None);
    }
    let log = log();
    let l = Arc::clone(&log);
    thread::spawn(move || SLOT.with(|s| *s.borrow_mut() = Some(Maker(l)))).join().unwrap();
    log.lock().unwrap().join(", ")
}

fn cell_methods() -> String {
    thread_local! {
        static NUMBER: Cell<i32> = const { Cell::new(3) };
        static LAZY: Cell<Vec<i32>> = Cell::new(vec![1, 2]);
    }
    thread::spawn(|| {
        let first = NUMBER.get();
        NUMBER.set(4);
        let old = NUMBER.replace(5);
        let taken = NUMBER.take();
        let left = NUMBER.get();
        let list = LAZY.take();
        let empty = LAZY.replace(vec![9]);
        format!("{first} {old} {taken} {left} {list:?} {empty:?} {:?}", LAZY.take())
    })
    .join()
    .unwrap()
}

fn ref_cell_methods() -> String {
    thread_local!(static WORDS: RefCell<Vec<&'static str>> = RefCell::new(vec!["a"]));
    thread::spawn(|| {
        WORDS.with_borrow_mut(|w| w.push("b"));
        let len = WORDS.with_borrow(|w| w.len());
        let old = WORDS.replace(vec!["c"]);
        let taken = WORDS.take();
        WORDS.set(vec!["d", "e"]);
        let last = WORDS.with(|w| w.borrow().join("+"));
        format!("{len} {old:?} {taken:?} {last}")
    })
    .join()
    .unwrap()
}

fn set_does_not_run_the_initializer() -> String {
    thread_local! {
        static CELL: Cell<i32> = panic!("initializer of CELL");
        static REF: RefCell<i32> = panic!("initializer of REF");
    }
    thread::spawn(|| {
        let touched = attempt(|| CELL.get());
        CELL.set(6);
        REF.set(7);
        format!("{touched:?} {} {:?} {:?}", CELL.get(), REF.replace(8), attempt(|| REF.with_borrow(|r| *r)))
    })
    .join()
    .unwrap()
}

fn double_borrow_texts() -> String {
    thread_local!(static DATA: RefCell<i32> = const { RefCell::new(0) });
    let own = RefCell::new(0);
    // The texts belong to RefCell: whatever they are, they are the same as for a plain one.
    let plain = {
        let _r = own.borrow();
        attempt(|| drop(own.borrow_mut()))
    };
    thread::spawn(move || {
        let a = attempt(|| DATA.with_borrow(|_| DATA.with_borrow_mut(|_| ())));
        let b = attempt(|| DATA.with_borrow_mut(|_| DATA.with_borrow(|_| ())));
        let c = attempt(|| DATA.with_borrow(|_| DATA.set(1)));
        let fine = attempt(|| DATA.with_borrow(|x| DATA.with_borrow(|y| x + y)));
        format!("{}\n{a:?}\n{b:?}\n{c:?}\n{fine:?}", a == plain)
    })
    .join()
    .unwrap()
}

fn nested_init() -> String {
    thread_local! {
        static INNER: Cell<u32> = Cell::new(OUTERMOST.get() + 1);
        static MIDDLE: RefCell<Vec<u32>> = RefCell::new(vec![INNER.get(), INNER.get() + 1]);
        static OUTERMOST: Cell<u32> = const { Cell::new(10) };
    }
    let run = || {
        OUTERMOST.set(OUTERMOST.get() + 5);
        MIDDLE.with_borrow_mut(|m| m.push(0));
        MIDDLE.take()
    };
    let (a, b) = (thread::spawn(run), thread::spawn(run));
    format!("{:?} {:?}", a.join().unwrap(), b.join().unwrap())
}

fn panicking_init_is_tried_again() -> String {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static FRAGILE: String = {
            if TRIES.fetch_add(1, Ordering::SeqCst) % 2 == 0 {
                panic!("first try");
            }
            "second try".to_string()
        };
    }
    thread::spawn(|| {
        let first = attempt(|| FRAGILE.with(String::clone));
        let second = attempt(|| FRAGILE.with(String::clone));
        let third = attempt(|| FRAGILE.try_with(String::clone));
        format!("{first:?} {second:?} {third:?}")
    })
    .join()
    .unwrap()
}

fn panic_inside_with_keeps_the_value() -> String {
    thread_local!(static DATA: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) });
    thread::spawn(|| {
        let caught = attempt(|| {
            DATA.with_borrow_mut(|d| {
                d.push(1);
                panic!("inside with");
            })
        });
        DATA.with_borrow_mut(|d| d.push(2));
        format!("{:?} {:?}", caught.map(|()| ()), DATA.take())
    })
    .join()
    .unwrap()
}

fn with_returns_and_passes_values() -> String {
    thread_local!(static LABEL: &'static str = "label");
    let a = thread::spawn(|| LABEL.with(|l| l.len())).join().unwrap();
    let b = thread::spawn(|| LABEL.try_with(|l| *l)).join().unwrap();
    format!("{a} {b:?} {LABEL:?}")
}

fn values_replaced_drop_at_once() -> String {
    thread_local!(static SLOT: RefCell<Option<Noted>> = const { RefCell::new(None) });
    let log = log();
    let l = Arc::clone(&log);
    thread::spawn(move || {
        SLOT.set(Some(Noted("old", Arc::clone(&l))));
        SLOT.set(Some(Noted("new", Arc::clone(&l))));
        l.lock().unwrap().push("set".into());
        drop(SLOT.take());
        l.lock().unwrap().push("end".into());
    })
    .join()
    .unwrap();
    log.lock().unwrap().join(" ")
}

pub const PROGRAMS: &[Program] = &[
    ("tls::lazy_init_in_each_thread", lazy_init_in_each_thread),
    ("tls::init_that_reads_the_thread", init_that_reads_the_thread),
    ("tls::destructor_runs_before_join_returns", destructor_runs_before_join_returns),
    ("tls::destructor_runs_before_a_scoped_join_returns", destructor_runs_before_a_scoped_join_returns),
    ("tls::destructor_runs_after_a_panic_and_is_calm", destructor_runs_after_a_panic_and_is_calm),
    ("tls::untouched_values_are_never_made", untouched_values_are_never_made),
    ("tls::all_destructors_run", all_destructors_run),
    ("tls::order_of_destructors", order_of_destructors),
    ("tls::own_value_during_its_destruction", own_value_during_its_destruction),
    ("tls::plain_value_during_destruction_of_another", plain_value_during_destruction_of_another),
    ("tls::destructor_makes_another_value", destructor_makes_another_value),
    ("tls::cell_methods", cell_methods),
    ("tls::ref_cell_methods", ref_cell_methods),
    ("tls::set_does_not_run_the_initializer", set_does_not_run_the_initializer),
    ("tls::double_borrow_texts", double_borrow_texts),
    ("tls::nested_init", nested_init),
    ("tls::panicking_init_is_tried_again", panicking_init_is_tried_again),
    ("tls::panic_inside_with_keeps_the_value", panic_inside_with_keeps_the_value),
    ("tls::with_returns_and_passes_values", with_returns_and_passes_values),
    ("tls::values_replaced_drop_at_once", values_replaced_drop_at_once),
];
