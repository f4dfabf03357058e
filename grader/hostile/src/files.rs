//! Attacks on files, and on the rule that a program runs nothing but itself.

use crate::Attack;
use crate::raw::{self, Arg};
use crate::target::{Stopped, Target, Tried, scratch, unless};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{FchmodatFlags, Mode, UtimensatFlags, fchmodat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::execveat;
use std::ffi::{CStr, CString};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) fn find(name: &str) -> Option<Attack> {
    Some(match name {
        "read_solution" => |target| read(&target.file("solution.rs")),
        "read_passwd" => |_| read(Path::new("/etc/passwd")),
        "read_home" => |target| read(&target.file("home/secret")),
        "overwrite_verdict" => |target| open_to_write(&target.file("verdict.json")),
        "truncate_verdict" => truncate_verdict,
        "leave_file" => |target| create(&target.file("open/left")),
        "remove_file" => |target| Ok(fs::remove_file(target.file("open/plain")).map(|()| "removed".into())?),
        "write_library" => |_| create(Path::new("/usr/lib/racecourse-attack.so")),
        "see_file" => {
            |target| Ok(fs::metadata(target.file("verdict.json")).map(|about| about.len().to_string())?)
        }
        "change_rights" => change_rights,
        "change_dates" => change_dates,
        "note_on_file" => note_on_file,
        "watch_folder" => watch_folder,
        "read_shared_memory" => |target| read(&target.shared_memory("victim")),
        "read_kernel_log" => |_| Ok(File::open("/dev/kmsg").map(|_| "opened".into())?),
        "write_own_memory" | "write_own_memory_threads" => |_| write_own_memory(),
        "read_own_memory" | "read_own_memory_threads" => |_| read_own_memory(),
        "rename_own_thread" => |_| rename_own_thread(),
        // Its version is all that it is asked for.
        "run_su" => |_| run(Command::new("/usr/bin/su").arg("--version")),
        "run_shell" => |_| run(Command::new("/bin/sh").args(["-c", "exit"])),
        "run_system_program" => |_| run(&mut Command::new("/usr/bin/true")),
        "run_dropped_program" => |_| run(Command::new(dropped()?).args(["child", "arrive"])),
        "run_dropped_script" => |_| run_dropped_script(),
        "load_dropped_program" => |_| load_dropped_program(),
        "run_from_memory" => |_| run_from_memory(),
        "lock_shared_file" => |_| lock_shared_file(),
        _ => return None,
    })
}

fn read(path: &Path) -> Tried {
    Ok(fs::read(path).map(|bytes| format!("{} bytes", bytes.len()))?)
}

/// Opens a file as one does to overwrite it, and leaves it as it is.
fn open_to_write(path: &Path) -> Tried {
    Ok(OpenOptions::new().write(true).open(path).map(|_| "opened".into())?)
}

fn create(path: &Path) -> Tried {
    Ok(File::create_new(path).map(|_| "created".into())?)
}

/// Cuts a file to the length that it has. Landlock of the first kernels had no word for it.
fn truncate_verdict(target: &Target) -> Tried {
    Ok(nix::unistd::truncate(&target.file("verdict.json"), 7).map(|()| "cut".into())?)
}

/// Gives a file the rights that it has: who may do that may give it any.
fn change_rights(target: &Target) -> Tried {
    let (path, rights) = (target.file("verdict.json"), Mode::S_IRUSR | Mode::S_IWUSR);
    Ok(fchmodat(nix::fcntl::AT_FDCWD, &path, rights, FchmodatFlags::FollowSymlink)
        .map(|()| "changed".into())?)
}

fn change_dates(target: &Target) -> Tried {
    let (path, past) = (target.file("verdict.json"), TimeSpec::new(1, 0));
    let follow = UtimensatFlags::FollowSymlink;
    Ok(utimensat(nix::fcntl::AT_FDCWD, &path, &past, &past, follow).map(|()| "changed".into())?)
}

fn note_on_file(target: &Target) -> Tried {
    let path = c_path(&target.file("verdict.json"));
    let mut args = [Arg::Text(&path), Arg::Text(c"user.note"), Arg::In(b"x"), Arg::Number(1), Arg::Number(0)];
    Ok(raw::call(libc::SYS_setxattr, &mut args).map(|_| "noted".into())?)
}

