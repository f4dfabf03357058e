//! Atomics: arithmetic of all widths, exchanges, logic, pointers, texts, invalid orderings, threads.

use crate::helpers::{Program, attempt};

use std::hint::black_box;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16,
    AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
};
use std::thread;

/// Runs the same block for each width; inside, `$a` is the atomic type and `$n` its integer.
macro_rules! each_width {
    ($out:ident, |$a:ident, $n:ident| $body:block) => {
        each_width!(@ $out, $a, $n, $body,
            AtomicI8 i8, AtomicU8 u8, AtomicI16 i16, AtomicU16 u16, AtomicI32 i32, AtomicU32 u32,
            AtomicI64 i64, AtomicU64 u64, AtomicIsize isize, AtomicUsize usize)
    };
    (@ $out:ident, $a:ident, $n:ident, $body:block, $($atomic:ident $int:ident),*) => {
        $({
            #[allow(dead_code)]
            type $a = $atomic;
            type $n = $int;
            $out.push(format!("{}: {}", stringify!($int), $body));
        })*
    };
}

fn add_and_sub_wrap_around() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let a = A::new(N::MAX);
        let steps = [
            a.fetch_add(1, SeqCst),
            a.fetch_add(N::MAX, AcqRel),
            a.fetch_sub(N::MAX, Acquire),
            a.fetch_sub(1, Release),
        ];
        format!("{steps:?} {}", a.load(Relaxed) == N::MAX)
    });
    out.join("\n")
}

fn bit_operations() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let a = A::new(0b1100);
        let steps = [
            a.fetch_and(0b0110, SeqCst),
            a.fetch_or(0b0011, Relaxed),
            a.fetch_xor(0b0101, AcqRel),
            a.fetch_nand(0b0010, Acquire),
            a.fetch_nand(N::MAX, Release),
            a.fetch_xor(N::MAX, SeqCst),
        ];
        format!("{steps:?} {}", a.load(SeqCst))
    });
    out.join("\n")
}

fn min_and_max() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let a = A::new(5);
        // The largest value when it has no sign, minus one when it has one.
        let all_ones: N = !0;
        let steps = [
            a.fetch_max(3, SeqCst),
            a.fetch_max(9, Relaxed),
            a.fetch_min(7, AcqRel),
            a.fetch_min(8, Acquire),
            a.fetch_max(all_ones, Release),
            a.fetch_min(all_ones, SeqCst),
            a.fetch_min(0, SeqCst),
            a.fetch_max(N::MIN, SeqCst),
        ];
        format!("{steps:?} {}", a.load(SeqCst))
    });
    out.join("\n")
}

fn exchanges() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let a = A::new(1);
        let swapped = a.swap(2, AcqRel);
        let hit = a.compare_exchange(2, N::MAX, SeqCst, Relaxed);
        let miss = a.compare_exchange(2, 3, Release, Acquire);
        let weak_miss = a.compare_exchange_weak(0, 3, Relaxed, SeqCst);
        let weak_hit = loop {
            let r = a.compare_exchange_weak(N::MAX, 4, AcqRel, Relaxed);
            if r.is_ok() {
                break r;
            }
        };
        a.store(6, Release);
        format!("{swapped} {hit:?} {miss:?} {weak_miss:?} {weak_hit:?} {}", a.load(Acquire))
    });
    out.join("\n")
}

fn fetch_update_results() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let a = A::new(N::MAX - 1);
        let up = a.fetch_update(SeqCst, Relaxed, |n| n.checked_add(1));
        let full = a.fetch_update(AcqRel, Acquire, |n| n.checked_add(1));
        let none = a.fetch_update(Release, Relaxed, |_| None);
        let same = a.fetch_update(Relaxed, SeqCst, Some);
        format!(
            "{} {} {} {} {}",
            up == Ok(N::MAX - 1),
            full == Err(N::MAX),
            none.is_err(),
            same.is_ok(),
            a.load(SeqCst)
        )
    });
    out.join("\n")
}

fn update_and_try_update() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let a = A::new(20);
        let first = a.update(SeqCst, Relaxed, |n| n * 2);
        let second = a.try_update(AcqRel, Acquire, |n| n.checked_sub(1));
        let third = a.try_update(Relaxed, Relaxed, |_| None::<N>);
        format!("{first} {second:?} {third:?} {a:?}")
    });
    let b = AtomicBool::new(false);
    let mut n = [1];
    let p = AtomicPtr::new(&mut n[0]);
    let moved = p.update(SeqCst, SeqCst, |p| p.wrapping_add(1));
    out.push(format!(
        "{} {:?} {:?} {}",
        b.update(SeqCst, SeqCst, |b| !b),
        b.try_update(SeqCst, SeqCst, |b| if b { None } else { Some(true) }),
        b,
        p.load(SeqCst) == moved.wrapping_add(1)
    ));
    out.join("\n")
}

