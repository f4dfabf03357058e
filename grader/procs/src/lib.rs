//! What the kernel shows of processes and threads under `/proc`.
//!
//! Reads only. Everything may vanish between two reads; what cannot be read is left out. A crate of its own since the
//! judge does little else while it watches, and here it is compiled with optimisation.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A thread, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The letter of its state: `R` runs or could, `S` sleeps, `D` waits for a device, `Z` is dead.
    pub state: char,
    /// Time on a processor, time waiting for one, number of turns: equal again means that the
    /// thread has not run in between.
    pub turns: String,
}

/// A process, at one moment.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its number.
    pub pid: u32,
    /// Memory in use, in bytes.
    pub bytes: u64,
    /// Its threads.
    pub tasks: Vec<Task>,
}

impl Member {
    /// As [`cpu_ns`].
    pub fn cpu_ns(&self) -> u64 {
        let of = |task: &Task| task.turns.split_whitespace().next()?.parse::<u64>().ok();
        self.tasks.iter().filter_map(of).sum()
    }
}

/// A process with all its threads; `None` if there is none of this number.
pub fn member(pid: u32) -> Option<Member> {
    let stat = text(&format!("/proc/{pid}/stat"))?;
    let (name, fields) = parse_stat(&stat)?;
    // Fields 20 and 24 of proc_pid_stat(5), counted from the state, which is field 3.
    let [threads, pages] =
        [17, 21].map(|place| fields.get(place).and_then(|field| field.parse::<u64>().ok()));
    let tasks = match threads {
        // What the process's own files say is then said of its only thread: nothing else need be read.
        Some(1) => vec![Task::new(pid, name, &fields, &format!("/proc/{pid}/schedstat"))?],
        _ => numbers(&format!("/proc/{pid}/task")).into_iter().filter_map(|id| task(pid, id)).collect(),
    };
    Some(Member { pid, bytes: pages.unwrap_or_default() * 4096, tasks })
}

/// All threads of a process.
pub fn tasks(pid: u32) -> Vec<Task> {
    member(pid).map_or(Vec::new(), |member| member.tasks)
}

fn task(pid: u32, id: u32) -> Option<Task> {
    let stat = text(&format!("/proc/{pid}/task/{id}/stat"))?;
    let (name, fields) = parse_stat(&stat)?;
    Task::new(id, name, &fields, &format!("/proc/{pid}/task/{id}/schedstat"))
}

impl Task {
    fn new(id: u32, name: &str, fields: &[&str], turns: &str) -> Option<Self> {
        let state = fields.first()?.chars().next()?;
        Some(Self { id, name: name.to_owned(), state, turns: text(turns).unwrap_or_default() })
    }
}

/// The name, and the fields of proc_pid_stat(5) that follow it, the first of which is the state.
fn parse_stat(stat: &str) -> Option<(&str, Vec<&str>)> {
    // The name stands in parentheses and may hold any character, so look for the last one.
    let (start, rest) = stat.rsplit_once(')')?;
    Some((start.split_once('(')?.1, rest.split_whitespace().collect()))
}

