//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]
#![allow(clippy::drop_non_drop, reason = "in the stub a manager holds nothing yet")]

use nix::sys::wait::{WaitStatus, waitpid};
use pretty_assertions::assert_eq;
use q5_sharing_data::link_error::LinkError;
use q5_sharing_data::processes::manager::Manager;
use std::panic;
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: [(&str, fn()); 3] = [
    ("a_list_is_shared", a_list_is_shared),
    ("a_dictionary_tells_what_was_there", a_dictionary_tells_what_was_there),
    ("a_queue_waits_and_ends_with_the_manager", a_queue_waits_and_ends_with_the_manager),
];

pub(crate) fn main() -> ExitCode {
    println!("running {} tests", EXAMPLES.len());
    let mut failed = 0;
    for (name, example) in EXAMPLES {
        let passed = panic::catch_unwind(example).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, EXAMPLES.len() - failed);
    println!("\ntest result: {word}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

fn a_list_is_shared() {
    let mut manager = Manager::new().expect("a server");
    let mut list = manager.list().expect("a list");
    let child = toolkit::fork(|| i32::from(list.push("from the child").is_err())).expect("a child");
    assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
    assert_eq!(list.push("from the caller"), Ok(()));
    assert_eq!(list.to_vec(), Ok(vec!["from the child".to_owned(), "from the caller".to_owned()]));
    assert_eq!((list.set(1, "changed"), list.get(1)), (Ok(true), Ok(Some("changed".to_owned()))));
    assert_eq!((list.count(), list.get(2)), (Ok(2), Ok(None)));
}

fn a_dictionary_tells_what_was_there() {
    let mut dict = Manager::new().and_then(|mut manager| manager.dict().map(|dict| (manager, dict)));
    let (_manager, dict) = dict.as_mut().expect("a dictionary");
    assert_eq!(dict.insert("a", "1"), Ok(None));
    assert_eq!(dict.insert("a", "2"), Ok(Some("1".to_owned())));
    assert_eq!((dict.get("a"), dict.get("b")), (Ok(Some("2".to_owned())), Ok(None)));
    assert_eq!(dict.keys(), Ok(vec!["a".to_owned()]));
    assert_eq!(dict.remove("a"), Ok(Some("2".to_owned())));
}

fn a_queue_waits_and_ends_with_the_manager() {
    let mut manager = Manager::new().expect("a server");
    let mut queue = manager.queue().expect("a queue");
    assert_eq!(queue.get_timeout(Duration::from_millis(5)), Err(LinkError::TimedOut));
    let child = toolkit::fork(|| i32::from(queue.get() != Ok("work".to_owned()))).expect("a child");
    assert_eq!(queue.put("work"), Ok(()));
    assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
    drop(manager);
    assert_eq!(queue.put("late"), Err(LinkError::Disconnected));
}
