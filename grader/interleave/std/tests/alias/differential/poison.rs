//! Mutex poisoning: who poisons, who does not, what is seen afterwards, and the texts.

use crate::helpers::{Program, poison, said};

use std::cell::RefCell;
use std::error::Error;
use std::mem;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

fn kind<T>(result: &Result<T, TryLockError<T>>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(TryLockError::Poisoned(_)) => "poisoned",
        Err(TryLockError::WouldBlock) => "would block",
    }
}

fn thread_panics_with_guard() -> String {
    let m = Arc::new(Mutex::new(1));
    let m2 = Arc::clone(&m);
    let joined = thread::spawn(move || {
        let mut g = m2.lock().unwrap();
        *g = 2;
        panic!("writer gave up");
    })
    .join();
    let text = said(joined.map(|()| ()).unwrap_err());
    let poisoned = m.is_poisoned();
    let first = match m.lock() {
        Ok(g) => format!("ok {}", *g),
        Err(e) => format!("err {}", *e.into_inner()),
    };
    let second = m.lock().is_err();
    format!("{text}; poisoned {poisoned}; first {first}; second err {second}")
}

fn scoped_thread_poisons() -> String {
    let m = Mutex::new(vec![1]);
    let text = thread::scope(|s| {
        let h = s.spawn(|| {
            let mut g = m.lock().unwrap();
            g.push(2);
            if g.len() == 2 {
                panic!("half {}", g.len());
            }
            g.push(3);
        });
        said(h.join().unwrap_err())
    });
    format!("{text}; {}; {:?}", m.is_poisoned(), m.into_inner().unwrap_err().into_inner())
}

fn caught_panic_poisons_same_thread() -> String {
    let m = Mutex::new(5);
    let caught = catch_unwind(|| {
        let _g = m.lock().unwrap();
        panic!("caught here");
    });
    format!("{}; {}", said(caught.map(|()| ()).unwrap_err()), m.is_poisoned())
}

fn guard_held_across_a_caught_panic() -> String {
    let m = Mutex::new(0);
    let mut g = m.lock().unwrap();
    let caught = catch_unwind(|| panic!("inner")).is_err();
    *g += 1;
    drop(g);
    format!("caught {caught}; poisoned {}; value {:?}", m.is_poisoned(), m.lock().map(|g| *g))
}

fn guard_dropped_before_the_panic() -> String {
    let m = Mutex::new(0);
    let caught = catch_unwind(|| {
        let mut g = m.lock().unwrap();
        *g = 9;
        drop(g);
        panic!("after the guard");
    })
    .is_err();
    format!("caught {caught}; poisoned {}; value {}", m.is_poisoned(), m.lock().unwrap())
}

/// The guard lives in a struct of an outer frame; the panic begins in an unrelated call.
fn guard_dropped_by_an_unwinding_begun_elsewhere() -> String {
    struct Holder<'a> {
        _guard: Option<Box<MutexGuard<'a, i32>>>,
    }
    fn deep(n: u32) {
        if n == 0 {
            panic!("deep");
        }
        deep(n - 1);
    }
    let held = Mutex::new(0);
    let free = Mutex::new(0);
    let text = catch_unwind(AssertUnwindSafe(|| {
        let _holder = Holder { _guard: Some(Box::new(held.lock().unwrap())) };
        drop(free.lock().unwrap());
        deep(3);
    }))
    .map_err(said)
    .unwrap_err();
    format!("{text}; held {}; free {}", held.is_poisoned(), free.is_poisoned())
}

/// One thread is in the middle of unwinding, holding nothing; another one locks and unlocks.
fn bystander_unwinding_does_not_poison() -> String {
    struct Pause {
        unwinding: mpsc::Sender<bool>,
        go_on: mpsc::Receiver<()>,
    }
    impl Drop for Pause {
        fn drop(&mut self) {
            self.unwinding.send(thread::panicking()).unwrap();
            self.go_on.recv().unwrap();
        }
    }
    let m = Mutex::new(0);
    let (tell, told) = mpsc::channel();
    let (go, go_on) = mpsc::channel();
    let seen = thread::scope(|s| {
        let h = s.spawn(move || {
            let _pause = Pause { unwinding: tell, go_on };
            panic!("bystander");
        });
        let seen = told.recv().unwrap();
        *m.lock().unwrap() += 1;
        let here = thread::panicking();
        go.send(()).unwrap();
        let text = said(h.join().map(|()| ()).unwrap_err());
        format!("there {seen}; here {here}; {text}")
    });
    format!("{seen}; poisoned {}; {}", m.is_poisoned(), m.lock().unwrap())
}