fn construction_and_texts() -> String {
    let mut out = Vec::new();
    each_width!(out, |A, N| {
        let mut a = A::from(N::MIN);
        *a.get_mut() += 1;
        let default = A::default();
        let text = format!("{a:?} {default:?} {:?} {:#x?}", Some(&a), A::new(10));
        format!("{text} {}", a.into_inner() == N::MIN + 1)
    });
    let mut b = AtomicBool::from(true);
    *b.get_mut() ^= true;
    out.push(format!("{b:?} {:?}", AtomicBool::default()));
    out.push(format!("{}", b.into_inner()));
    let p: AtomicPtr<u8> = AtomicPtr::default();
    out.push(format!("{} {}", p.load(SeqCst).is_null(), format!("{p:?}") == format!("{:?}", p.load(SeqCst))));
    out.push(format!("{}", format!("{p:p}") == format!("{:p}", p.load(SeqCst))));
    out.push(format!(
        "{SeqCst:?} {Relaxed:?} {Acquire:?} {Release:?} {AcqRel:?} {}",
        SeqCst == Ordering::SeqCst
    ));
    out.join("\n")
}

fn logic_of_bools() -> String {
    let mut out = Vec::new();
    for (start, with) in [(false, false), (false, true), (true, false), (true, true)] {
        let run = |f: fn(&AtomicBool, bool) -> bool| {
            let b = AtomicBool::new(start);
            let old = f(&b, with);
            (old == start, b.load(SeqCst))
        };
        out.push(format!(
            "{start} {with}: and {:?} or {:?} xor {:?} nand {:?} not {:?} swap {:?}",
            run(|b, w| b.fetch_and(w, SeqCst)),
            run(|b, w| b.fetch_or(w, AcqRel)),
            run(|b, w| b.fetch_xor(w, Relaxed)),
            run(|b, w| b.fetch_nand(w, Acquire)),
            run(|b, _| b.fetch_not(Release)),
            run(|b, w| b.swap(w, SeqCst)),
        ));
    }
    let b = AtomicBool::new(true);
    out.push(format!(
        "{:?} {:?} {:?} {b:?}",
        b.compare_exchange(false, true, SeqCst, SeqCst),
        b.compare_exchange(true, false, AcqRel, Relaxed),
        b.fetch_update(SeqCst, SeqCst, |b| (!b).then_some(true)),
    ));
    out.join("\n")
}

fn pointers() -> String {
    let mut numbers = [10, 20, 30];
    let base = numbers.as_mut_ptr();
    let mut p = AtomicPtr::new(base);
    let second = base.wrapping_add(1);
    let miss = p.compare_exchange(second, base, SeqCst, Relaxed) == Err(base);
    let hit = p.compare_exchange(base, second, AcqRel, Acquire) == Ok(base);
    let swapped = p.swap(base, SeqCst) == second;
    let updated = p.fetch_update(SeqCst, SeqCst, |q| if q == base { Some(second) } else { None }) == Ok(base);
    *p.get_mut() = base;
    p.store(second, Release);
    let loaded = p.load(Acquire) == second;
    let text = format!("{p:?}") == format!("{second:?}");
    let inner = p.into_inner() == second;
    let null = AtomicPtr::<String>::new(ptr::null_mut()).load(Relaxed).is_null();
    format!("{miss} {hit} {swapped} {updated} {loaded} {text} {inner} {null}")
}

fn pointer_arithmetic() -> String {
    let mut numbers = [0_u32; 4];
    let base = numbers.as_mut_ptr();
    let p = AtomicPtr::new(base);
    let a = p.fetch_ptr_add(2, SeqCst) == base && p.load(SeqCst) == base.wrapping_add(2);
    let b = p.fetch_ptr_sub(1, SeqCst) == base.wrapping_add(2) && p.load(SeqCst) == base.wrapping_add(1);
    let c = p.fetch_byte_add(4, SeqCst) == base.wrapping_add(1) && p.load(SeqCst) == base.wrapping_add(2);
    let d = p.fetch_byte_sub(8, SeqCst) == base.wrapping_add(2) && p.load(SeqCst) == base;
    let e = p.fetch_or(1, SeqCst) == base && p.load(SeqCst).addr() == base.addr() | 1;
    let f = p.fetch_xor(3, SeqCst).addr() == base.addr() | 1 && p.load(SeqCst).addr() == base.addr() | 2;
    let g = p.fetch_and(!3, SeqCst).addr() == base.addr() | 2 && p.load(SeqCst) == base;
    format!("{a} {b} {c} {d} {e} {f} {g}")
}

