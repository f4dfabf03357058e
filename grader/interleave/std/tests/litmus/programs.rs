//! The programs. `x` and `y` begin at 0; each thread gives what it has read.

use interleave_std::sync::Arc;
use interleave_std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use interleave_std::sync::atomic::{AtomicU32, Ordering, fence};
use interleave_std::thread;

use super::Litmus;

/// The two variables.
#[derive(Default)]
struct Memory {
    x: AtomicU32,
    y: AtomicU32,
}

type Thread = fn(&Memory) -> Vec<u32>;

/// Runs the threads at the same time; all that they have read, one after another, then what `last` reads.
fn run(threads: &[Thread], last: Thread) -> Vec<u32> {
    let memory = Arc::new(Memory::default());
    let started: Vec<_> = threads
        .iter()
        .map(|&thread| {
            let memory = Arc::clone(&memory);
            thread::spawn(move || thread(&memory))
        })
        .collect();
    let mut read: Vec<u32> =
        started.into_iter().flat_map(|thread| thread.join().expect("no litmus test panics")).collect();
    read.extend(last(&memory));
    read
}

fn nothing(_: &Memory) -> Vec<u32> {
    Vec::new()
}

fn write(variable: &AtomicU32, value: u32, order: Ordering) -> Vec<u32> {
    variable.store(value, order);
    Vec::new()
}