fn watch_folder(target: &Target) -> Tried {
    let watcher = Inotify::init(InitFlags::IN_CLOEXEC)?;
    Ok(watcher.add_watch(&target.file("watched"), AddWatchFlags::IN_ALL_EVENTS).map(|_| "watching".into())?)
}

/// A value that no safe code can change.
static CONSTANT: u64 = 41;

/// Overwrites a constant with itself: any other value would do as well.
fn write_own_memory() -> Tried {
    let memory = OpenOptions::new().write(true).open("/proc/self/mem")?;
    let address = (&raw const CONSTANT) as u64;
    Ok(memory.write_all_at(&CONSTANT.to_ne_bytes(), address).map(|()| "changed".into())?)
}

fn read_own_memory() -> Tried {
    let secret = Box::new([7_u8; 16]);
    let mut seen = [0; 16];
    File::open("/proc/self/mem")?.read_exact_at(&mut seen, secret.as_ptr() as u64)?;
    if seen == *secret { Ok("read".into()) } else { Err(Stopped("other bytes".into())) }
}

fn rename_own_thread() -> Tried {
    let own = format!("/proc/self/task/{}/comm", nix::unistd::gettid());
    Ok(fs::write(own, "renamed").map(|()| "renamed".into())?)
}

/// Runs a program to its end, whatever that is.
fn run(command: &mut Command) -> Tried {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(quiet.status().map(|_| "ran".into())?)
}

fn own_program() -> Result<PathBuf, Stopped> {
    Ok(std::env::current_exe()?)
}

/// A copy of this program in the run's folder.
fn dropped() -> Result<PathBuf, Stopped> {
    let path = scratch().join("dropped");
    // A copy has the rights of what it was made from.
    fs::copy(own_program()?, &path)?;
    Ok(path)
}

/// A script whose interpreter is this very program, which may be run.
fn run_dropped_script() -> Tried {
    let path = scratch().join("script");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o755).open(&path)?;
    file.write_all(format!("#!{} child\n", own_program()?.display()).as_bytes())?;
    drop(file);
    run(&mut Command::new(&path))
}

/// The loader must be allowed to run, for nothing runs without it; what it loads it only reads.
fn load_dropped_program() -> Tried {
    let loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
    let loader =
        loaders.into_iter().find(|path| Path::new(path).exists()).ok_or(Stopped("no loader".into()))?;
    let output =
        Command::new(loader).arg(dropped()?).args(["child", "say"]).stderr(Stdio::null()).output()?;
    if output.stdout == b"hello" { Ok("ran".into()) } else { Err(Stopped("silent".into())) }
}

/// Becomes a program that has no name anywhere.
fn run_from_memory() -> Tried {
    let memory = memfd_create(c"program", MFdFlags::empty())?;
    std::io::copy(&mut File::open(own_program()?)?, &mut File::from(memory.try_clone()?))?;
    let args = [c"hostile", c"child", c"arrive"];
    let nothing: [&CStr; 0] = [];
    match execveat(&memory, c"", &args, &nothing, AtFlags::AT_EMPTY_PATH) {
        Err(error) => Err(error.into()),
        Ok(never) => match never {},
    }
}

/// The judge holds a lock on the program's file, as another run would: it can be seen.
fn lock_shared_file() -> Tried {
    let file = File::open(own_program()?)?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Ok("met".into()),
        Err(fs::TryLockError::Error(error)) => Err(error.into()),
        Ok(()) => Err(Stopped("alone".into())),
    }
}

/// The path as a call takes it.
pub(crate) fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

/// Learns a handle by which a file can be opened past all folders.
pub(crate) fn name_to_handle() -> Tried {
    let path = c_path(&scratch());
    // Room for no handle: that it would not fit is said after all checks.
    let (mut handle, mut mount) = ([0; 8], [0; 4]);
    let here = Arg::Number(libc::AT_FDCWD.into());
    let mut args = [here, Arg::Text(&path), Arg::Out(&mut handle), Arg::Out(&mut mount), Arg::Number(0)];
    unless(raw::call(libc::SYS_name_to_handle_at, &mut args), &[Errno::EOVERFLOW])
}