fn guard_taken_and_dropped_in_a_destructor() -> String {
    struct Note<'a>(&'a Mutex<Vec<bool>>);
    impl Drop for Note<'_> {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(thread::panicking());
        }
    }
    let m = Mutex::new(Vec::new());
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _note = Note(&m);
        panic!("with a note");
    }));
    drop(Note(&m));
    format!("poisoned {}; {:?}", m.is_poisoned(), m.lock().unwrap())
}

fn guard_taken_while_unwinding_escapes_it() -> String {
    struct Take<'a, 'm>(&'a RefCell<Option<MutexGuard<'m, i32>>>, &'m Mutex<i32>);
    impl Drop for Take<'_, '_> {
        fn drop(&mut self) {
            *self.0.borrow_mut() = Some(self.1.lock().unwrap());
        }
    }
    let m = Mutex::new(3);
    let slot = RefCell::new(None);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _take = Take(&slot, &m);
        panic!("take it on the way out");
    }));
    let while_held = kind(&m.try_lock());
    let got = slot.borrow_mut().take().map(|mut g| {
        *g += 1;
        *g
    });
    format!("{while_held}; {got:?}; poisoned {}", m.is_poisoned())
}

/// A panic nested in a destructor: the guard was taken while already panicking, so no poison.
fn nested_panic_in_a_destructor() -> String {
    struct Nest<'a>(&'a Mutex<i32>, &'a Mutex<Vec<String>>);
    impl Drop for Nest<'_> {
        fn drop(&mut self) {
            let inner = catch_unwind(AssertUnwindSafe(|| {
                let _g = self.0.lock().unwrap();
                panic!("nested");
            }));
            let text = said(inner.map(|()| ()).unwrap_err());
            self.1.lock().unwrap().push(format!("{text}, panicking {}", thread::panicking()));
        }
    }
    let m = Mutex::new(0);
    let log = Mutex::new(Vec::new());
    let outer = catch_unwind(AssertUnwindSafe(|| {
        let _nest = Nest(&m, &log);
        panic!("outer");
    }));
    let text = said(outer.map(|()| ()).unwrap_err());
    drop(Nest(&m, &log));
    format!(
        "{text}; {:?}; log poisoned {}; m poisoned {}",
        log.lock().unwrap(),
        log.is_poisoned(),
        m.is_poisoned()
    )
}

fn guard_from_before_dropped_in_a_destructor() -> String {
    struct Release<'a>(Option<MutexGuard<'a, i32>>);
    impl Drop for Release<'_> {
        fn drop(&mut self) {
            if let Some(mut g) = self.0.take() {
                *g += 10;
            }
        }
    }
    let m = Mutex::new(0);
    let n = Mutex::new(0);
    drop(Release(Some(n.lock().unwrap())));
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _release = Release(Some(m.lock().unwrap()));
        panic!("release on the way out");
    }));
    format!("m {} {m:?}; n {} {n:?}", m.is_poisoned(), n.is_poisoned())
}

fn get_mut_and_into_inner() -> String {
    let mut clean = Mutex::new(String::from("a"));
    clean.get_mut().unwrap().push('b');
    let mut bad = Mutex::new(String::from("x"));
    poison(&bad);
    let through = match bad.get_mut() {
        Ok(_) => "ok".to_string(),
        Err(e) => {
            let inner = e.into_inner();
            inner.push('y');
            format!("err {inner}")
        }
    };
    let inner = match bad.into_inner() {
        Ok(v) => format!("ok {v}"),
        Err(e) => format!("{e} / {}", e.get_ref()),
    };
    format!("{}; {through}; {inner}", clean.into_inner().unwrap())
}

