//! Atomic cells and fences.
//!
//! Values travel as 64 bits; the modelled types convert. The memory model itself is in `memory`.

use std::sync::atomic::Ordering;

use crate::context;
use crate::memory;
use crate::names::Site;
use crate::object::{Kind, ObjectId};
use crate::state::State;
use crate::trace::Detail;

/// The real cell behind a modelled atomic. It always holds the newest value.
pub trait Cell {
    /// Reads it.
    fn get(&self) -> u64;
    /// Writes it.
    fn set(&self, bits: u64);
    /// Replaces its value if `change` says so, in one step; for use outside a schedule.
    ///
    /// # Errors
    /// The value found, if `change` gives nothing for it.
    fn modify(&self, change: &dyn Fn(u64) -> Option<u64>) -> Result<u64, u64>;
}

macro_rules! cell {
    ($($name:ident, $encode:expr, $decode:expr;)*) => { $(
        impl Cell for std::sync::atomic::$name {
            fn get(&self) -> u64 {
                $encode(self.load(Ordering::SeqCst))
            }

            fn set(&self, bits: u64) {
                self.store($decode(bits), Ordering::SeqCst);
            }

            fn modify(&self, change: &dyn Fn(u64) -> Option<u64>) -> Result<u64, u64> {
                let change = |before| change($encode(before)).map($decode);
                self.fetch_update(Ordering::SeqCst, Ordering::SeqCst, change).map($encode).map_err($encode)
            }
        }
    )* };
}

cell! {
    AtomicBool, u64::from, |bits| bits != 0;
    AtomicI8, |value| value as u64, |bits| bits as i8;
    AtomicI16, |value| value as u64, |bits| bits as i16;
    AtomicI32, |value| value as u64, |bits| bits as i32;
    AtomicI64, |value| value as u64, |bits| bits as i64;
    AtomicIsize, |value| value as u64, |bits| bits as isize;
    AtomicU8, u64::from, |bits| bits as u8;
    AtomicU16, u64::from, |bits| bits as u16;
    AtomicU32, u64::from, |bits| bits as u32;
    AtomicU64, u64::from, |bits| bits;
    AtomicUsize, |value| value as u64, |bits| bits as usize;
}

/// An atomic as the scheduler sees it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Its identity.
    pub id: &'a ObjectId,
    /// Its type.
    pub kind: Kind,
    /// Its value.
    pub cell: &'a dyn Cell,
    /// Where it is used.
    pub site: Site,
}

/// The two orderings of a read-modify-write.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// If it succeeds.
    pub success: Ordering,
    /// If it fails.
    pub failure: Ordering,
}

impl Access<'_> {
    /// Reads, perhaps an old value; nothing outside a schedule.
    #[must_use]
    pub fn load(self, order: Ordering) -> Option<u64> {
        self.at_point(|state, me, object| {
            let State { threads, objects, chance, .. } = state;
            let history = &mut objects[object].history;
            let (bits, old) = history.load(me, &mut threads[me].view, order, chance);
            let detail = if old { Detail::OldValue(bits, order) } else { Detail::Value(bits, order) };
            ("load", detail, bits)
        })
    }

    /// Writes; false outside a schedule.
    pub fn store(self, bits: u64, order: Ordering) -> bool {
        let done = self.at_point(|state, me, object| {
            let State { threads, objects, total, .. } = state;
            objects[object].history.store(me, &mut threads[me].view, bits, order, total);
            self.cell.set(bits);
            ("store", Detail::Value(bits, order), ())
        });
        done.is_some()
    }

    /// Reads the newest value and replaces it if `change` says so. With `weak` it may fail for no reason.
    pub fn modify(
        self,
        verb: &'static str,
        orders: Orders,
        weak: bool,
        change: impl FnOnce(u64) -> Option<u64>,
    ) -> Option<Result<u64, u64>> {
        self.at_point(|state, me, object| {
            let State { threads, objects, chance, total, .. } = state;
            let (history, view) = (&mut objects[object].history, &mut threads[me].view);
            let before = history.current();
            let spurious = weak && chance.surprise(8);
            match change(before) {
                Some(after) if !spurious => {
                    history.replace(me, view, after, orders.success, total);
                    self.cell.set(after);
                    (verb, Detail::Change(before, after, orders.success), Ok(before))
                }
                wanted => {
                    history.load_newest(me, view, orders.failure);
                    let detail = match wanted {
                        Some(_) => Detail::FailedSpuriously(before),
                        None => Detail::Found(before, orders.failure),
                    };
                    (verb, detail, Err(before))
                }
            }
        })
    }

    fn at_point<R>(
        self,
        operation: impl FnOnce(&mut State, usize, usize) -> (&'static str, Detail, R),
    ) -> Option<R> {
        let here = context::here()?;
        let (mut state, site) = here.point(self.site);
        let object = state.object(here.execution.epoch, self.id, self.kind);
        state.object_mut(object).history.settle(self.cell.get());
        let (verb, detail, result) = operation(&mut state, here.me, object.0 as usize);
        state.count_look(here.me, changes_nothing(verb, &detail));
        state.record(here.me, verb, Some(object), site, detail);
        Some(result)
    }
}

fn changes_nothing(verb: &str, detail: &Detail) -> bool {
    match detail {
        Detail::Value(..) | Detail::OldValue(..) => verb == "load",
        Detail::Change(before, after, _) => before == after,
        _ => true,
    }
}

/// A fence; false outside a schedule. Its place in the one order for all can be seen by other threads, if it has one; else
/// it is no scheduling point.
pub fn fence(order: Ordering, site: Site) -> bool {
    let Some(here) = context::here() else { return false };
    let (mut state, site) = match order {
        Ordering::SeqCst => here.point(site),
        _ => (here.lock(), site),
    };
    let State { threads, total, .. } = &mut *state;
    memory::fence(here.me, &mut threads[here.me].view, total, order);
    state.record(here.me, "fence", None, site, Detail::Order(order));
    true
}
