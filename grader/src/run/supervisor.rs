//! What a run takes of the machine: memory, processes and threads, room for files. Whoever takes more
//! than any answer needs is stopped, with words that name the limit and what was seen.
//!
//! The kernel holds most of these limits too, and refuses what goes beyond; an answer may hide that, or
//! die of it with a puzzling message. Looks only, every few milliseconds; ends nothing itself.

use super::ending::{Ending, Excess};
use crate::sandbox::Limits;
use nix::sys::statvfs::statvfs;
use procs::Member;
use std::fs;
use std::path::{Path, PathBuf};

/// At how many looks one goes into what costs more than a few system calls.
const THOROUGH_EVERY: u32 = 8;

/// How many files an answer may have: many empty ones take memory of the kernel's that nobody counts.
const MOST_FILES: u64 = 10_000;

/// How many names there are in a folder, if it can be read.
fn names_in(folder: &Path) -> Option<usize> {
    fs::read_dir(folder).ok().map(Iterator::count)
}

/// Looks at one run.
#[derive(Debug)]
pub(super) struct Supervisor {
    /// The folders in which the run can make files, as they are found from outside.
    folders: Vec<PathBuf>,
    /// Whether these folders are file systems of the run's own, so that the kernel counts.
    has_own_folders: bool,
    /// The user whose shared memory is the run's, where `/dev/shm` is everybody's.
    user: Option<u32>,
    looks: u32,
}

impl Supervisor {
    /// For a run whose reaper has this number and which may write to `temporary`. `inside` says whether
    /// it has namespaces of its own.
    pub(super) fn new(reaper: u32, temporary: &Path, inside: bool, user: Option<u32>) -> Self {
        let inner = |path: &Path| {
            let path = path.strip_prefix("/").unwrap_or(path);
            Path::new(&format!("/proc/{reaper}/root")).join(path)
        };
        let folders = if inside {
            vec![inner(temporary), inner(Path::new("/dev/shm"))]
        } else {
            vec![temporary.to_path_buf()]
        };
        Self { folders, has_own_folders: inside, user: user.filter(|_| !inside), looks: 0 }
    }

    /// Looks once at the processes of the run. Returns why it must be stopped.
    pub(super) fn look(&mut self, limits: &Limits, all: &[Member]) -> Option<Ending> {
        let is_thorough = self.is_thorough();
        self.looks += 1;
        let bytes = all.iter().map(|member| member.bytes).sum();
        let tasks = all.iter().map(|member| member.tasks.len() as u64).sum();
        if bytes > limits.resident_bytes {
            return Some(over(Excess::Memory, limits.resident_bytes, bytes));
        }
        if tasks >= limits.tasks {
            return Some(over(Excess::Tasks, limits.tasks, tasks));
        }
        if !is_thorough {
            return None;
        }
        let pids: Vec<u32> = all.iter().map(|member| member.pid).collect();
        let kept = procs::nameless_file_bytes(&pids);
        if kept > limits.disk_bytes {
            return Some(over(Excess::Disk, limits.disk_bytes, kept));
        }
        self.look_at_files(limits)
    }

    /// Whether the next look is one of the rare ones.
    pub(super) fn is_thorough(&self) -> bool {
        self.looks.is_multiple_of(THOROUGH_EVERY)
    }

    /// Whether its folders are empty, and no shared memory of its own has a name.
    pub(super) fn nothing_is_written(&self) -> bool {
        let is_empty = |folder: &PathBuf| names_in(folder) == Some(0);
        self.folders.iter().all(is_empty)
            && self.user.is_none_or(|user| procs::shared_memory_of(user).is_empty())
    }

    /// How many pieces of named shared memory there are that belong to this run. Without a user of its own and
    /// namespaces of its own nobody can tell: none.
    pub(super) fn shared_memory(&self) -> usize {
        if self.has_own_folders {
            return self.folders.get(1).and_then(|folder| names_in(folder)).unwrap_or_default();
        }
        self.user.map_or(0, |user| procs::shared_memory_of(user).len())
    }