fn clear_poison_and_poison_again() -> String {
    let m = Mutex::new(0);
    let mut seen = Vec::new();
    for _ in 0..2 {
        poison(&m);
        seen.push(m.is_poisoned());
        *m.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        // A guard dropped in peace does not heal the lock.
        seen.push(m.is_poisoned());
        m.clear_poison();
        seen.push(m.is_poisoned());
        *m.lock().unwrap() += 1;
    }
    m.clear_poison();
    format!("{seen:?}; {}", m.lock().unwrap())
}

fn clear_poison_seen_by_other_threads() -> String {
    let m = Mutex::new(0);
    poison(&m);
    let a = thread::scope(|s| s.spawn(|| m.lock().is_err()).join().unwrap());
    thread::scope(|s| s.spawn(|| m.clear_poison()).join().unwrap());
    let b = thread::scope(|s| s.spawn(|| m.lock().is_err()).join().unwrap());
    format!("{a} {b} {}", m.is_poisoned())
}

fn try_lock_results() -> String {
    let m = Mutex::new(1);
    let free = kind(&m.try_lock());
    let held = {
        let _g = m.lock().unwrap();
        kind(&m.try_lock())
    };
    let held_elsewhere = {
        let _g = m.lock().unwrap();
        thread::scope(|s| s.spawn(|| kind(&m.try_lock())).join().unwrap())
    };
    poison(&m);
    let poisoned = kind(&m.try_lock());
    let both = {
        let _g = m.lock().unwrap_or_else(PoisonError::into_inner);
        kind(&m.try_lock())
    };
    let value = match m.try_lock() {
        Err(TryLockError::Poisoned(e)) => *e.into_inner(),
        _ => -1,
    };
    format!("{free}; {held}; {held_elsewhere}; {poisoned}; {both}; {value}")
}

fn poison_error_api() -> String {
    let mut e = PoisonError::new(4);
    *e.get_mut() += 1;
    let texts = format!("{e} / {e:?} / {}", e.get_ref());
    let source = e.source().is_none();
    let inner = e.into_inner();
    let wrapped: TryLockError<i32> = PoisonError::new(6).into();
    let wrapped = format!("{wrapped} / {wrapped:?}");
    let block: TryLockError<i32> = TryLockError::WouldBlock;
    format!("{texts}; {source}; {inner}; {wrapped}; {block} / {block:?}; {}", block.source().is_none())
}

fn unwrap_texts_of_followers() -> String {
    let m = Arc::new(Mutex::new(0));
    poison(&*m);
    let mut out = Vec::new();
    for n in 0..3 {
        let m = Arc::clone(&m);
        let h = thread::spawn(move || match n {
            0 => *m.lock().unwrap(),
            1 => *m.lock().expect("the lock"),
            _ => *m.try_lock().unwrap(),
        });
        out.push(said(h.join().unwrap_err()));
    }
    out.join("\n")
}

fn debug_texts() -> String {
    let m = Mutex::new(vec![1, 2]);
    let mut out = vec![format!("{m:?}")];
    {
        let g = m.lock().unwrap();
        out.push(format!("{m:?}"));
        out.push(format!("{g:?}"));
        out.push(format!("{:?}", Some(&g)));
    }
    poison(&m);
    out.push(format!("{m:?}"));
    out.push(format!("{m:#?}"));
    let g = m.lock().unwrap_or_else(PoisonError::into_inner);
    out.push(format!("{m:?}"));
    drop(g);
    let word = Mutex::new("word");
    out.push(format!("{}", word.lock().unwrap()));
    out.push(format!("{:?}", m.lock().map(|g| g.len()).map_err(|e| e.into_inner().len())));
    out.push(format!("{:?}", word.try_lock()));
    out.push(format!("{:?}", m.try_lock()));
    out.join("\n")
}

fn resume_unwind_poisons_too() -> String {
    let m = Mutex::new(0);
    let caught = catch_unwind(|| {
        let _g = m.lock().unwrap();
        panic::resume_unwind(Box::new(77_u8));
    });
    let payload = caught.map(|()| ()).unwrap_err();
    format!("{:?}; {}", payload.downcast_ref::<u8>(), m.is_poisoned())
}