/// The number of a thread as its process sees it, in the innermost of its namespaces. Its number outside
/// if nobody can tell.
pub fn own_number(pid: u32, task: u32) -> u32 {
    let status = text(&format!("/proc/{pid}/task/{task}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.and_then(|numbers| numbers.split_whitespace().last()?.parse().ok()).unwrap_or(task)
}

/// The thread of a process that calls itself by this number: its number outside.
pub fn thread_called(pid: u32, own_number: u64) -> Option<u32> {
    numbers(&format!("/proc/{pid}/task"))
        .into_iter()
        .find(|&task| u64::from(self::own_number(pid, task)) == own_number)
}

/// How many bytes a process has in memory, or put away, that belong to no file and are shared with nobody: not those of shared mappings.
pub fn own_bytes(pid: u32) -> u64 {
    let status = text(&format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
    };
    (kib("RssAnon") + kib("VmSwap")) * 1024
}

/// How many bytes there are in files that these processes hold open and that have no name any more, or
/// never had one: nobody finds them in a folder. Each is counted once.
pub fn nameless_file_bytes(pids: &[u32]) -> u64 {
    let mut known = HashSet::new();
    let mut bytes = 0;
    for pid in pids {
        for item in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let Ok(about) = fs::metadata(item.path()) else { continue };
            if about.is_file() && about.nlink() == 0 && known.insert((about.dev(), about.ino())) {
                bytes += about.blocks() * 512;
            }
        }
    }
    bytes
}

/// The open descriptors of a process.
pub fn descriptors(pid: u32) -> Vec<u32> {
    let mut all = numbers(&format!("/proc/{pid}/fd"));
    all.sort_unstable();
    all
}

/// What an open descriptor stands for: the path of a file, or a pipe, a socket, or something else that the kernel has a name for.
pub fn descriptor_kind(pid: u32, number: u32) -> String {
    let Ok(target) = fs::read_link(format!("/proc/{pid}/fd/{number}")) else { return "closed by now".into() };
    let target = target.to_string_lossy();
    match target.split_once(':') {
        Some(("pipe", _)) => "a pipe".into(),
        Some(("socket", _)) => "a socket".into(),
        Some(("anon_inode", kind)) => format!("{} of the kernel", kind.trim_matches(['[', ']'])),
        _ => target.into_owned(),
    }
}

/// Whether a process has children, or has had some that it waited for: the kernel adds up their
/// page faults, of which every program has some.
pub fn has_had_children(pid: u32) -> bool {
    // Field 11 of proc_pid_stat(5), counted from the state, which is field 3.
    let faults_of_children = stat_field(pid, 8).is_some_and(|faults| faults != "0");
    faults_of_children || !children(pid).is_empty()
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    children_of(pid, numbers(&format!("/proc/{pid}/task")).into_iter())
}

fn children_of(pid: u32, tasks: impl Iterator<Item = u32>) -> Vec<u32> {
    let lists = tasks.filter_map(|id| text(&format!("/proc/{pid}/task/{id}/children")));
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Everything below a process, in the order of the numbers, zombies included, each with its threads. It costs about a third
/// of what the list of their numbers and then each one's threads and size would cost.
pub fn members_below(pid: u32) -> Vec<Member> {
    let mut found: Vec<Member> = Vec::new();
    let mut next = children(pid);
    while let Some(pid) = next.pop() {
        if let Some(member) = member(pid) {
            next.extend(children_of(pid, member.tasks.iter().map(|task| task.id)));
            found.push(member);
        }
    }
    found.sort_unstable_by_key(|member| member.pid);
    found.dedup_by_key(|member| member.pid);
    found
}

/// The processes that `leader` has started, directly or not, `leader` itself left out. Those whose
/// parent has ended are children of this process, which adopts orphans; they are known by the
/// session or, if they left it, by the user.
pub fn relatives(leader: u32, user: Option<u32>) -> Vec<i32> {
    let adopted = children(std::process::id()).into_iter().filter(|&pid| {
        pid != leader && (session(pid) == Some(leader) || (user.is_some() && user == owner(pid)))
    });
    let found = with_descendants(children(leader).into_iter().chain(adopted).collect());
    found.into_iter().filter_map(|pid| pid.try_into().ok()).collect()
}

fn session(pid: u32) -> Option<u32> {
    stat_field(pid, 3)?.parse().ok()
}

/// The process group of a process.
pub fn group(pid: u32) -> Option<u32> {
    stat_field(pid, 2)?.parse().ok()
}

/// The parent of a process.
pub fn parent(pid: u32) -> Option<u32> {
    stat_field(pid, 1)?.parse().ok()
}

/// The letter of a process's state, as in [`Task`].
pub fn state(pid: u32) -> Option<char> {
    stat_field(pid, 0)?.chars().next()
}

/// A field of proc_pid_stat(5), counted from the state, which is 0.
fn stat_field(pid: u32, number: usize) -> Option<String> {
    let stat = text(&format!("/proc/{pid}/stat"))?;
    Some((*parse_stat(&stat)?.1.get(number)?).to_owned())
}

/// All descendants of a process, in the order of their numbers, zombies included.
pub fn below(pid: u32) -> Vec<u32> {
    let mut found = with_descendants(children(pid));
    found.sort_unstable();
    found.dedup();
    found
}

/// These processes and everything below them.
fn with_descendants(mut found: Vec<u32>) -> Vec<u32> {
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// What a descriptor of a process refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFile {
    /// The descriptor.
    pub number: u32,
    /// As in `pipe:[4711]`.
    pub target: String,
    /// Whether it can be read from.
    pub reads: bool,
    /// Whether it can be written to.
    pub writes: bool,
}

/// The open descriptors of a process and what they refer to.
pub fn open_files(pid: u32) -> Vec<OpenFile> {
    let open = descriptors(pid).into_iter().filter_map(|number| {
        let target = fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
        let info = text(&format!("/proc/{pid}/fdinfo/{number}"))?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        // The two lowest bits: 0 reads, 1 writes, 2 does both.
        let mode = i32::from_str_radix(flags.trim(), 8).ok()? & nix::libc::O_ACCMODE;
        let target = target.to_string_lossy().into_owned();
        let (reads, writes) = (mode != nix::libc::O_WRONLY, mode != nix::libc::O_RDONLY);
        Some(OpenFile { number, target, reads, writes })
    });
    open.collect()
}

/// The system call that a thread waits in, and its arguments. `None` if it runs or cannot be seen.
pub fn system_call(pid: u32, task: u32) -> Option<(i64, Vec<u64>)> {
    let call = text(&format!("/proc/{pid}/task/{task}/syscall"))?;
    let mut fields = call.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let hex = |field: &str| u64::from_str_radix(field.strip_prefix("0x")?, 16).ok();
    Some((number, fields.map_while(hex).collect()))
}

/// Nanoseconds that a process has been on a processor, that of its threads that still live.
pub fn cpu_ns(pid: u32) -> u64 {
    member(pid).map_or(0, |member| member.cpu_ns())
}

/// How often the threads of a process have gone to sleep by themselves.
pub fn voluntary_switches(pid: u32) -> u64 {
    let of = |task: u32| {
        let status = text(&format!("/proc/{pid}/task/{task}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or_default()
    };
    numbers(&format!("/proc/{pid}/task")).into_iter().map(of).sum()
}

fn owner(pid: u32) -> Option<u32> {
    Some(fs::metadata(format!("/proc/{pid}")).ok()?.uid())
}

/// All processes of a user that have not ended.
pub fn processes_of(user: u32) -> Vec<u32> {
    let alive = |pid: &u32| owner(*pid) == Some(user) && state(*pid).is_some_and(|state| state != 'Z');
    numbers("/proc").into_iter().filter(alive).collect()
}

/// The named shared memory that belongs to a user.
pub fn shared_memory_of(user: u32) -> Vec<PathBuf> {
    let items = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let own = |item: &fs::DirEntry| item.metadata().is_ok_and(|about| about.uid() == user);
    items.filter(own).map(|item| item.path()).collect()
}

/// Whether a process blocks or ignores a signal.
pub fn does_not_heed(pid: u32, signal: i32) -> bool {
    let status = text(&format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
    };
    (mask("SigBlk:") | mask("SigIgn:")) & (1 << (signal - 1)) != 0
}

/// How many tasks there are on this machine: more than any one user has.
pub fn all_tasks() -> u64 {
    let load = text("/proc/loadavg").unwrap_or_default();
    let tasks = load.split_whitespace().nth(3).and_then(|field| field.split_once('/')?.1.parse().ok());
    tasks.unwrap_or(4096)
}

/// The text of a file of the kernel's. Most are small and come whole with one call of `read`: to ask for the size, which is always
/// 0, and for more until there is none would double what a look costs. What is no Unicode becomes a mark: names of threads may be
/// any bytes.
fn text(path: &str) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut bytes = [0; 4096];
    let count = file.read(&mut bytes).ok()?;
    let mut bytes = bytes[..count].to_vec();
    // Lists are handed out in pieces that are at most a little shorter than a page.
    if count > 2048 {
        file.read_to_end(&mut bytes).ok()?;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The names in a folder that are numbers.
fn numbers(folder: &str) -> Vec<u32> {
    let items = fs::read_dir(folder).into_iter().flatten().flatten();
    items.filter_map(|item| item.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc;

    /// A shell that runs a script, which says when it has started everything, and all below it.
    struct Family(Child);

    impl Family {
        fn of(script: &str) -> Self {
            let script = format!("{script} echo there; wait");
            let mut shell =
                Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().expect("a shell");
            let mut word = [0; 6];
            shell.stdout.as_mut().expect("its output").read_exact(&mut word).expect("a word");
            Self(shell)
        }
    }

    impl Drop for Family {
        fn drop(&mut self) {
            for pid in below(self.0.id()).into_iter().chain([self.0.id()]) {
                let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
                let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            }
            let _ = self.0.wait();
        }
    }

    #[test]
    fn everything_below_is_seen_with_what_each_file_says_of_it() {
        let family = Family::of("sleep 1000 & (sleep 1000; echo) &");
        let shell = family.0.id();
        let sleepers = |members: &[Member]| {
            let sleeps = |task: &Task| task.name == "sleep" && task.state == 'S';
            members.iter().filter(|member| member.tasks.iter().all(sleeps)).count()
        };
        let members = loop {
            let members = members_below(shell);
            if sleepers(&members) == 2 {
                break members;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        };
        let pids: Vec<u32> = members.iter().map(|member| member.pid).collect();
        assert_eq!((pids.len(), &pids), (3, &below(shell)));
        for Member { pid, bytes, tasks } in members {
            assert!(bytes > 0);
            let parents = std::iter::successors(parent(pid), |&above| parent(above));
            assert!(parents.take(2).any(|above| above == shell), "{pid}");
            let [only] = &tasks[..] else { panic!("{tasks:?}") };
            let name = text(&format!("/proc/{pid}/comm")).expect("a name");
            assert_eq!((only.id, only.name.as_str()), (pid, name.trim_end()));
            assert_eq!(only.turns.split_whitespace().count(), 3);
        }
        assert!(member(shell).is_some() && member(u32::MAX).is_none());
    }

    #[test]
    fn a_descriptor_says_what_it_stands_for() {
        use std::os::fd::AsRawFd;
        let (file, (pipe, _other_end)) = (fs::File::open("/dev/null").unwrap(), std::io::pipe().unwrap());
        let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
        let kind = |fd: i32| descriptor_kind(std::process::id(), u32::try_from(fd).unwrap());
        assert_eq!(kind(file.as_raw_fd()), "/dev/null");
        assert_eq!((kind(pipe.as_raw_fd()), kind(socket.as_raw_fd())), ("a pipe".into(), "a socket".into()));
        assert_eq!(descriptor_kind(u32::MAX, 0), "closed by now");
    }

    #[test]
    fn a_thread_may_be_called_anything_and_is_seen() {
        let (named, is_named) = mpsc::channel();
        let (go, goes) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                nix::sys::prctl::set_name(c") R\xff\n(").expect("a name");
                named
                    .send(u32::try_from(nix::unistd::gettid().as_raw()).expect("a number"))
                    .expect("a listener");
                let _ = goes.recv();
            });
            let id = is_named.recv().expect("a thread");
            let all = tasks(std::process::id());
            let odd = all.iter().find(|task| task.id == id).expect("the thread");
            assert_eq!(odd.name, ") R\u{fffd}\n(");
            assert!(matches!(odd.state, 'S' | 'R'), "{odd:?}");
            drop(go);
        });
    }

    #[test]
    fn a_long_list_comes_whole() {
        let family = Family::of("for i in $(seq 700); do sleep 1000 & done;");
        assert_eq!(children(family.0.id()).len(), 700);
    }
}