fn invalid_orderings_of_load_and_store() -> String {
    let mut out = Vec::new();
    let (a, b) = (AtomicU32::new(1), AtomicBool::new(true));
    let p = AtomicPtr::<i32>::new(ptr::null_mut());
    for order in black_box([Relaxed, Acquire, Release, AcqRel, SeqCst]) {
        out.push(format!(
            "{order:?}: load {:?} {:?} {:?} store {:?} {:?} {:?}",
            attempt(|| a.load(order)),
            attempt(|| b.load(order)),
            attempt(|| p.load(order).is_null()),
            attempt(|| a.store(1, order)),
            attempt(|| b.store(true, order)),
            attempt(|| p.store(ptr::null_mut(), order)),
        ));
    }
    out.join("\n")
}

fn invalid_orderings_of_exchanges() -> String {
    let mut out = Vec::new();
    let (a, b) = (AtomicI16::new(1), AtomicBool::new(true));
    for order in black_box([Relaxed, Acquire, Release, AcqRel, SeqCst]) {
        out.push(format!(
            "{order:?}: {:?} {:?} {:?} {:?} {:?} {:?}",
            attempt(|| a.compare_exchange(1, 1, SeqCst, order)),
            attempt(|| a.compare_exchange(2, 1, Relaxed, order)),
            attempt(|| a.compare_exchange_weak(2, 1, AcqRel, order)),
            attempt(|| b.compare_exchange(false, true, Acquire, order)),
            attempt(|| a.fetch_update(SeqCst, order, |_| None)),
            attempt(|| a.fetch_update(order, SeqCst, |_| None)),
        ));
    }
    out.join("\n")
}

fn invalid_orderings_of_fences() -> String {
    black_box([Relaxed, Acquire, Release, AcqRel, SeqCst])
        .map(|order| {
            format!("{order:?}: {:?} {:?}", attempt(|| fence(order)), attempt(|| compiler_fence(order)))
        })
        .join("\n")
}

fn sums_of_threads() -> String {
    let total = AtomicU8::new(250);
    let mut seen = thread::scope(|s| {
        let handles: Vec<_> =
            (0..3).map(|_| s.spawn(|| [0; 4].map(|_: i32| total.fetch_add(1, Relaxed)))).collect();
        handles.into_iter().flat_map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    seen.sort();
    format!("{seen:?} {total:?}")
}

fn update_loops_lose_nothing() -> String {
    let (a, b) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|s| {
        for n in 1..=3 {
            let (a, b) = (&a, &b);
            s.spawn(move || {
                for _ in 0..2 {
                    a.fetch_update(Relaxed, Relaxed, |v| Some(v + n)).unwrap();
                    let mut old = b.load(Relaxed);
                    while let Err(seen) = b.compare_exchange_weak(old, old + n, Relaxed, Relaxed) {
                        old = seen;
                    }
                }
            });
        }
    });
    format!("{a:?} {b:?}")
}

fn one_winner() -> String {
    let (exchange, flag, bit) = (AtomicI64::new(-1), AtomicBool::new(false), AtomicU16::new(0));
    let wins = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|n| {
                let (exchange, flag, bit) = (&exchange, &flag, &bit);
                s.spawn(move || {
                    [
                        exchange.compare_exchange(-1, n, SeqCst, SeqCst).is_ok(),
                        !flag.swap(true, AcqRel),
                        bit.fetch_or(4, AcqRel) & 4 == 0,
                    ]
                    .map(i32::from)
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|h| h.join().unwrap())
            .fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])
    });
    format!("{wins:?} {} {flag:?} {bit:?}", (0..3).contains(&exchange.load(SeqCst)))
}

