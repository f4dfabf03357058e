//! The way into the box: closes it around one program, or stays in it as the reaper of programs that are let
//! in one after the other.
//!
//! Knows nothing of questions. The judge starts it as the user that the program shall have. What the
//! policy closes is closed between a program's fork and its exec, never around the reaper.

#![deny(unsafe_code)]

mod calls;
mod canary;
mod enter;
mod files;
mod orders;
mod reaper;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use wire::Policy;

fn main() -> ExitCode {
    let all: Vec<OsString> = std::env::args_os().skip(1).collect();
    if all.first().is_some_and(|word| word == wire::CANARY) {
        return canary::sing(all.into_iter().skip(1));
    }
    if all.len() == 1 && all[0] == wire::REAP {
        return reaper::serve();
    }
    let mut args = all.into_iter();
    let (Some(policy), Some(program)) = (Policy::from_args(&mut args), args.next()) else {
        let _ = writeln!(
            io::stderr(),
            "usage: sandbox-init [policy] -- program [argument]...\n       sandbox-init {}",
            wire::REAP
        );
        return ExitCode::from(2);
    };
    enter::enter(&policy, &program, args)
}