pub(super) const ALL: &[Litmus] = &[
    Litmus {
        name: "MP, message passing, relaxed",
        run: || {
            let writer: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.y, 1, Relaxed)].concat();
            run(&[writer, |m| vec![m.y.load(Relaxed), m.x.load(Relaxed)]], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[1, 1], &[1, 0]],
        missing: &[],
        forbidden: &[],
    },
    Litmus {
        name: "MP, release and acquire",
        run: || {
            let writer: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.y, 1, Release)].concat();
            run(&[writer, |m| vec![m.y.load(Acquire), m.x.load(Relaxed)]], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[1, 1]],
        missing: &[],
        forbidden: &[&[1, 0]],
    },
    Litmus {
        name: "MP, release without acquire",
        run: || {
            let writer: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.y, 1, Release)].concat();
            run(&[writer, |m| vec![m.y.load(Relaxed), m.x.load(Relaxed)]], nothing)
        },
        allowed: &[&[1, 0], &[1, 1]],
        missing: &[],
        forbidden: &[],
    },
    Litmus {
        name: "MP, fences",
        run: || {
            let writer: Thread = |m| {
                m.x.store(1, Relaxed);
                fence(Release);
                write(&m.y, 1, Relaxed)
            };
            let reader: Thread = |m| {
                let y = m.y.load(Relaxed);
                fence(Acquire);
                vec![y, m.x.load(Relaxed)]
            };
            run(&[writer, reader], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[1, 1]],
        missing: &[],
        forbidden: &[&[1, 0]],
    },
    Litmus {
        name: "MP, the fence of the reader is missing",
        run: || {
            let writer: Thread = |m| {
                m.x.store(1, Relaxed);
                fence(Release);
                write(&m.y, 1, Relaxed)
            };
            run(&[writer, |m| vec![m.y.load(Relaxed), m.x.load(Relaxed)]], nothing)
        },
        allowed: &[&[1, 0], &[1, 1]],
        missing: &[],
        forbidden: &[],
    },
    Litmus {
        name: "SB, store buffering, relaxed",
        run: || sb(Relaxed, Relaxed),
        allowed: &[&[0, 0], &[0, 1], &[1, 0], &[1, 1]],
        missing: &[],
        forbidden: &[],
    },
    Litmus {
        name: "SB, release and acquire",
        run: || sb(Release, Acquire),
        allowed: &[&[0, 0], &[0, 1], &[1, 0], &[1, 1]],
        missing: &[],
        forbidden: &[],
    },
    Litmus {
        name: "SB, sequentially consistent (Dekker)",
        run: || sb(SeqCst, SeqCst),
        allowed: &[&[0, 1], &[1, 0], &[1, 1]],
        missing: &[],
        forbidden: &[&[0, 0]],
    },
    Litmus {
        name: "SB, sequentially consistent fences",
        run: || {
            let first: Thread = |m| {
                m.x.store(1, Relaxed);
                fence(SeqCst);
                vec![m.y.load(Relaxed)]
            };
            let second: Thread = |m| {
                m.y.store(1, Relaxed);
                fence(SeqCst);
                vec![m.x.load(Relaxed)]
            };
            run(&[first, second], nothing)
        },
        allowed: &[&[0, 1], &[1, 0], &[1, 1]],
        missing: &[],
        forbidden: &[&[0, 0]],
    },
    Litmus {
        name: "LB, load buffering, relaxed",
        run: || {
            let first: Thread = |m| {
                let y = m.y.load(Relaxed);
                m.x.store(1, Relaxed);
                vec![y]
            };
            let second: Thread = |m| {
                let x = m.x.load(Relaxed);
                m.y.store(1, Relaxed);
                vec![x]
            };
            run(&[first, second], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[1, 0]],
        // A read never sees a store that has not been made yet.
        missing: &[&[1, 1]],
        forbidden: &[],
    },
    Litmus {
        name: "LB, with acquire and release",
        run: || {
            let first: Thread = |m| {
                let y = m.y.load(Acquire);
                m.x.store(1, Release);
                vec![y]
            };
            let second: Thread = |m| {
                let x = m.x.load(Acquire);
                m.y.store(1, Release);
                vec![x]
            };
            run(&[first, second], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[1, 0]],
        missing: &[],
        forbidden: &[&[1, 1]],
    },
    Litmus {
        name: "CoRR, coherence of reads",
        run: || {
            let writer: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.x, 2, Relaxed)].concat();
            run(&[writer, |m| vec![m.x.load(Relaxed), m.x.load(Relaxed)]], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[0, 2], &[1, 1], &[1, 2], &[2, 2]],
        missing: &[],
        forbidden: &[&[1, 0], &[2, 0], &[2, 1]],
    },
    Litmus {
        name: "CoWR, a thread sees its own store or a later one",
        run: || {
            let own: Thread = |m| {
                m.x.store(1, Relaxed);
                vec![m.x.load(Relaxed)]
            };
            run(&[own, |m| write(&m.x, 2, Relaxed)], nothing)
        },
        allowed: &[&[1], &[2]],
        missing: &[],
        forbidden: &[&[0]],
    },
    Litmus {
        name: "CoRR2, two readers agree on the order of two stores",
        run: || {
            let reader: Thread = |m| vec![m.x.load(Relaxed), m.x.load(Relaxed)];
            run(&[|m| write(&m.x, 1, Relaxed), |m| write(&m.x, 2, Relaxed), reader, reader], nothing)
        },
        allowed: &[&[1, 2, 1, 2], &[2, 1, 2, 1], &[0, 1, 0, 2]],
        missing: &[],
        forbidden: &[&[1, 2, 2, 1], &[2, 1, 1, 2]],
    },
    Litmus {
        name: "IRIW, independent reads of independent writes, acquire",
        run: || iriw(Release, Acquire),
        allowed: &[&[1, 0, 1, 0], &[1, 1, 1, 1], &[0, 0, 0, 0]],
        missing: &[],
        forbidden: &[],
    },
    Litmus {
        name: "IRIW, sequentially consistent",
        run: || iriw(SeqCst, SeqCst),
        allowed: &[&[1, 1, 1, 1], &[1, 0, 1, 1], &[0, 0, 0, 0]],
        missing: &[],
        forbidden: &[&[1, 0, 1, 0]],
    },
    Litmus {
        name: "2+2W, two stores each",
        run: || {
            let first: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.y, 2, Relaxed)].concat();
            let second: Thread = |m| [write(&m.y, 1, Relaxed), write(&m.x, 2, Relaxed)].concat();
            run(&[first, second], |m| vec![m.x.load(Relaxed), m.y.load(Relaxed)])
        },
        allowed: &[&[2, 1], &[1, 2], &[2, 2]],
        // The stores of one variable take their places in the order in which they are made.
        missing: &[&[1, 1]],
        forbidden: &[],
    },
    Litmus {
        name: "2+2W, sequentially consistent",
        run: || {
            let first: Thread = |m| [write(&m.x, 1, SeqCst), write(&m.y, 2, SeqCst)].concat();
            let second: Thread = |m| [write(&m.y, 1, SeqCst), write(&m.x, 2, SeqCst)].concat();
            run(&[first, second], |m| vec![m.x.load(SeqCst), m.y.load(SeqCst)])
        },
        allowed: &[&[2, 1], &[1, 2], &[2, 2]],
        missing: &[],
        forbidden: &[&[1, 1]],
    },
    Litmus {
        name: "WRC, write to read causality",
        run: || {
            let middle: Thread = |m| {
                let x = m.x.load(Acquire);
                m.y.store(x, Release);
                vec![x]
            };
            run(
                &[|m| write(&m.x, 1, Release), middle, |m| vec![m.y.load(Acquire), m.x.load(Relaxed)]],
                nothing,
            )
        },
        allowed: &[&[1, 1, 1], &[1, 0, 0], &[0, 0, 1]],
        missing: &[],
        forbidden: &[&[1, 1, 0]],
    },
    Litmus {
        name: "WRC, what one has read, whoever hears of it reads too",
        run: || {
            let middle: Thread = |m| {
                let x = m.x.load(Relaxed);
                m.y.store(x, Release);
                vec![x]
            };
            let last: Thread = |m| vec![m.y.load(Acquire), m.x.load(Relaxed)];
            run(&[|m| write(&m.x, 1, Relaxed), middle, last], nothing)
        },
        allowed: &[&[1, 1, 1], &[1, 0, 0], &[0, 0, 1]],
        missing: &[],
        forbidden: &[&[1, 1, 0]],
    },
    Litmus {
        name: "RWC, read to write causality, sequentially consistent fences",
        run: || {
            let second: Thread = |m| {
                let x = m.x.load(Relaxed);
                fence(SeqCst);
                vec![x, m.y.load(Relaxed)]
            };
            let third: Thread = |m| {
                m.y.store(1, Relaxed);
                fence(SeqCst);
                vec![m.x.load(Relaxed)]
            };
            run(&[|m| write(&m.x, 1, Relaxed), second, third], nothing)
        },
        allowed: &[&[1, 0, 1], &[1, 1, 0], &[0, 0, 0], &[0, 1, 0]],
        missing: &[],
        forbidden: &[&[1, 0, 0]],
    },
    Litmus {
        name: "IRIW, sequentially consistent fences",
        run: || {
            let first: Thread = |m| {
                let x = m.x.load(Relaxed);
                fence(SeqCst);
                vec![x, m.y.load(Relaxed)]
            };
            let second: Thread = |m| {
                let y = m.y.load(Relaxed);
                fence(SeqCst);
                vec![y, m.x.load(Relaxed)]
            };
            run(&[|m| write(&m.x, 1, Relaxed), |m| write(&m.y, 1, Relaxed), first, second], nothing)
        },
        allowed: &[&[1, 1, 1, 1], &[1, 0, 1, 1], &[0, 0, 0, 0]],
        missing: &[],
        forbidden: &[&[1, 0, 1, 0]],
    },
    Litmus {
        name: "release sequence: a read-modify-write carries on what a store has released",
        run: || {
            let writer: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.y, 1, Release)].concat();
            let middle: Thread = |m| {
                m.y.fetch_add(1, Relaxed);
                Vec::new()
            };
            run(&[writer, middle, |m| vec![m.y.load(Acquire), m.x.load(Relaxed)]], nothing)
        },
        allowed: &[&[2, 1], &[1, 1], &[1, 0], &[0, 0]],
        missing: &[],
        forbidden: &[&[2, 0]],
    },
    Litmus {
        name: "release sequence: another thread's plain store ends it",
        run: || {
            let writer: Thread = |m| [write(&m.x, 1, Relaxed), write(&m.y, 1, Release)].concat();
            run(
                &[writer, |m| write(&m.y, 2, Relaxed), |m| vec![m.y.load(Acquire), m.x.load(Relaxed)]],
                nothing,
            )
        },
        allowed: &[&[2, 1], &[2, 0], &[1, 1]],
        missing: &[],
        forbidden: &[&[1, 0]],
    },
    Litmus {
        name: "read-modify-writes lose nothing",
        run: || {
            let add: Thread = |m| vec![m.x.fetch_add(1, Relaxed)];
            run(&[add, add], |m| vec![m.x.load(Relaxed)])
        },
        allowed: &[&[0, 1, 2], &[1, 0, 2]],
        missing: &[],
        forbidden: &[&[0, 0, 1], &[0, 0, 2], &[0, 1, 1], &[1, 0, 1]],
    },
    Litmus {
        name: "a failed exchange is a read",
        run: || {
            let writer: Thread = |m| [write(&m.y, 1, Relaxed), write(&m.x, 1, Release)].concat();
            let reader: Thread = |m| {
                let found = m.x.compare_exchange(7, 8, AcqRel, Acquire).unwrap_err();
                vec![found, m.y.load(Relaxed)]
            };
            run(&[writer, reader], nothing)
        },
        allowed: &[&[0, 0], &[0, 1], &[1, 1]],
        missing: &[],
        forbidden: &[&[1, 0]],
    },
    Litmus {
        name: "the end of a thread publishes what it did",
        run: || run(&[|m| write(&m.x, 1, Relaxed)], |m| vec![m.x.load(Relaxed)]),
        allowed: &[&[1]],
        missing: &[],
        forbidden: &[&[0]],
    },
    Litmus {
        name: "R, a store and a load, sequentially consistent fences",
        run: || {
            let first: Thread = |m| {
                m.x.store(1, Relaxed);
                fence(SeqCst);
                write(&m.y, 1, Relaxed)
            };
            let second: Thread = |m| {
                m.y.store(2, Relaxed);
                fence(SeqCst);
                vec![m.x.load(Relaxed)]
            };
            run(&[first, second], |m| vec![m.y.load(Relaxed)])
        },
        allowed: &[&[1, 1], &[1, 2], &[0, 1]],
        missing: &[],
        forbidden: &[&[0, 2]],
    },
    Litmus {
        name: "S, a store after what was read, release and acquire",
        run: || {
            let first: Thread = |m| [write(&m.x, 2, Relaxed), write(&m.y, 1, Release)].concat();
            let second: Thread = |m| {
                let y = m.y.load(Acquire);
                m.x.store(1, Relaxed);
                vec![y]
            };
            run(&[first, second], |m| vec![m.x.load(Relaxed)])
        },
        allowed: &[&[0, 1], &[0, 2], &[1, 1]],
        missing: &[],
        forbidden: &[&[1, 2]],
    },
];