fn swaps_keep_every_value() -> String {
    let cell = AtomicU64::new(0);
    let mut values = thread::scope(|s| {
        let handles: Vec<_> = (1..=3)
            .map(|n| {
                let cell = &cell;
                s.spawn(move || [cell.swap(n, AcqRel), cell.swap(n * 10, AcqRel)])
            })
            .collect();
        handles.into_iter().flat_map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    values.push(cell.into_inner());
    values.sort();
    format!("{values:?}")
}

fn minimum_and_maximum_of_threads() -> String {
    let (low, high) = (AtomicI32::new(0), AtomicIsize::new(isize::MIN));
    thread::scope(|s| {
        for n in [-3, 8, -20, 5] {
            let (low, high) = (&low, &high);
            s.spawn(move || {
                low.fetch_min(n, Relaxed);
                high.fetch_max(n as isize, Relaxed);
            });
        }
    });
    format!("{low:?} {high:?}")
}

/// Whoever sees the flag sees the data: by release and acquire, by fences, by a chain of exchanges.
fn message_passing() -> String {
    let (data, flag) = (AtomicU32::new(0), AtomicBool::new(false));
    let (data2, flag2) = (AtomicU32::new(0), AtomicI8::new(0));
    let right = thread::scope(|s| {
        s.spawn(|| {
            data.store(42, Relaxed);
            flag.store(true, Release);
            data2.store(7, Relaxed);
            fence(Release);
            flag2.fetch_add(1, Relaxed);
        });
        let relay = s.spawn(|| !flag.fetch_or(false, AcqRel) || data.load(Relaxed) == 42);
        let a = s.spawn(|| !flag.load(Acquire) || data.load(Relaxed) == 42);
        let b = s.spawn(|| {
            let seen = flag2.load(Relaxed);
            fence(Acquire);
            seen == 0 || (data2.load(Relaxed) == 7 && data.load(Relaxed) == 42)
        });
        [relay, a, b].map(|h| h.join().unwrap())
    });
    format!("{right:?} {data:?} {data2:?}")
}

/// What no memory model of Rust allows: both threads miss the other's SeqCst store.
fn store_buffering_is_excluded() -> String {
    let (x, y) = (AtomicU8::new(0), AtomicU8::new(0));
    let (p, q) = (AtomicU16::new(0), AtomicU16::new(0));
    thread::scope(|s| {
        let a = s.spawn(|| {
            x.store(1, SeqCst);
            let r = y.load(SeqCst);
            p.store(1, Relaxed);
            fence(SeqCst);
            (r, q.load(Relaxed))
        });
        let b = s.spawn(|| {
            y.store(1, SeqCst);
            let r = x.load(SeqCst);
            q.store(1, Relaxed);
            fence(SeqCst);
            (r, p.load(Relaxed))
        });
        let ((a1, a2), (b1, b2)) = (a.join().unwrap(), b.join().unwrap());
        format!("{} {}", a1 + b1 > 0, a2 + b2 > 0)
    })
}

/// One location never goes back for any reader, whatever the orderings.
fn coherence_of_one_location() -> String {
    let x = AtomicUsize::new(0);
    let sorted = thread::scope(|s| {
        s.spawn(|| (1..=4).for_each(|n| x.store(n, Relaxed)));
        let readers: Vec<_> =
            (0..2).map(|_| s.spawn(|| [0; 4].map(|_: i32| x.load(Relaxed)).is_sorted())).collect();
        readers.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    format!("{sorted:?} {x:?}")
}

fn static_counter() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let start = COUNT.load(SeqCst);
    let handles: Vec<_> = (0..3).map(|_| thread::spawn(|| COUNT.fetch_add(2, SeqCst))).collect();
    let mut seen: Vec<_> = handles.into_iter().map(|h| h.join().unwrap() - start).collect();
    seen.sort();
    format!("{seen:?} {}", COUNT.load(SeqCst) - start)
}

pub const PROGRAMS: &[Program] = &[
    ("atomic::add_and_sub_wrap_around", add_and_sub_wrap_around),
    ("atomic::bit_operations", bit_operations),
    ("atomic::min_and_max", min_and_max),
    ("atomic::exchanges", exchanges),
    ("atomic::fetch_update_results", fetch_update_results),
    ("atomic::update_and_try_update", update_and_try_update),
    ("atomic::construction_and_texts", construction_and_texts),
    ("atomic::logic_of_bools", logic_of_bools),
    ("atomic::pointers", pointers),
    ("atomic::pointer_arithmetic", pointer_arithmetic),
    ("atomic::invalid_orderings_of_load_and_store", invalid_orderings_of_load_and_store),
    ("atomic::invalid_orderings_of_exchanges", invalid_orderings_of_exchanges),
    ("atomic::invalid_orderings_of_fences", invalid_orderings_of_fences),
    ("atomic::sums_of_threads", sums_of_threads),
    ("atomic::update_loops_lose_nothing", update_loops_lose_nothing),
    ("atomic::one_winner", one_winner),
    ("atomic::swaps_keep_every_value", swaps_keep_every_value),
    ("atomic::minimum_and_maximum_of_threads", minimum_and_maximum_of_threads),
    ("atomic::message_passing", message_passing),
    ("atomic::store_buffering_is_excluded", store_buffering_is_excluded),
    ("atomic::coherence_of_one_location", coherence_of_one_location),
    ("atomic::static_counter", static_counter),
];
