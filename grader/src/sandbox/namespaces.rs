//! Namespaces of its own for every run, by bubblewrap: other files, other processes, no network.
//!
//! Knows bubblewrap's command line. What is open inside is said by the policy; here it is only shown.

use super::policy::{LIBRARIES, LINKER};
use super::{Sandbox, Surroundings};
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

/// The arguments of bubblewrap for such a box, up to the program that it is to run. `outlives_judge` is for a reaper.
pub(super) fn arguments(sandbox: &Sandbox, around: &Surroundings<'_>, outlives_judge: bool) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut add = |words: &[&dyn AsRef<std::ffi::OsStr>]| {
        args.extend(words.iter().map(|word| word.as_ref().to_owned()));
    };
    add(&[&"--unshare-all"]);
    if outlives_judge {
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
    let size = around.disk_bytes.to_string();
    add(&[&"--size", &size, &"--tmpfs", &"/dev/shm"]);
    add(&[&"--ro-bind", &sandbox.init, &sandbox.init]);
    for path in &around.shows {
        add(&[&"--ro-bind", path, path]);
    }
    if around.compiler {
        for path in LINKER.iter().filter(|path| !ROOTS.contains(path)) {
            add(&[&"--ro-bind-try", path, path]);
        }
        add(&[&"--ro-bind", &sandbox.sysroot(), &sandbox.sysroot()]);
        add(&[&"--ro-bind", &around.folder, &around.folder]);
        add(&[&"--bind", &around.temporary, &around.temporary]);
    } else {
        add(&[&"--size", &size, &"--tmpfs", &around.temporary]);
    }
    add(&[&"--chdir", &around.folder, &"--"]);
    args
}
