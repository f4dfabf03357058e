//! RwLock: sharing, try results, poisoning by writers only, downgrade, texts.

use crate::helpers::{Program, said};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, PoisonError, RwLock, RwLockWriteGuard, TryLockError, mpsc};
use std::thread;

fn kind<T>(result: Result<T, TryLockError<T>>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(TryLockError::Poisoned(_)) => "poisoned",
        Err(TryLockError::WouldBlock) => "would block",
    }
}

fn poison<T>(l: &RwLock<T>) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _guard = l.write();
        panic!("poisoning on purpose");
    }));
}

fn writer_panics() -> String {
    let l = Arc::new(RwLock::new(1));
    let l2 = Arc::clone(&l);
    let h = thread::spawn(move || {
        *l2.write().unwrap() = 2;
        let mut g = l2.write().unwrap();
        *g = 3;
        panic!("writer {}", *g);
    });
    let text = said(h.join().map(|()| ()).unwrap_err());
    let read = l.read().map(|g| *g).map_err(|e| **e.get_ref());
    let write = l.write().map(|g| *g).map_err(|e| *e.into_inner());
    format!("{text}; {}; read {:?}; write {:?}", l.is_poisoned(), read.is_err(), write)
}

fn reader_panics() -> String {
    let l = RwLock::new(1);
    let text = thread::scope(|s| {
        let h = s.spawn(|| {
            let g = l.read().unwrap();
            if *g == 1 {
                panic!("reader");
            }
        });
        said(h.join().unwrap_err())
    });
    format!("{text}; {}; {:?}; {:?}", l.is_poisoned(), l.read().map(|g| *g), l.try_write().map(|g| *g))
}

/// All readers stand at the barrier with their guards: that only ends when reading is shared.
fn many_readers_at_once() -> String {
    let l = RwLock::new(10);
    let barrier = Barrier::new(3);
    let mut out = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|n| {
                let (l, barrier) = (&l, &barrier);
                s.spawn(move || {
                    let g = l.read().unwrap();
                    barrier.wait();
                    let w = kind(l.try_write());
                    let r = kind(l.try_read());
                    barrier.wait();
                    format!("{} {w} {r}", *g + n)
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    out.push(kind(l.try_write()).to_string());
    out.join("; ")
}

fn try_results() -> String {
    let l = RwLock::new(0);
    let free = (kind(l.try_read()), kind(l.try_write()));
    let g = l.read().unwrap();
    let reading = (kind(l.try_read()), kind(l.try_write()));
    let reading_there =
        thread::scope(|s| s.spawn(|| (kind(l.try_read()), kind(l.try_write()))).join().unwrap());
    drop(g);
    let g = l.write().unwrap();
    let writing = (kind(l.try_read()), kind(l.try_write()));
    let writing_there =
        thread::scope(|s| s.spawn(|| (kind(l.try_read()), kind(l.try_write()))).join().unwrap());
    drop(g);
    poison(&l);
    let poisoned = (kind(l.try_read()), kind(l.try_write()));
    let g = l.read().unwrap_or_else(PoisonError::into_inner);
    let poisoned_reading = (kind(l.try_read()), kind(l.try_write()));
    drop(g);
    format!(
        "{free:?} {reading:?} {reading_there:?} {writing:?} {writing_there:?} {poisoned:?} {poisoned_reading:?}"
    )
}

fn texts() -> String {
    let l = RwLock::new('x');
    let mut out = vec![format!("{l:?}")];
    let g = l.read().unwrap();
    out.push(format!("{l:?} {g:?} {g}"));
    drop(g);
    let g = l.write().unwrap();
    out.push(format!("{l:?} {g:?} {g}"));
    drop(g);
    poison(&l);
    out.push(format!("{l:?}"));
    out.push(format!("{:?}", l.read().err()));
    out.push(format!("{:?}", l.try_read().err()));
    out.push(format!("{}", l.write().unwrap_err()));
    out.push(format!("{}", l.try_write().unwrap_err()));
    let _g = l.write();
    out.push(format!("{l:?}"));
    out.push(format!("{l:#?}"));
    out.join("\n")
}

fn into_inner_get_mut_clear() -> String {
    let mut l = RwLock::new(1);
    *l.get_mut().unwrap() += 1;
    poison(&l);
    *l.get_mut().unwrap_err().into_inner() += 1;
    let before = l.is_poisoned();
    l.clear_poison();
    let after = l.is_poisoned();
    *l.write().unwrap() += 1;
    poison(&l);
    let last = l.into_inner().map_err(PoisonError::into_inner);
    format!("{before} {after} {last:?} {:?}", RwLock::from(7).into_inner())
}

fn downgrade_lets_readers_in() -> String {
    let l = RwLock::new(1);
    let mut w = l.write().unwrap();
    *w = 2;
    let r = RwLockWriteGuard::downgrade(w);
    let there =
        thread::scope(|s| s.spawn(|| (l.try_read().map(|g| *g).ok(), kind(l.try_write()))).join().unwrap());
    let here = *r;
    drop(r);
    format!("{there:?} {here} {}", kind(l.try_write()))
}

fn downgraded_guard_does_not_poison() -> String {
    let l = RwLock::new(1);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut w = l.write().unwrap();
        *w = 5;
        let _r = RwLockWriteGuard::downgrade(w);
        panic!("as a reader");
    }));
    format!("{} {:?} {}", l.is_poisoned(), l.read().map(|g| *g), kind(l.try_write()))
}

