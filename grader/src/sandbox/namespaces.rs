//! Namespaces of its own for every run, by bubblewrap: other files, other processes, no network.
//!
//! Knows bubblewrap's command line. What is open inside is said by the policy; here it is only shown.

use super::policy::{LIBRARIES, LINKER};
use super::{Order, Sandbox};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Folders of a system that are links into `/usr`, or folders of their own on older ones.
const ROOTS: &[&str] = &["/bin", "/lib", "/lib32", "/lib64"];

/// Where bubblewrap is, if it is installed. `PATH` is not asked: it may be anybody's.
pub(super) fn program() -> Option<PathBuf> {
    ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

/// The arguments of bubblewrap for what `order` starts, up to the program that it is to run.
pub(super) fn arguments(sandbox: &Sandbox, order: &Order<'_>) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut add = |words: &[&dyn AsRef<std::ffi::OsStr>]| {
        args.extend(words.iter().map(|word| word.as_ref().to_owned()));
    };
    add(&[&"--unshare-all"]);
    if order.reaper.is_some() {
        // The reaper can wait for everybody, and tells how a program ended. It sees by itself that the judge has
        // gone; for the kernel a parent dies when the thread does that made the box, and others may still use it.
        add(&[&"--as-pid-1"]);
    } else {
        add(&[&"--die-with-parent"]);
    }
    for root in ROOTS.iter().map(Path::new) {
        match std::fs::read_link(root) {
            Ok(target) => add(&[&"--symlink", &target, &root]),
            Err(_) => add(&[&"--ro-bind-try", &root, &root]),
        }
    }
    for path in LIBRARIES.iter().filter(|path| path.starts_with("/usr")) {
        add(&[&"--ro-bind-try", path, path]);
    }
    add(&[&"--ro-bind-try", &"/etc/ld.so.cache", &"/etc/ld.so.cache"]);
    add(&[&"--proc", &"/proc", &"--dev", &"/dev"]);
    let size = order.limits.disk_bytes.to_string();
    add(&[&"--size", &size, &"--tmpfs", &"/dev/shm"]);
    add(&[&"--ro-bind", &sandbox.init, &sandbox.init]);
    for path in &order.reads {
        add(&[&"--ro-bind", path, path]);
    }
    if order.compiler {
        for path in LINKER.iter().filter(|path| !ROOTS.contains(path)) {
            add(&[&"--ro-bind-try", path, path]);
        }
        add(&[&"--ro-bind", &sandbox.sysroot(), &sandbox.sysroot()]);
        add(&[&"--ro-bind", &order.folder, &order.folder]);
        add(&[&"--bind", &order.temporary, &order.temporary]);
    } else {
        add(&[&"--ro-bind", &order.program, &order.program]);
        add(&[&"--size", &size, &"--tmpfs", &order.temporary]);
    }
    add(&[&"--chdir", &order.folder, &"--"]);
    args
}
