//! What is open in the box, for a compiler and for a respondent.
//!
//! Knows what programs need from a Linux system. Everything that it does not name is closed.

use super::{Order, Sandbox, Slot};
use std::path::PathBuf;
use wire::Policy;

/// Where shared libraries lie.
pub(super) const LIBRARIES: &[&str] = &["/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib32", "/lib64"];

/// What else every program reads. No `/proc`, if it can be helped, and never to write: through it a
/// program could change its own memory, which no safe Rust can.
const DEVICES: &[&str] = &["/etc/ld.so.cache", "/dev/urandom", "/dev/random", "/dev/zero"];

/// Programs that load programs, where the systems that we know keep them.
const LOADERS: &[&str] = &[
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// What a compiler runs and reads besides its own toolchain: the linker and what that needs.
pub(super) const LINKER: &[&str] = &["/usr/bin", "/usr/libexec", "/bin", "/etc/alternatives"];

/// The policy for what `order` starts.
pub(super) fn policy(sandbox: &Sandbox, slot: &Slot, order: &Order<'_>) -> Policy {
    let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
    // The kernel counts the tasks of a user: inside a namespace only what is there, else whatever others of that user run.
    let is_alone = sandbox.layers.namespaces || slot.user().is_some();
    let mut policy = Policy {
        most: order.limits.most(if is_alone { 0 } else { procs::all_tasks() }),
        filter: sandbox.layers.seccomp,
        fixed_rights: !order.compiler,
        // Threads need none to talk to each other, and could sleep in one where time is virtual.
        no_sockets: !order.compiler && !order.sees_processes,
        ..Policy::default()
    };
    if slot.user().is_none() && !sandbox.layers.namespaces {
        policy.spared = spared();
    }
    if !sandbox.layers.landlock {
        return policy;
    }
    policy.reads = [paths(LIBRARIES), paths(DEVICES)].concat();
    policy.reads.extend(order.reads.iter().map(|path| path.to_path_buf()));
    policy.writes = paths(&["/dev/null"]);
    policy.writes.push(order.temporary.to_path_buf());
    if order.compiler {
        policy.reads.push(order.folder.to_path_buf());
        policy.runs = [paths(LINKER), paths(LIBRARIES)].concat();
        policy.runs.push(sandbox.sysroot().to_path_buf());
    } else {
        policy.runs = paths(LOADERS);
        policy.runs.push(order.program.to_path_buf());
        policy.writes.push("/dev/shm".into());
        policy.reads.extend(order.sees_processes.then(|| PathBuf::from("/proc")));
    }
    policy
}

/// Ourselves and all above us: they may be the same user as the answer.
fn spared() -> Vec<u32> {
    let mut all = vec![std::process::id()];
    while let Some(parent) = all.last().and_then(|&pid| procs::parent(pid)).filter(|&parent| parent > 1) {
        all.push(parent);
    }
    all
}
