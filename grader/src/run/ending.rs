//! The ways in which a respondent can end, other than well.

use crate::fault::Fault;
use crate::sandbox::Limits;
use crate::verdict::DoubtKind;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What comes of a talk with a respondent: it may come to a bad end at any moment.
pub(super) type Talk<T> = std::result::Result<T, Ending>;

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
    /// It used too much memory.
    MemoryLimit {
        /// The limit, in MiB.
        mib: u64,
    },
    /// It printed too much.
    OutputFlood {
        /// The limit, in MiB.
        mib: u64,
    },
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
        /// How many.
        count: usize,
    },
    /// It left shared memory behind.
    ShmLeak,
    /// It does not go on, and the reason is not proven.
    NoEnd {
        /// What each thread was last seen doing.
        threads: Vec<String>,
    },
    /// The judge did not understand it: most likely somebody else wrote to its socket.
    Nonsense,
    /// Our own driver did not understand us.
    Confused(String),
}

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
            Ending::MemoryLimit { mib } => (
                Fault::OutOfMemory,
                format!("the program was stopped: it used more than {mib} MiB of memory"),
            ),
            Ending::OutputFlood { mib } => {
                (Fault::OutputFlood, format!("the program was stopped: it printed more than {mib} MiB"))
            }
            Ending::Hang { .. } => {
                (Fault::Hang, "every thread waits, and none of them can wake another".into())
            }
            Ending::NapsForEver { .. } => {
                (Fault::SleepPolling, "the program wakes again and again to look for what never comes".into())
            }
            Ending::StartedProcess => (Fault::StartedProcess, "the program started another process".into()),
            Ending::FdLeak { count } => (Fault::FdLeak, format!("{count} file descriptors were left open")),
            Ending::ShmLeak => (Fault::ShmLeak, "shared memory was left behind in `/dev/shm`".into()),
            Ending::Nonsense => (
                Fault::EarlyExit,
                "the program sent something that no driver sends: the connection to the judge is not yours"
                    .into(),
            ),
            Ending::NoEnd { .. } => return Err(DoubtKind::NoEnd),
            Ending::Confused(_) => return Err(DoubtKind::Machine),
        })
    }

    /// What else is known, line by line.
    pub fn evidence(&self) -> Vec<String> {
        match self {
            Ending::LeftEarly { last_words: Some(words), .. } => vec![format!("its last words: {words}")],
            Ending::Hang { waits } | Ending::NapsForEver { waits } => waits.clone(),
            Ending::NoEnd { threads } => threads.clone(),
            Ending::Confused(why) => vec![why.clone()],
            _ => Vec::new(),
        }
    }

    /// Whether the same would happen in every other experiment, so that trying the other world
    /// adds nothing but waiting.
    pub fn is_hopeless(&self) -> bool {
        !matches!(
            self,
            Ending::Hang { .. }
                | Ending::NapsForEver { .. }
                | Ending::NoEnd { .. }
                | Ending::FdLeak { .. }
                | Ending::Confused(_)
        )
    }
}

/// Why a process has left that should have stayed; `complaint` is the end of its error output.
pub(super) fn left_early(status: ExitStatus, limits: &Limits, complaint: &[u8]) -> Ending {
    if status.signal() == Some(nix::libc::SIGXCPU) {
        return Ending::CpuLimit { seconds: limits.cpu_s };
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(signal) => format!("signal {signal}"),
            Err(_) => format!("signal {signal}"),
        },
        (None, None) => "in an unknown way".into(),
    };
    Ending::LeftEarly { how, last_words: last_words(complaint) }
}

/// The last line of a text.
pub(super) fn last_words(complaint: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
}
