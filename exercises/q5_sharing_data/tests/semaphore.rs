//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::semaphore::Semaphore;
use std::time::Duration;

#[test]
fn a_permit_comes_back_when_it_is_dropped() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.acquire();
    assert_eq!(semaphore.available(), 1);
    drop(permit);
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn without_a_free_permit_a_try_is_none() {
    let semaphore = Semaphore::new(1);
    let _permit = semaphore.acquire();
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
}
