//! Attacks on whoever cleans up after a run, and on whoever reads what it has printed.

use crate::Attack;
use crate::target::{Target, Tried, scratch};
use nix::fcntl::{OFlag, open, openat};
use nix::sys::prctl;
use nix::sys::stat::{Mode, mkdirat};
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::process::{Command, Stdio};
use std::thread;

pub(crate) fn find(name: &str) -> Option<Attack> {
    Some(match name {
        "links_for_the_cleaner" => links_for_the_cleaner,
        "hard_link" => hard_link,
        "deep_folders" => |_| deep_folders(),
        "many_files" => |_| many_files(),
        "locked_folders" => |_| locked_folders(),
        "shared_memory_left" => {
            |target| Ok(fs::write(target.shared_memory("left"), "x").map(|()| "left".into())?)
        }
        "shared_folder_left" => |target| {
            let folder = target.shared_memory("left");
            fs::create_dir(&folder)?;
            Ok(fs::write(folder.join("file"), "x").map(|()| "left".into())?)
        },
        "orphan_of_a_subreaper" => |_| orphan_of_a_subreaper(),
        "escapes_in_output" => |_| escapes_in_output(),
        "escapes_in_a_name" => |_| escapes_in_a_name(),
        _ => return None,
    })
}

/// Links to a file, to a folder, and to a folder through a second link.
fn links_for_the_cleaner(target: &Target) -> Tried {
    let here = scratch();
    symlink(target.file("verdict.json"), here.join("file"))?;
    symlink(target.file("home"), here.join("folder"))?;
    symlink("folder", here.join("again"))?;
    fs::create_dir(here.join("inner"))?;
    symlink(target.file("home"), here.join("inner/folder"))?;
    Ok("linked".into())
}

fn hard_link(target: &Target) -> Tried {
    Ok(fs::hard_link(target.file("verdict.json"), scratch().join("hard")).map(|()| "linked".into())?)
}

/// One in another, so deep that neither a path nor a stack reaches the last.
fn deep_folders() -> Tried {
    let mut folder = open(&scratch(), OFlag::O_DIRECTORY, Mode::empty())?;
    for depth in 0..10_000 {
        let made = mkdirat(&folder, "d", Mode::S_IRWXU)
            .and_then(|()| openat(&folder, "d", OFlag::O_DIRECTORY, Mode::empty()));
        match made {
            Ok(next) => folder = next,
            Err(error) => return Ok(format!("{depth} deep, then {error:?}")),
        }
    }
    Ok("10000 deep".into())
}

/// As many as there may be: a limit may come earlier.
fn many_files() -> Tried {
    let here = scratch();
    for number in 0..100_000 {
        if let Err(error) = File::create(here.join(number.to_string())) {
            return Ok(format!("{number}, then {error}"));
        }
    }
    Ok("100000".into())
}

fn locked_folders() -> Tried {
    let locked = scratch().join("locked");
    fs::create_dir(&locked)?;
    File::create(locked.join("file"))?;
    DirBuilder::new().mode(0o000).create(locked.join("inner"))?;
    // Through the open folder: by its name that is refused.
    File::open(&locked)?.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o000))?;
    Ok("locked".into())
}

/// The orphan keeps the output open, by which it is seen.
fn orphan_of_a_subreaper() -> Tried {
    prctl::set_child_subreaper(true)?;
    let own = std::env::current_exe()?;
    Command::new(own).args(["child", "orphan"]).stdin(Stdio::null()).spawn()?.wait()?;
    Ok("left".into())
}

/// Starts one that lives for ever in a session of its own, and ends before it.
pub(crate) fn orphan() {
    let _ = nix::unistd::setsid();
    let _ = prctl::set_pdeathsig(None);
    let Ok(own) = std::env::current_exe() else { return };
    // What it waits for is a pipe whose other end it holds itself.
    let Ok((reads, writes)) = std::io::pipe() else { return };
    let _ = Command::new(own).args(["child", "wait"]).stdin(reads).stdout(writes).spawn();
}

/// Colours, a title, the beginning of a command to a build service, and a mark that turns the line round.
const ESCAPES: &str = "\x1b[31m\x1b]0;title\x07\r::error::x\u{202e}\u{9b}2J";

fn escapes_in_output() -> Tried {
    std::io::stderr().write_all(format!("{ESCAPES}\n::error::marks\n##[error]marks\n").as_bytes())?;
    Ok("printed".into())
}

/// A name holds 15 bytes.
fn escapes_in_a_name() -> Tried {
    let name: String = ESCAPES.chars().take(12).collect();
    let thread = thread::Builder::new().name(name);
    let seen = thread.spawn(|| fs::read_to_string("/proc/thread-self/comm"))?.join();
    let seen = seen.unwrap_or_else(|_| Ok(String::new()))?;
    std::io::stderr().write_all(seen.as_bytes())?;
    Ok("named".into())
}
