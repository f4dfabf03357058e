//! Which attacks on the sandbox there are and what closes each; which needs of honest programs it must
//! not touch.
//!
//! The one source of truth: the program `hostile` of this package carries out what is named here, and
//! the grader runs it in boxes of every kind and compares. Nothing here starts anything, and nothing
//! knows how a box is made.

#![forbid(unsafe_code)]

mod table;

use Layer::{Grader, Kernel, Landlock, Limits, Namespaces, NewerLandlock, OwnUser, RunUser, Seccomp, Spared};

/// What can stand between an attack and its aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The aim belongs to another user than the attack.
    OwnUser,
    /// Files, processes and network of the run's own.
    Namespaces,
    /// Rules on files, network, signals and debugging.
    Landlock,
    /// The same from a kernel that is newer than most: may close, need not.
    NewerLandlock,
    /// The filter on system calls.
    Seccomp,
    /// The run has a user of its own: it may not touch the judge, and what belongs to it is removed after
    /// it. Stands wherever the grader was started as root, and cannot be switched off there.
    RunUser,
    /// The filter also refuses what is done to the judge and to all above it. Stands where neither a user
    /// nor namespaces keep them apart.
    Spared,
    /// What the kernel refuses to every ordinary user. Always there, so that nobody can show here what
    /// would happen without it.
    Kernel,
    /// Limits on resources. Never switched off, for the machine's sake.
    Limits,
    /// The care of the grader's own code. Always there.
    Grader,
}

/// How it is found out whether an attack has reached its aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// It says so itself; the kernel has answered it.
    Itself,
    /// What it was aimed at outside: is it still as it was when the run's folder has been removed?
    Victims,
    /// Whether the process that it was aimed at could end in peace.
    VictimProcess,
    /// Whether the run's folder could be removed.
    Folder,
    /// Whether named shared memory is still there after the run.
    SharedMemory,
    /// Whether a process is still there after the run.
    Processes,
    /// Whether the reaper has told the end of the attack.
    Reaper,
    /// Whether what the attack printed would be shown as it is.
    Report,
}

/// One attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name, as the program knows it.
    pub name: &'static str,
    /// What it tries, and what for.
    pub what: &'static str,
    /// The layers each of which closes it by itself, and what is seen then: the name of an error or a
    /// signal, or a word.
    pub closed_by: &'static [(Layer, &'static str)],
    /// What is seen on machines that do not have what it is aimed at.
    pub absent: &'static [&'static str],
    /// Whether it runs as an answer to a question about processes, which may look at `/proc`.
    pub sees_processes: bool,
    /// How its outcome is found out.
    pub witness: Witness,
}

impl Attack {
    const fn new(
        name: &'static str,
        what: &'static str,
        closed_by: &'static [(Layer, &'static str)],
    ) -> Self {
        Self { name, what, closed_by, absent: &[], sees_processes: true, witness: Witness::Itself }
    }

    const fn absent(self, absent: &'static [&'static str]) -> Self {
        Self { absent, ..self }
    }

    const fn of_threads(self) -> Self {
        Self { sees_processes: false, ..self }
    }

    const fn seen_by(self, witness: Witness) -> Self {
        Self { witness, ..self }
    }
}

/// All attacks.
pub fn attacks() -> Vec<Attack> {
    [table::FILES, table::PROCESSES, table::REAPER, table::NETWORK, table::SYSTEM, table::LEFTOVERS].concat()
}

/// What honest programs do, by the names that the program knows.
pub const NEEDS: &[&str] = &[
    "threads",
    "scoped_threads",
    "waiting_with_a_timeout",
    "pool_of_threads",
    "many_threads",
    "fork_pipe_wait",
    "exec_of_itself",
    "many_processes",
    "signals_both_ways",
    "signalfd",
    "eventfd_and_epoll",
    "timerfd",
    "shared_memory_over_fork",
    "memfd_over_fork",
    "named_shared_memory",
    "robust_mutex",
    "named_semaphore",
    "socket_pair",
    "one_shot_socket",
    "fifo",
    "file_lock",
    "mapped_file",
    "own_session",
    "own_affinity",
    "parallelism",
    "backtrace",
    "devices",
    "scratch_files",
    "printing",
    "own_limits",
];
