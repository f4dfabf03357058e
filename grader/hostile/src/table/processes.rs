//! Attacks on other processes: the judge's, other answers', and the reaper that stands above each answer.

use super::*;

/// What belongs to another user, is not there, or lies outside of the attack's own Landlock rules.
const SIGNAL: &[(Layer, &str)] = &[(OwnUser, "EPERM"), (Namespaces, "ESRCH"), (Landlock, "EPERM")];

/// The same, and nothing innocent makes the call at all.
const DEBUG: &[(Layer, &str)] =
    &[(OwnUser, "EPERM"), (Namespaces, "ESRCH"), (Landlock, "EPERM"), (Seccomp, "SIGSYS")];

/// Files under `/proc` for which the kernel asks whether one may debug the process.
const PROC: &[(Layer, &str)] = &[(OwnUser, "EACCES"), (Namespaces, "ENOENT"), (Landlock, "EACCES")];

/// What is only a question of the user.
const SCHEDULE: &[(Layer, &str)] = &[(OwnUser, "EPERM"), (Namespaces, "ESRCH")];

/// The same of the judge itself, which no test can give to another user.
const JUDGE: &[(Layer, &str)] = &[(RunUser, "EPERM"), (Namespaces, "ESRCH"), (Spared, "EPERM")];

/// The same where the filter looks at it.
const LIMIT: &[(Layer, &str)] = &[(OwnUser, "EPERM"), (Namespaces, "ESRCH"), (Seccomp, "EPERM")];

pub(crate) const PROCESSES: &[Attack] = &[
    Attack::new("read_environment", "reads the judge's variables, among them its secrets", PROC),
    Attack::new("open_memory", "opens the judge's memory for writing", PROC),
    Attack::new(
        "list_descriptors",
        "lists the judge's open files",
        &[(OwnUser, "EACCES"), (Namespaces, "ENOENT")],
    ),
    Attack::new("list_descriptors_threads", "the same in an answer about threads", PROC).of_threads(),
    Attack::new("open_descriptor", "opens one of the judge's files once more", PROC),
    Attack::new("sacrifice", "makes the judge the first to be killed when memory runs out", PROC),
    Attack::new(
        "rename_thread",
        "renames a thread of the judge's",
        &[(OwnUser, "EACCES"), (Namespaces, "ENOENT"), (Landlock, "EACCES"), (Kernel, "EINVAL")],
    ),
    Attack::new("see_process", "sees which processes there are", &[(Namespaces, "ENOENT")]),
    Attack::new(
        "see_process_threads",
        "the same in an answer about threads",
        &[(Namespaces, "ENOENT"), (Landlock, "EACCES")],
    )
    .of_threads(),
    Attack::new("signal", "signals the judge, as one does to kill it", SIGNAL),
    Attack::new("signal_group", "signals everybody in the judge's group", SIGNAL),
    Attack::new("signal_thread", "signals one thread of the judge's", SIGNAL),
    Attack::new("signal_by_descriptor", "signals the judge through a descriptor of the process", SIGNAL),
    Attack::new(
        "signal_by_folder",
        "signals the judge through its folder under `/proc`",
        &[(OwnUser, "EPERM"), (Namespaces, "ENOENT"), (Landlock, "EPERM")],
    ),
    Attack::new("signal_all", "signals everybody at once", &[(Namespaces, "ESRCH"), (Seccomp, "EPERM")]),
    Attack::new(
        "signal_by_file",
        "has the kernel signal the judge whenever a file is ready",
        &[(OwnUser, "at peace"), (Namespaces, "ESRCH"), (Landlock, "at peace")],
    )
    .seen_by(Witness::VictimProcess),
    Attack::new("debug", "takes the judge over as a debugger", DEBUG),
    Attack::new("read_memory", "reads the judge's memory by a call", DEBUG),
    Attack::new("take_descriptor", "takes one of the judge's open files", DEBUG),
    Attack::new("compare", "asks whether it shares files with the judge", DEBUG).absent(&["ENOSYS"]),
    Attack::new("find_locks", "asks where the judge's list of locks lies", SIGNAL),
    Attack::new("move_memory", "asks where the judge's memory lies, and moves it", DEBUG).absent(&["ENOSYS"]),
    Attack::new(
        "release_memory",
        "takes the judge's memory away while it ends",
        &[(Namespaces, "ESRCH"), (Seccomp, "SIGSYS")],
    )
    .absent(&["ENOSYS"]),
    Attack::new("limit", "changes the judge's limits", LIMIT),
    Attack::new("renice", "lets the judge run after everybody else", LIMIT),
    Attack::new("renice_disk", "lets the judge read and write after everybody else", LIMIT),
    Attack::new("pin", "puts the judge on one processor", SCHEDULE),
    Attack::new("demote", "lets the judge run only when nobody else wants to", SCHEDULE),
    Attack::new("pin_judge", "the same to the very judge of this run", JUDGE),
    Attack::new("demote_judge", "the same to the very judge of this run", JUDGE),
    Attack::new("move_group", "moves the judge into another group", &[(Kernel, "ESRCH")]),
    Attack::new("forge_sender", "sends a message in the judge's name", &[(Kernel, "EPERM")])
        .absent(&["ESRCH"]),
    Attack::new(
        "flood_descriptors",
        "hides open files in messages on their way",
        &[(Limits, "ETOOMANYREFS")],
    ),
    Attack::new("flood_pipes", "takes all memory that the user may have in pipes", &[(Kernel, "EPERM")]),
    Attack::new("raise_limits", "gives itself higher limits", &[(Kernel, "EPERM")]),
    Attack::new("real_time", "runs before everybody else", &[(Kernel, "EPERM")]),
];

/// The reaper is the same user, sees the same files and is above the attack.
pub(crate) const REAPER: &[Attack] = &[
    Attack::new(
        "signal_reaper",
        "signals the reaper, as one does to stop it",
        &[(Landlock, "EPERM"), (Seccomp, "EPERM")],
    ),
    Attack::new(
        "kill_reaper",
        "kills the reaper, so that nobody tells how the answer ended",
        &[(Namespaces, "alive"), (Landlock, "EPERM"), (Seccomp, "EPERM")],
    )
    .seen_by(Witness::Reaper),
    Attack::new(
        "debug_reaper",
        "takes the reaper over as a debugger",
        &[(Landlock, "EPERM"), (Seccomp, "SIGSYS")],
    ),
    Attack::new(
        "be_debugged",
        "makes the reaper its debugger, which must then answer its stops",
        &[(Seccomp, "SIGSYS")],
    ),
    Attack::new("list_descriptors_of_reaper", "lists the reaper's open files", &[]),
    Attack::new(
        "list_descriptors_of_reaper_threads",
        "the same in an answer about threads",
        &[(Landlock, "EACCES")],
    )
    .of_threads(),
    Attack::new(
        "open_descriptor_of_reaper",
        "opens one of the reaper's files once more",
        &[(Landlock, "EACCES")],
    ),
    Attack::new("read_memory_of_reaper", "reads the reaper's memory", &[(Landlock, "EACCES")]),
    Attack::new("limit_reaper", "changes the reaper's limits", &[(Seccomp, "EPERM")]),
    Attack::new("renice_reaper", "lets the reaper run after everybody else", &[(Seccomp, "EPERM")]),
    Attack::new("pin_reaper", "puts the reaper on one processor", &[(Seccomp, "EPERM")]),
    Attack::new("demote_reaper", "lets the reaper run only when nobody else wants to", &[(Seccomp, "EPERM")]),
];
