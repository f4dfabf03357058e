//! The ways in which a respondent can end, other than well.

use crate::fault::Fault;
use crate::sandbox::Limits;
use crate::verdict::DoubtKind;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What comes of a talk with a respondent: it may come to a bad end at any moment.
pub(super) type Talk<T> = std::result::Result<T, Ending>;

/// What a program can take too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Memory of all its processes, in bytes.
    Memory,
    /// Addresses of one process, in bytes.
    Addresses,
    /// Output, in bytes.
    Output,
    /// Files and shared memory together, in bytes.
    Disk,
    /// One file, in bytes.
    OneFile,
    /// Files, by number.
    Files,
    /// Processes and threads at once.
    Tasks,
    /// Open descriptors of one process.
    Descriptors,
    /// What the judge is told: tasks that begin, records, and other messages.
    Messages,
}

impl Excess {
    fn fault(self) -> Fault {
        match self {
            Excess::Memory | Excess::Addresses => Fault::OutOfMemory,
            Excess::Output | Excess::Messages => Fault::OutputFlood,
            Excess::Disk | Excess::OneFile | Excess::Files => Fault::DiskFlood,
            Excess::Tasks => Fault::TooManyTasks,
            Excess::Descriptors => Fault::FdLeak,
        }
    }

    /// What the program did, with the limit.
    fn words(self, limit: u64) -> String {
        let most = self.amount(limit);
        match self {
            Excess::Memory => format!("it used more than {most} of memory, all its processes together"),
            Excess::Addresses => format!("it asked for more than {most} of memory"),
            Excess::Output => format!("it printed more than {most}"),
            Excess::Disk => format!("its files, or its shared memory, took {most} or more"),
            Excess::OneFile => format!("it wrote a file, or shared memory, of more than {most}"),
            Excess::Files => format!("it made more than {most} files"),
            Excess::Tasks => {
                format!("it had {most} or more threads and processes at once")
            }
            Excess::Messages => format!("it began more tasks, or wrote more records, than {most}"),
            Excess::Descriptors => format!("it had {most} open descriptors, the most that there can be"),
        }
    }

    fn amount(self, number: u64) -> String {
        match self {
            Excess::Files | Excess::Tasks | Excess::Descriptors | Excess::Messages => number.to_string(),
            _ if number < 1 << 20 => format!("{} KiB", number >> 10),
            _ => format!("{} MiB", number >> 20),
        }
    }
}

/// A bad end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It left by itself before the judge had closed the session.
    LeftEarly {
        /// Its exit code or signal, in words.
        how: String,
        /// The last line of its error output, if any.
        last_words: Option<String>,
    },
    /// It used up its processor time.
    CpuLimit {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// It took more of something than any answer needs, and was stopped.
    Over {
        /// Of what.
        what: Excess,
        /// The limit, in the unit of `what`.
        limit: u64,
        /// What was seen.
        seen: u64,
    },
    /// It ran into a limit that the kernel holds, and died of that.
    Struck {
        /// The limit.
        what: Excess,
        /// In the unit of `what`.
        limit: u64,
    },
    /// It made a system call that no answer needs.
    ForbiddenCall,
    /// All its threads sleep and none can ever wake another.
    Hang {
        /// Who waits for what.
        waits: Vec<String>,
    },
    /// It wakes again and again, finds nothing, and nothing is left that could come.
    NapsForEver {
        /// What everybody does.
        waits: Vec<String>,
    },
    /// It started another process.
    StartedProcess,
    /// It left descriptors open.
    FdLeak {
        /// How many more than at the door.
        count: usize,
        /// What those are whose numbers are new.
        what: Vec<String>,
    },
    /// It left shared memory behind.
    ShmLeak,
    /// It had not done by a certain moment what it should have, and nothing moved then.
    Late,
    /// It does not go on, and the reason is not proven.
    NoEnd {
        /// What each thread was last seen doing.
        threads: Vec<String>,
    },
    /// A thread panicked while another one waited inside a panic hook. All threads of a schedule share what the standard
    /// library knows of hooks, which then ends the program: no fault of the answer.
    HooksMet,
    /// The judge did not understand it: most likely somebody else wrote to its socket.
    Nonsense,
    /// Our own driver did not understand us.
    Confused(String),
}

/// What the standard library says when a thread panics inside of a panic hook.
const HOOKS_MET: &str = "panicked while processing panic";