    /// As [`look`](Self::look), for what it has written to files and to named shared memory; also right for a run whose
    /// program has ended.
    pub(super) fn look_at_files(&self, limits: &Limits) -> Option<Ending> {
        let (mut bytes, mut files) = (0, 0);
        for folder in &self.folders {
            let (own_bytes, own_files) =
                if self.has_own_folders { of_system(folder) } else { of_folder(folder) };
            // Each of its own file systems has this limit; a folder among others has it with the rest.
            bytes = if self.has_own_folders { own_bytes.max(bytes) } else { bytes + own_bytes };
            files += own_files;
        }
        if let Some(user) = self.user {
            let sizes = procs::shared_memory_of(user).into_iter().filter_map(|path| path.metadata().ok());
            bytes += sizes.map(|about| about.len()).sum::<u64>();
        }
        if bytes >= limits.disk_bytes {
            return Some(over(Excess::Disk, limits.disk_bytes, bytes));
        }
        (files > MOST_FILES).then(|| over(Excess::Files, MOST_FILES, files))
    }
}

fn over(what: Excess, limit: u64, seen: u64) -> Ending {
    Ending::Over { what, limit, seen }
}

/// Bytes and files of a file system, as the kernel counts them.
fn of_system(folder: &Path) -> (u64, u64) {
    let Ok(about) = statvfs(folder) else { return (0, 0) };
    let used = about.blocks().saturating_sub(about.blocks_free());
    (used * about.fragment_size(), about.files().saturating_sub(about.files_free()))
}

/// Bytes and files below a folder. Goes no further than it takes to know that there are too many.
fn of_folder(folder: &Path) -> (u64, u64) {
    let (mut bytes, mut files) = (0, 0);
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(about) = item.metadata() else { continue };
            bytes += about.len();
            files += 1;
            if about.is_dir() {
                folders.push(item.path());
            }
            if files > MOST_FILES {
                return (bytes, files);
            }
        }
    }
    (bytes, files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::fs::File;
    use std::process::{Child, Command, Stdio};

    /// A process that does nothing, to look at: in our own, other tests go on at the same time.
    struct Sleeper(Child);

    impl Sleeper {
        fn holding(files: [Stdio; 2]) -> Self {
            let [first, second] = files;
            Self(Command::new("sleep").arg("100").stdin(first).stdout(second).spawn().expect("a process"))
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn each_limit_is_seen_to_be_passed_and_not_before() {
        let scratch = Scratch::new("supervisor").expect("a folder");
        let sleeper = Sleeper::holding([Stdio::null(), Stdio::null()]);
        let mut supervisor = Supervisor::new(1, scratch.path(), false, None);
        let mut look = |limits: &Limits, pid: u32| {
            // Every kind of look is among these.
            (0..THOROUGH_EVERY).find_map(|_| {
                match supervisor.look(limits, &[procs::member(pid).expect("a process")]) {
                    Some(Ending::Over { what, limit, seen }) => {
                        assert!(seen >= limit);
                        Some(what)
                    }
                    _ => None,
                }
            })
        };
        // The kernel counts pages roughly, and of a process as small as that one perhaps none.
        let little = Limits { resident_bytes: 4096, ..Limits::REAL };
        assert_eq!(look(&little, std::process::id()), Some(Excess::Memory));
        let mut ending = |limits: &Limits| look(limits, sleeper.0.id());
        let limits = Limits { tasks: 2, ..Limits::REAL };
        assert_eq!(ending(&limits), None);
        assert_eq!(ending(&Limits { tasks: 1, ..limits }), Some(Excess::Tasks));
        let nothing_is_written = || Supervisor::new(1, scratch.path(), false, None).nothing_is_written();
        assert!(nothing_is_written());
        fs::create_dir(scratch.path().join("below")).expect("a folder");
        assert!(!nothing_is_written());
        fs::write(scratch.path().join("below/file"), [0; 10_000]).expect("a file");
        assert_eq!(ending(&Limits { disk_bytes: 9_000, ..limits }), Some(Excess::Disk));
        assert_eq!(ending(&Limits { disk_bytes: 100_000, ..limits }), None);
        for number in 0..=MOST_FILES {
            fs::write(scratch.path().join(number.to_string()), "").expect("a file");
        }
        assert_eq!(ending(&limits), Some(Excess::Files));
    }

    #[test]
    fn memory_without_a_name_is_counted_once() {
        let scratch = Scratch::new("supervisor").expect("a folder");
        let path = scratch.path().join("gone");
        fs::write(&path, vec![1; 1 << 20]).expect("a file");
        let open = || Stdio::from(File::open(&path).expect("a file"));
        let sleeper = Sleeper::holding([open(), open()]);
        let twice = [sleeper.0.id(); 2];
        assert_eq!(procs::nameless_file_bytes(&twice), 0);
        fs::remove_file(&path).expect("removed");
        let bytes = procs::nameless_file_bytes(&twice);
        assert!((1 << 20..2 << 20).contains(&bytes), "{bytes}");
    }
}
