//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q1_threads_or_processes::api::{Bound, Choice, Model, Reason, Runtime, Sharing, Workload};
use q1_threads_or_processes::choose::choose;

/// Tasks that wait, in Rust, and ask for nothing.
const PLAIN: Workload = Workload {
    runtime: Runtime::Rust,
    bound: Bound::Io,
    sharing: Sharing::Nothing,
    untrusted: false,
    must_survive_crash: false,
    memory_is_tight: false,
    starts_often: false,
};

#[test]
fn whoever_waits_needs_no_processor() {
    assert_eq!(choose(&PLAIN), Choice { model: Model::Threads, because: Reason::Waiting });
}

#[test]
fn under_the_gil_only_processes_compute_at_once() {
    let training = Workload { runtime: Runtime::CPython, bound: Bound::Cpu, ..PLAIN };
    assert_eq!(choose(&training), Choice { model: Model::Processes, because: Reason::Gil });
}

#[test]
fn a_stranger_gets_a_process_whatever_it_costs() {
    let plugin = Workload { untrusted: true, sharing: Sharing::Mutable, memory_is_tight: true, ..PLAIN };
    assert_eq!(choose(&plugin), Choice { model: Model::Processes, because: Reason::Isolation });
}
