//! Thread-local values of the modelled threads, and of real ones outside a schedule.
//!
//! All threads of a schedule share one operating-system thread, so the values cannot live in the standard library's own
//! thread-local storage: they live in tables, which are exchanged when another thread goes on. Order and states
//! are the standard library's: values with a destructor go in the reverse order of their birth, each is out of reach
//! from then on, and what a destructor makes anew goes as well. Knows nothing of schedules.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// Names one thread-local value, by its own address. It has a size, so that no two share one.
#[derive(Debug)]
pub struct LocalId {
    _size: u8,
}

impl LocalId {
    /// An identity for a static.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "an identity is no default value")]
    pub const fn new() -> Self {
        Self { _size: 0 }
    }

    fn address(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// The value is out of reach: its thread is ending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gone;

struct Local {
    key: usize,
    /// Nothing once it has been destroyed.
    value: Option<Rc<dyn Any>>,
    has_destructor: bool,
}

/// The values of a thread that does not run.
#[derive(Default)]
pub(crate) struct Locals(Vec<Local>);

impl Locals {
    /// The end of a thread that will never run again: its values stay where they are, out of reach.
    pub(crate) fn forget(&mut self) {
        std::mem::take(&mut self.0).into_iter().for_each(std::mem::forget);
    }
}

/// The values of the running thread.
#[derive(Default)]
struct Table(RefCell<Vec<Local>>);

impl Drop for Table {
    fn drop(&mut self) {
        self.destroy();
    }
}

std::thread_local! {
    static TABLE: Table = Table::default();
}

impl Table {
    fn find(&self, key: usize) -> Option<Option<Rc<dyn Any>>> {
        self.0.borrow().iter().find(|local| local.key == key).map(|local| local.value.clone())
    }

    fn keep<T: 'static>(&self, key: usize, value: Rc<T>) {
        let mut locals = self.0.borrow_mut();
        let value: Option<Rc<dyn Any>> = Some(value);
        let replaced = match locals.iter_mut().find(|local| local.key == key) {
            // Made once more by its own initialiser: the later one stays.
            Some(local) => std::mem::replace(&mut local.value, value),
            None => {
                locals.push(Local { key, value, has_destructor: std::mem::needs_drop::<T>() });
                None
            }
        };
        drop(locals);
        drop(replaced);
    }

    /// One value at a time, never with the table in use: destructors look at other values and make new ones.
    fn destroy(&self) {
        loop {
            let next = {
                let mut locals = self.0.borrow_mut();
                let last =
                    locals.iter_mut().rev().find(|local| local.has_destructor && local.value.is_some());
                last.and_then(|local| local.value.take())
            };
            match next {
                Some(value) => drop(value),
                None => break,
            }
        }
        self.0.borrow_mut().clear();
    }
}

/// Uses the current thread's value, which `init` makes if there is none yet.
///
/// # Errors
/// If it has been destroyed already, or the thread is too far gone.
pub fn with<T: 'static, R>(
    id: &'static LocalId,
    init: impl FnOnce() -> T,
    use_it: impl FnOnce(&T) -> R,
) -> Result<R, Gone> {
    let key = id.address();
    let find = || TABLE.try_with(|table| table.find(key)).map_err(|_| Gone);
    let value = match find()? {
        Some(Some(value)) => value,
        Some(None) => return Err(Gone),
        None => {
            let value = Rc::new(init());
            TABLE.try_with(|table| table.keep(key, Rc::clone(&value))).map_err(|_| Gone)?;
            value
        }
    };
    match value.downcast_ref::<T>() {
        Some(value) => Ok(use_it(value)),
        None => unreachable!("an identity belongs to one type"),
    }
}

/// Makes `locals` the values of the running thread, and gives the last one's back.
pub(crate) fn exchange(locals: &mut Locals) {
    // If the table itself is gone, so are they.
    let _ = TABLE.try_with(|table| std::mem::swap(&mut *table.0.borrow_mut(), &mut locals.0));
}

/// Whether the end of the current thread will run any destructor.
pub(crate) fn has_destructors() -> bool {
    let any = |table: &Table| table.0.borrow().iter().any(|local| local.has_destructor);
    TABLE.try_with(any).unwrap_or(false)
}

/// The end of a thread whose schedule is over: its values stay where they are, out of reach.
pub(crate) fn forget_all() {
    let _ = TABLE.try_with(|table| table.0.take().into_iter().for_each(std::mem::forget));
}

/// The end of a modelled thread: its values go.
pub(crate) fn destroy_all() {
    // If the table itself is gone, so are they.
    let _ = TABLE.try_with(Table::destroy);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    static FIRST: LocalId = LocalId::new();
    static SECOND: LocalId = LocalId::new();
    static PLAIN: LocalId = LocalId::new();

    std::thread_local! {
        static GONE: RefCell<Vec<(&'static str, bool)>> = const { RefCell::new(Vec::new()) };
    }

    struct Tells(&'static str);

    impl Drop for Tells {
        fn drop(&mut self) {
            let own = if self.0 == "first" { &FIRST } else { &SECOND };
            let own_is_gone = with(own, || Tells("again"), |_| ()).is_err();
            let plain = with(&PLAIN, || Cell::new(0), Cell::get);
            assert_eq!(plain, Ok(7));
            GONE.with_borrow_mut(|gone| gone.push((self.0, own_is_gone)));
        }
    }

    #[test]
    fn values_go_in_reverse_order_and_are_out_of_reach_then() {
        assert_eq!(with(&PLAIN, || Cell::new(7), Cell::get), Ok(7));
        assert_eq!(with(&PLAIN, || Cell::new(8), Cell::get), Ok(7));
        assert_eq!(with(&FIRST, || Tells("first"), |tells| tells.0), Ok("first"));
        assert_eq!(with(&SECOND, || Tells("second"), |tells| tells.0), Ok("second"));
        destroy_all();
        assert_eq!(GONE.take(), [("second", true), ("first", true)]);
        // A thread of the next schedule begins with nothing.
        assert_eq!(with(&PLAIN, || Cell::new(9), Cell::get), Ok(9));
    }
}
