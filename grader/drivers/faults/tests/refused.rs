//! A system that has no thread left, and has some again. One test, alone in its program: whoever else starts threads would be refused,
//! too.

use drivers_faults::threads_left;
use std::thread;

#[test]
fn threads_are_refused_after_so_many_and_no_longer_than_that() {
    threads_left(Some(2));
    let ended = || thread::Builder::new().spawn(|| ()).map(|thread| thread.join().is_ok());
    assert!(ended().is_ok_and(|well| well) && ended().is_ok_and(|well| well));
    assert_eq!(ended().map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
    assert!(ended().is_err(), "it stays so");
    threads_left(None);
    assert!(ended().is_ok_and(|well| well));
}
