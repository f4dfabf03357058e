//! Statics begin every schedule as the compiler made them.
//!
//! A static outlives the schedule that changed it, and nothing can be told of its first value but its bytes. So the
//! bytes of each modelled object that lies among the program's statics are kept when a schedule first meets it, and
//! put back when a later schedule does. What a schedule had put there is not dropped, as a static never is.
//!
//! Statics that are used outside of any schedule, before or in between, belong to whoever does so: they are left
//! alone. So is everything on the heap or on a stack.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use interleave::rt::{self, Meeting, ObjectId};

/// What is known of a static.
struct Static {
    /// In bytes.
    size: usize,
    /// Its first bytes; nothing if somebody outside the schedules uses it.
    first: Option<Box<[MaybeUninit<u8>]>>,
}

/// By address. They do not overlap: a modelled object inside another one, which a program has put there, is met
/// after it, and is that one's business.
static STATICS: Mutex<BTreeMap<usize, Static>> = Mutex::new(BTreeMap::new());

/// To be called before every use of a modelled `object`, whose identity is `id`.
pub(crate) fn renew<T: ?Sized>(object: &T, id: &ObjectId) {
    match rt::meeting(id) {
        Meeting::Again => (),
        Meeting::First => restore(object),
        Meeting::Outside => disown(object),
    }
}

/// Does something with what is known of the object's own static; nothing if it is not one.
fn with_static<T: ?Sized>(object: &T, act: impl FnOnce(&mut Option<Static>)) {
    let address = std::ptr::from_ref(object).addr();
    if !is_static(address) {
        return;
    }
    let mut statics = STATICS.lock().unwrap_or_else(PoisonError::into_inner);
    let around = statics.range(..=address).next_back();
    let is_part = around.is_some_and(|(&start, around)| {
        let is_itself = start == address && around.size == size_of_val(object);
        address < start + around.size && !is_itself
    });
    if is_part {
        return;
    }
    let mut known = statics.remove(&address);
    act(&mut known);
    if let Some(known) = known {
        statics.insert(address, known);
    }
}

#[cold]
fn disown<T: ?Sized>(object: &T) {
    with_static(object, |known| *known = Some(Static { size: size_of_val(object), first: None }));
}

#[cold]
#[expect(unsafe_code, reason = "a type's first value is known as bytes only; see the SAFETY comments")]
fn restore<T: ?Sized>(object: &T) {
    let size = size_of_val(object);
    let bytes = std::ptr::from_ref(object).cast::<MaybeUninit<u8>>().cast_mut();
    with_static(object, |known| match known {
        None => {
            // SAFETY: the bytes of a live value, read as bytes that may be anything.
            let first = unsafe { std::slice::from_raw_parts(bytes, size) };
            *known = Some(Static { size, first: Some(first.into()) });
        }
        Some(Static { first: Some(first), .. }) => {
            // SAFETY: the value lies in writable memory, since a modelled object can be changed while it is shared,
            // and these are the bytes that the compiler gave it there: a valid value that owns nothing, because
            // nothing can be allocated at compile time. Nobody looks at it meanwhile: the only thread of this
            // schedule that runs has not met it yet, the threads of earlier schedules have ended or stopped for
            // ever, and nobody outside has ever used it.
            unsafe { bytes.copy_from_nonoverlapping(first.as_ptr(), first.len()) };
        }
        Some(Static { first: None, .. }) => (),
    });
}

/// Whether an address lies among the statics that can be changed.
#[expect(unsafe_code, reason = "the linker's marks have no safe name")]
fn is_static(address: usize) -> bool {
    unsafe extern "C" {
        static __data_start: u8;
        static _end: u8;
    }
    // Only their addresses are taken. They are part of every program on this system.
    let statics = (&raw const __data_start).addr()..(&raw const _end).addr();
    statics.contains(&address)
}