fn sb(store: Ordering, load: Ordering) -> Vec<u32> {
    let memory = Arc::new(Memory::default());
    let first = Arc::clone(&memory);
    let first = thread::spawn(move || {
        first.x.store(1, store);
        first.y.load(load)
    });
    let second = Arc::clone(&memory);
    let second = thread::spawn(move || {
        second.y.store(1, store);
        second.x.load(load)
    });
    [first, second].map(|thread| thread.join().expect("no litmus test panics")).to_vec()
}

fn iriw(store: Ordering, load: Ordering) -> Vec<u32> {
    let memory = Arc::new(Memory::default());
    type Work = Box<dyn Fn(&Memory) -> Vec<u32> + Send>;
    let spawn = |work: Work| {
        let memory = Arc::clone(&memory);
        thread::spawn(move || work(&memory))
    };
    let threads = [
        spawn(Box::new(move |m| write(&m.x, 1, store))),
        spawn(Box::new(move |m| write(&m.y, 1, store))),
        spawn(Box::new(move |m| vec![m.x.load(load), m.y.load(load)])),
        spawn(Box::new(move |m| vec![m.y.load(load), m.x.load(load)])),
    ];
    threads.into_iter().flat_map(|thread| thread.join().expect("no litmus test panics")).collect()
}
