//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q6_failures::resources::with_resource;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_value_comes_back_and_the_resource_is_released() {
    let released = Cell::new(None);
    let result: Result<usize, String> = with_resource(
        || Ok(vec![1, 2]),
        |numbers| {
            numbers.push(3);
            Ok(numbers.len())
        },
        |numbers| released.set(Some(numbers)),
    );
    assert_eq!(result, Ok(3));
    assert_eq!(released.take(), Some(vec![1, 2, 3]));
}

#[test]
fn it_is_released_after_an_error_and_after_a_panic() {
    let released = Cell::new(0);
    let count = |()| released.set(released.get() + 1);
    let failed: Result<(), &str> = with_resource(|| Ok(()), |()| Err("no answer"), count);
    assert_eq!((failed, released.get()), (Err("no answer"), 1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        with_resource(|| Ok::<(), ()>(()), |()| -> Result<(), ()> { panic!("a bug") }, count)
    }));
    assert_eq!((panicked.is_err(), released.get()), (true, 2));
}
