//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::event::Event;
use std::thread;
use std::time::Duration;

#[test]
fn an_event_stays_set_until_it_is_cleared() {
    let event = Event::new();
    assert_eq!(event.is_set(), false);
    event.set();
    event.wait();
    assert_eq!(event.is_set(), true);
    event.clear();
    assert_eq!(event.wait_timeout(Duration::from_millis(1)), false);
}

#[test]
fn one_set_lets_all_who_wait_go_on() {
    let event = Event::new();
    thread::scope(|scope| {
        scope.spawn(|| event.wait());
        scope.spawn(|| event.wait());
        event.set();
    });
}
