//! What all atomics share: the way to the scheduler, or to the real cell outside a schedule.

use std::panic::Location;
use std::sync::atomic::Ordering;

use interleave::rt::atomic::{Access, Cell, Orders};
use interleave::rt::{Kind, ObjectId, Shape};

use crate::fresh;

/// A value of at most 64 bits.
pub(super) trait Bits: Copy {
    const SHAPE: Shape;
    fn to_bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;
}

/// A modelled atomic.
pub(super) trait Modelled {
    type Value: Bits;
    const LABEL: &'static str;
    fn id(&self) -> &ObjectId;
    fn cell(&self) -> &dyn Cell;
}

fn access<'a, A: Modelled>(atomic: &'a A, site: &'static Location<'static>) -> Access<'a> {
    fresh::renew(atomic, atomic.id());
    let kind = Kind { label: A::LABEL, type_name: "", shape: A::Value::SHAPE };
    Access { id: atomic.id(), kind, cell: atomic.cell(), site }
}

#[track_caller]
pub(super) fn load<A: Modelled>(atomic: &A, order: Ordering) -> A::Value {
    match order {
        Ordering::Release => panic!("there is no such thing as a release load"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release load"),
        _ => (),
    }
    let bits = access(atomic, Location::caller()).load(order);
    A::Value::from_bits(bits.unwrap_or_else(|| atomic.cell().get()))
}

#[track_caller]
pub(super) fn store<A: Modelled>(atomic: &A, value: A::Value, order: Ordering) {
    match order {
        Ordering::Acquire => panic!("there is no such thing as an acquire store"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release store"),
        _ => (),
    }
    if !access(atomic, Location::caller()).store(value.to_bits(), order) {
        atomic.cell().set(value.to_bits());
    }
}

/// A read-modify-write that always succeeds. The former value is returned.
#[track_caller]
pub(super) fn replace<A: Modelled>(
    atomic: &A,
    verb: &'static str,
    order: Ordering,
    change: impl Fn(A::Value) -> A::Value,
) -> A::Value {
    let orders = Orders { success: order, failure: Ordering::Relaxed };
    let change = |bits| Some(change(A::Value::from_bits(bits)).to_bits());
    let site = Location::caller();
    let done = access(atomic, site).modify(verb, orders, false, change);
    let bits = match done.unwrap_or_else(|| atomic.cell().modify(&change)) {
        Ok(bits) | Err(bits) => bits,
    };
    A::Value::from_bits(bits)
}

/// `compare_exchange` and its weak form.
#[track_caller]
pub(super) fn exchange<A: Modelled>(
    atomic: &A,
    (current, new): (A::Value, A::Value),
    (success, failure): (Ordering, Ordering),
    weak: bool,
) -> Result<A::Value, A::Value> {
    match failure {
        Ordering::Release => panic!("there is no such thing as a release failure ordering"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release failure ordering"),
        _ => (),
    }
    let verb = if weak { "compare_exchange_weak" } else { "compare_exchange" };
    let change = |bits| (bits == current.to_bits()).then(|| new.to_bits());
    let done = access(atomic, Location::caller()).modify(verb, Orders { success, failure }, weak, change);
    let result = done.unwrap_or_else(|| atomic.cell().modify(&change));
    result.map(A::Value::from_bits).map_err(A::Value::from_bits)
}

/// `fetch_update` as the standard library does it: a load and as many weak exchanges as it takes.
#[track_caller]
pub(super) fn update<A: Modelled>(
    atomic: &A,
    (set_order, fetch_order): (Ordering, Ordering),
    mut change: impl FnMut(A::Value) -> Option<A::Value>,
) -> Result<A::Value, A::Value> {
    let mut before = load(atomic, fetch_order);
    while let Some(after) = change(before) {
        match exchange(atomic, (before, after), (set_order, fetch_order), true) {
            Ok(before) => return Ok(before),
            Err(found) => before = found,
        }
    }
    Err(before)
}

/// The same where `change` always gives a value. The former one is returned.
#[track_caller]
pub(super) fn always_update<A: Modelled>(
    atomic: &A,
    orders: (Ordering, Ordering),
    mut change: impl FnMut(A::Value) -> A::Value,
) -> A::Value {
    match update(atomic, orders, |before| Some(change(before))) {
        Ok(before) | Err(before) => before,
    }
}
