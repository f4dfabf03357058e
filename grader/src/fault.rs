//! The named bug classes, and the page that explains each.
//!
//! Knows the words only; who uses which word is the checks' business.

/// Declares the faults: the variant's name is the word that students see and the name of its page
/// in `grader/explain`.
macro_rules! faults {
    ($($fault:ident,)*) => {
        /// A named bug class. `cargo xtask explain FAULT` prints the page of each.
        #[expect(missing_docs, reason = "every fault has a page of its own")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($fault,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Fault] = &[$(Fault::$fault,)*];

            /// The word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Fault::$fault => stringify!($fault),)*
                }
            }

            /// The page: plain text, the first line says in one sentence what the word means.
            pub fn page(self) -> &'static str {
                match self {
                    $(Fault::$fault => include_str!(concat!("../explain/", stringify!($fault), ".md")),)*
                }
            }
        }
    };
}

faults! {
    WrongAnswer, Race, Deadlock, SelfDeadlock, LostWakeUp, BusyWait, SleepPolling, SleepAsSync,
    StaleRead, LockHeld, LeakedThread, Sequential, TooFewWorkers, TooManyWorkers, NotReused,
    StaticSplit, WrongOrder, Blocks, LostTask, SwallowedPanic, Panic, HungOnCrash, Zombie, Orphan, FdLeak, ShmLeak,
    TornOutput, OutputFlood, DiskFlood, OutOfMemory, TooManyTasks, ForbiddenCall, ShortRead, PipeDeadlock, Hang,
    StartedProcess, EarlyExit, Timeout, CompileError, PrivateCopy,
}

impl Fault {
    /// Finds a fault by its word, in any case.
    pub fn from_word(word: &str) -> Option<Fault> {
        Fault::ALL.iter().copied().find(|fault| fault.word().eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_opens_with_its_word() {
        for fault in Fault::ALL {
            let first = fault.page().lines().next().unwrap_or_default();
            assert!(first.starts_with(&format!("# {}: ", fault.word())), "{first:?}");
        }
    }
}
