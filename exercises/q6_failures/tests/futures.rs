//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q6_failures::api::{ExecutorError, FutureError};
use q6_failures::futures::{Executor, as_completed};

fn executor(threads: usize) -> Executor {
    Executor::new(threads).expect("some threads")
}

#[test]
fn a_future_brings_the_result() {
    let executor = executor(2);
    assert_eq!(executor.submit(|| 6 * 7).result(), Ok(42));
    assert_eq!(Executor::new(0).err(), Some(ExecutorError::NoThreads));
}

#[test]
fn a_panic_arrives_with_its_message() {
    let executor = executor(1);
    let future = executor.submit(|| -> u8 { panic!("no luck") });
    assert_eq!(future.result(), Err(FutureError::Panicked { message: "no luck".into() }));
    assert_eq!(executor.submit(|| 1).result(), Ok(1));
}

#[test]
fn every_result_comes_once() {
    let executor = executor(2);
    let futures = (0..5).map(|number| executor.submit(move || number * number)).collect();
    let mut results: Vec<_> = as_completed(futures).collect();
    results.sort_by_key(|(place, _)| *place);
    assert_eq!(results, [(0, Ok(0)), (1, Ok(1)), (2, Ok(4)), (3, Ok(9)), (4, Ok(16))]);
}

#[test]
fn what_is_cancelled_does_not_run() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let executor = executor(1);
    let first = executor.submit(move || wait.recv().is_err());
    let second = executor.submit(|| panic!("it runs"));
    assert!(second.cancel());
    drop(go);
    assert_eq!(first.result(), Ok(true));
    assert_eq!(second.result(), Err::<(), _>(FutureError::Cancelled));
}
