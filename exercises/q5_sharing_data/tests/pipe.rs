//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]
#![allow(clippy::drop_non_drop, reason = "in the stub a connection holds nothing yet")]

use nix::sys::wait::{WaitStatus, waitpid};
use pretty_assertions::assert_eq;
use q5_sharing_data::link_error::LinkError;
use q5_sharing_data::processes::pipe::{Connection, pair};
use std::panic;
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: [(&str, fn()); 3] = [
    ("messages_go_in_both_directions", messages_go_in_both_directions),
    ("a_long_message_gets_through", a_long_message_gets_through),
    ("silence_and_the_end_are_told_apart", silence_and_the_end_are_told_apart),
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

/// What a child does with its end.
type Body = fn(&mut Connection<String>) -> Result<(), LinkError>;

/// Starts a child with one end; `and` is done with the other, and then the child must have ended well.
fn with_child(body: Body, and: impl FnOnce(&mut Connection<String>)) {
    let (mine, theirs) = pair().expect("a connection");
    let (mut mine, mut theirs) = (Some(mine), Some(theirs));
    let child = toolkit::fork(|| {
        drop(mine.take()); // or the child would keep itself from seeing the end
        theirs.take().map_or(1, |mut end| i32::from(body(&mut end).is_err()))
    });
    let child = child.expect("a child");
    drop(theirs.take());
    and(mine.as_mut().expect("the caller's end"));
    drop(mine);
    assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
}

fn messages_go_in_both_directions() {
    let echo: Body = |end| {
        let text = end.recv()?;
        end.send(&format!("{text}, too"))
    };
    with_child(echo, |end| {
        assert_eq!(end.send(&"hello".to_owned()), Ok(()));
        assert_eq!(end.recv(), Ok("hello, too".to_owned()));
    });
}

fn a_long_message_gets_through() {
    with_child(
        |end| end.send(&"x".repeat(1 << 20)),
        |end| {
            assert_eq!(end.recv().map(|text| text.len()), Ok(1 << 20));
        },
    );
}

fn silence_and_the_end_are_told_apart() {
    let waits: Body = |end| end.recv().map(drop);
    with_child(waits, |end| {
        assert_eq!(end.recv_timeout(Duration::from_millis(5)), Err(LinkError::TimedOut));
        assert_eq!(end.send(&"go".to_owned()), Ok(()));
        assert_eq!(end.recv_timeout(Duration::MAX), Err(LinkError::Disconnected));
    });
}
