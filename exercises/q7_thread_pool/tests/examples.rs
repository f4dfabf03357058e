//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q7_thread_pool::api::{Overflow, PoolError};
use q7_thread_pool::factorials::{factorial, factorials};
use q7_thread_pool::pool::ThreadPool;
use q7_thread_pool::with_rayon::factorials_with_rayon;
use std::sync::Arc;

#[test]
fn a_task_brings_its_result() {
    let pool = ThreadPool::new(2).expect("two threads");
    let pending = pool.submit(|| 6 * 7);
    assert_eq!(pending.result(), Ok(42));
}

#[test]
fn results_stand_in_the_order_of_the_inputs() {
    let pool = ThreadPool::new(3).expect("three threads");
    let lengths: Vec<_> = pool.map(["a", "bcd", "ef"], str::len).into_iter().map(Result::unwrap).collect();
    assert_eq!(lengths, [1, 3, 2]);
}

#[test]
fn a_panic_is_an_error_of_its_task() {
    let pool = ThreadPool::new(1).expect("a thread");
    let broken = pool.submit(|| panic!("on purpose"));
    let sound = pool.submit(|| 1);
    assert_eq!(broken.result().map_err(|panic| panic.message), Err::<(), _>("on purpose".to_owned()));
    assert_eq!(sound.result(), Ok(1));
}

#[test]
fn a_pool_needs_threads() {
    assert_eq!(ThreadPool::new(0).map(|_| ()).expect_err("no threads"), PoolError::NoThreads);
}

#[test]
fn factorials_go_as_far_as_128_bits() {
    let results = factorials(&[5, 0, 35], 2, Arc::new(factorial)).expect("two threads");
    assert_eq!(results, [Ok(120), Ok(1), Err(Overflow { n: 35 })]);
}

#[test]
fn rayon_comes_to_the_same() {
    let results = factorials_with_rayon(&[3, 4], 2, Arc::new(factorial)).expect("two threads");
    assert_eq!(results, [Ok(6), Ok(24)]);
}