impl Ending {
    /// The fault and what happened, for endings that are a fault of the answer.
    pub fn fault(&self) -> std::result::Result<(Fault, String), DoubtKind> {
        Ok(match self {
            Ending::LeftEarly { how, .. } => {
                (Fault::EarlyExit, format!("the program ended in the middle of a check ({how})"))
            }
            Ending::CpuLimit { seconds } => (
                Fault::Timeout,
                format!("the program used {seconds} s of processor time and had not come to an end"),
            ),
            Ending::Over { what, limit, seen } => (
                what.fault(),
                format!("the program was stopped: {} (seen: {})", what.words(*limit), what.amount(*seen)),
            ),
            Ending::Struck { what, limit } => {
                (what.fault(), format!("the program was stopped: {}", what.words(*limit)))
            }
            Ending::ForbiddenCall => (
                Fault::ForbiddenCall,
                "the program was stopped: it made a system call that no answer needs".into(),
            ),
            Ending::Hang { .. } => {
                (Fault::Hang, "every thread waits, and none of them can wake another".into())
            }
            Ending::NapsForEver { .. } => {
                (Fault::SleepPolling, "the program wakes again and again to look for what never comes".into())
            }
            Ending::StartedProcess => (Fault::StartedProcess, "the program started another process".into()),
            Ending::FdLeak { count: 1, .. } => (Fault::FdLeak, "a file descriptor was left open".into()),
            Ending::FdLeak { count, .. } => {
                (Fault::FdLeak, format!("{count} file descriptors were left open"))
            }
            Ending::ShmLeak => (Fault::ShmLeak, "shared memory was left behind in `/dev/shm`".into()),
            Ending::Nonsense => (
                Fault::EarlyExit,
                "the program sent something that no driver sends: the connection to the judge is not yours"
                    .into(),
            ),
            Ending::Late => (Fault::Hang, "somebody is not woken in time".into()),
            Ending::NoEnd { .. } => return Err(DoubtKind::NoEnd),
            Ending::HooksMet => return Err(DoubtKind::EngineGap),
            Ending::Confused(_) => return Err(DoubtKind::Machine),
        })
    }

    /// What else is known, line by line.
    pub fn evidence(&self) -> Vec<String> {
        match self {
            Ending::LeftEarly { last_words: Some(words), .. } => vec![format!("its last words: {words}")],
            Ending::Hang { waits } | Ending::NapsForEver { waits } => waits.clone(),
            Ending::NoEnd { threads } => threads.clone(),
            Ending::FdLeak { what, .. } => what.iter().map(|what| format!("open: {what}")).collect(),
            Ending::Confused(why) => vec![why.clone()],
            _ => Vec::new(),
        }
    }

    /// The same for a program of the model world.
    pub(super) fn in_model(self) -> Ending {
        match &self {
            Ending::LeftEarly { last_words: Some(words), .. } if words.contains(HOOKS_MET) => {
                Ending::HooksMet
            }
            _ => self,
        }
    }

    /// Whether the same would happen in every other experiment, so that trying the other world
    /// adds nothing but waiting.
    pub fn is_hopeless(&self) -> bool {
        !matches!(
            self,
            Ending::Hang { .. }
                | Ending::NapsForEver { .. }
                | Ending::Late
                | Ending::NoEnd { .. }
                | Ending::FdLeak { .. }
                | Ending::HooksMet
                | Ending::Confused(_)
        )
    }
}

/// Why a process has left that should have stayed; `complaint` is the end of its error output.
pub(super) fn left_early(status: ExitStatus, limits: &Limits, complaint: &[u8]) -> Ending {
    match status.signal() {
        Some(nix::libc::SIGXCPU) => return Ending::CpuLimit { seconds: limits.cpu_s },
        Some(nix::libc::SIGXFSZ) => {
            return Ending::Struck { what: Excess::OneFile, limit: limits.file_bytes };
        }
        Some(nix::libc::SIGSYS) => return Ending::ForbiddenCall,
        _ => {}
    }
    if let Some(struck) = struck(limits, complaint).filter(|_| !status.success()) {
        return struck;
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        // Answers have no unsafe code: only the end of a stack gives this.
        (None, Some(nix::libc::SIGSEGV)) => "signal SIGSEGV, as when a recursion does not end".to_owned(),
        (None, Some(signal)) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(signal) => format!("signal {signal}"),
            Err(_) => format!("signal {signal}"),
        },
        (None, None) => "in an unknown way".into(),
    };
    Ending::LeftEarly { how, last_words: last_words(complaint) }
}

/// The limit that a program speaks of when it dies. It may say what it likes: it has lost anyway, and
/// this is only about telling its author why.
fn struck(limits: &Limits, complaint: &[u8]) -> Option<Ending> {
    let text = String::from_utf8_lossy(complaint);
    let says = |words: &str| text.contains(words);
    let (what, limit) = if says("memory allocation of") {
        (Excess::Addresses, limits.address_bytes)
    } else if says("failed to spawn thread") || says("did not start a process") || says("Fork(Os(EAGAIN))") {
        (Excess::Tasks, limits.tasks)
    } else if says("(os error 24)") || says("code: 24,") || says("EMFILE") {
        (Excess::Descriptors, limits.open_files)
    } else {
        return None;
    };
    Some(Ending::Struck { what, limit })
}

/// The last line of a text.
pub(super) fn last_words(complaint: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
}