/// No writer slips in between the write and the read after a downgrade.
fn downgrade_is_atomic() -> String {
    let l = RwLock::new(0);
    let same = thread::scope(|s| {
        let handles: Vec<_> = (1..=3)
            .map(|n| {
                let l = &l;
                s.spawn(move || {
                    let mut w = l.write().unwrap();
                    *w = n;
                    let r = RwLockWriteGuard::downgrade(w);
                    *r == n
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    format!("{same:?} {}", (1..=3).contains(&*l.read().unwrap()))
}

fn writers_are_exclusive() -> String {
    let l = RwLock::new((0, 0));
    let consistent = thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                for _ in 0..3 {
                    let mut g = l.write().unwrap();
                    g.0 += 1;
                    thread::yield_now();
                    g.1 += 1;
                }
            });
        }
        let reader = s.spawn(|| {
            (0..3).all(|_| {
                let g = l.read().unwrap();
                g.0 == g.1
            })
        });
        reader.join().unwrap()
    });
    format!("{consistent} {:?}", l.read().unwrap())
}

fn waiting_readers_see_the_poison() -> String {
    let l = RwLock::new(0);
    let (tell, told) = mpsc::channel();
    thread::scope(|s| {
        let writer = s.spawn(|| {
            let mut g = l.write().unwrap();
            *g = 4;
            tell.send(()).unwrap();
            panic!("mid write");
        });
        told.recv().unwrap();
        let a = s.spawn(|| l.read().map(|g| *g).map_err(|e| *e.into_inner()));
        let b = s.spawn(|| l.write().map(|g| *g).map_err(|e| *e.into_inner()));
        let (a, b) = (a.join().unwrap(), b.join().unwrap());
        let text = said(writer.join().map(|()| ()).unwrap_err());
        format!("{a:?} {b:?} {text}")
    })
}

fn write_guard_in_a_destructor() -> String {
    struct Note<'a>(&'a RwLock<Vec<bool>>);
    impl Drop for Note<'_> {
        fn drop(&mut self) {
            self.0.write().unwrap().push(thread::panicking());
        }
    }
    let l = RwLock::new(Vec::new());
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _note = Note(&l);
        let _read = l.read().map(|g| g.len());
        panic!("note it");
    }));
    drop(Note(&l));
    format!("{} {:?}", l.is_poisoned(), l.read().unwrap())
}

fn read_guard_of_a_poisoned_lock_heals_nothing() -> String {
    let l = RwLock::new(1);
    poison(&l);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _r = l.read().unwrap_or_else(PoisonError::into_inner);
        panic!("reader again");
    }));
    let still = l.is_poisoned();
    drop(l.write().unwrap_or_else(PoisonError::into_inner));
    format!("{still} {}", l.is_poisoned())
}

pub const PROGRAMS: &[Program] = &[
    ("rwlock::writer_panics", writer_panics),
    ("rwlock::reader_panics", reader_panics),
    ("rwlock::many_readers_at_once", many_readers_at_once),
    ("rwlock::try_results", try_results),
    ("rwlock::texts", texts),
    ("rwlock::into_inner_get_mut_clear", into_inner_get_mut_clear),
    ("rwlock::downgrade_lets_readers_in", downgrade_lets_readers_in),
    ("rwlock::downgraded_guard_does_not_poison", downgraded_guard_does_not_poison),
    ("rwlock::downgrade_is_atomic", downgrade_is_atomic),
    ("rwlock::writers_are_exclusive", writers_are_exclusive),
    ("rwlock::waiting_readers_see_the_poison", waiting_readers_see_the_poison),
    ("rwlock::write_guard_in_a_destructor", write_guard_in_a_destructor),
    ("rwlock::read_guard_of_a_poisoned_lock_heals_nothing", read_guard_of_a_poisoned_lock_heals_nothing),
];