fn nested_locks_all_poisoned() -> String {
    let locks: Vec<Mutex<usize>> = (0..4).map(Mutex::new).collect();
    let _ = catch_unwind(|| {
        let _a = locks[0].lock().unwrap();
        let _b = locks[1].lock().unwrap();
        {
            let _c = locks[2].lock().unwrap();
        }
        panic!("two are held");
    });
    format!("{:?}", locks.iter().map(Mutex::is_poisoned).collect::<Vec<_>>())
}

fn forgotten_guard_keeps_the_lock() -> String {
    let mut m = Mutex::new(8);
    mem::forget(m.lock().unwrap());
    let kind = kind(&m.try_lock());
    let text = format!("{m:?}");
    let through = *m.get_mut().unwrap();
    format!("{kind}; {text}; {through}; {:?}", m.into_inner())
}

/// The waiter starts while the lock is held, the holder then panics: the waiter sees the poison.
fn waiter_sees_the_poison() -> String {
    let m = Mutex::new(0);
    let (tell, told) = mpsc::channel();
    let results = thread::scope(|s| {
        let holder = s.spawn(|| {
            let mut g = m.lock().unwrap();
            *g = 1;
            tell.send(()).unwrap();
            panic!("holder");
        });
        told.recv().unwrap();
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| match m.lock() {
                    Ok(_) => "ok".to_string(),
                    Err(e) => format!("err {}", *e.into_inner()),
                })
            })
            .collect();
        let mut out: Vec<String> = waiters.into_iter().map(|h| h.join().unwrap()).collect();
        out.push(said(holder.join().map(|()| ()).unwrap_err()));
        out
    });
    results.join("; ")
}

fn retry_after_panics_makes_progress() -> String {
    let m = Mutex::new(0);
    thread::scope(|s| {
        let handles: Vec<_> = (0..4)
            .map(|n| {
                let m = &m;
                s.spawn(move || {
                    let mut g = m.lock().unwrap_or_else(PoisonError::into_inner);
                    *g += 1;
                    if n % 2 == 0 {
                        panic!("worker {n}");
                    }
                    n
                })
            })
            .collect();
        let results: Vec<String> =
            handles.into_iter().map(|h| h.join().map_or_else(said, |n| format!("done {n}"))).collect();
        format!("{}; {}", results.join(", "), *m.lock().unwrap_err().into_inner())
    })
}

pub const PROGRAMS: &[Program] = &[
    ("poison::thread_panics_with_guard", thread_panics_with_guard),
    ("poison::scoped_thread_poisons", scoped_thread_poisons),
    ("poison::caught_panic_poisons_same_thread", caught_panic_poisons_same_thread),
    ("poison::guard_held_across_a_caught_panic", guard_held_across_a_caught_panic),
    ("poison::guard_dropped_before_the_panic", guard_dropped_before_the_panic),
    ("poison::guard_dropped_by_an_unwinding_begun_elsewhere", guard_dropped_by_an_unwinding_begun_elsewhere),
    ("poison::bystander_unwinding_does_not_poison", bystander_unwinding_does_not_poison),
    ("poison::guard_taken_and_dropped_in_a_destructor", guard_taken_and_dropped_in_a_destructor),
    ("poison::guard_taken_while_unwinding_escapes_it", guard_taken_while_unwinding_escapes_it),
    ("poison::nested_panic_in_a_destructor", nested_panic_in_a_destructor),
    ("poison::guard_from_before_dropped_in_a_destructor", guard_from_before_dropped_in_a_destructor),
    ("poison::get_mut_and_into_inner", get_mut_and_into_inner),
    ("poison::clear_poison_and_poison_again", clear_poison_and_poison_again),
    ("poison::clear_poison_seen_by_other_threads", clear_poison_seen_by_other_threads),
    ("poison::try_lock_results", try_lock_results),
    ("poison::poison_error_api", poison_error_api),
    ("poison::unwrap_texts_of_followers", unwrap_texts_of_followers),
    ("poison::debug_texts", debug_texts),
    ("poison::resume_unwind_poisons_too", resume_unwind_poisons_too),
    ("poison::nested_locks_all_poisoned", nested_locks_all_poisoned),
    ("poison::forgotten_guard_keeps_the_lock", forgotten_guard_keeps_the_lock),
    ("poison::waiter_sees_the_poison", waiter_sees_the_poison),
    ("poison::retry_after_panics_makes_progress", retry_after_panics_makes_progress),
];
