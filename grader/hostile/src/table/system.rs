//! Attacks on the network and on the machine itself.

use super::*;

pub(crate) const NETWORK: &[Attack] = &[
    Attack::new(
        "connect_tcp",
        "connects to a service of this machine",
        &[(Namespaces, "ECONNREFUSED"), (Landlock, "EACCES"), (Seccomp, "EPERM")],
    ),
    Attack::new("listen_tcp", "waits for others to connect", &[(Landlock, "EACCES"), (Seccomp, "EPERM")]),
    Attack::new(
        "send_udp",
        "sends what it has found to somebody",
        &[(Namespaces, "ECONNREFUSED"), (Seccomp, "EPERM")],
    ),
    Attack::new(
        "socket_to_sleep_in_threads",
        "an answer about threads waits in a socket, where no virtual clock counts",
        &[(Seccomp, "EPERM")],
    )
    .of_threads(),
    Attack::new("netlink", "asks the kernel how the network is set up", &[(Seccomp, "EPERM")]),
    Attack::new("vsock", "talks to what this machine runs in", &[(Seccomp, "EPERM")])
        .absent(&["EAFNOSUPPORT"]),
    Attack::new(
        "kernel_ciphers",
        "reaches rarely used code of the kernel by a socket",
        &[(Seccomp, "EPERM")],
    )
    .absent(&["EAFNOSUPPORT"]),
    Attack::new(
        "abstract_socket",
        "connects to a service of the user's that has no file",
        &[(Namespaces, "ECONNREFUSED"), (Landlock, "EPERM")],
    ),
    Attack::new(
        "file_socket",
        "connects to a service of the user's by its file, as that of containers",
        &[(OwnUser, "EACCES"), (Namespaces, "ENOENT"), (NewerLandlock, "EACCES")],
    ),
    Attack::new(
        "public_socket",
        "connects to a service that serves every user of this machine, as that of logs",
        &[(Namespaces, "ENOENT"), (NewerLandlock, "EACCES")],
    ),
];

/// What nothing innocent does, and an ordinary user may.
const FATAL: &[(Layer, &str)] = &[(Seccomp, "SIGSYS")];

/// What nothing innocent does, and no ordinary user may.
const PRIVILEGED: &[(Layer, &str)] = &[(Kernel, "EPERM"), (Seccomp, "SIGSYS")];

/// The same where the kernel looks at the arguments first.
const MALFORMED: &[(Layer, &str)] = &[(Kernel, "EINVAL"), (Kernel, "EPERM"), (Seccomp, "SIGSYS")];

/// What is refused and not fatal.
const REFUSED: &[(Layer, &str)] = &[(Seccomp, "EPERM")];

/// What libraries can do without.
const UNKNOWN: &[(Layer, &str)] = &[(Seccomp, "ENOSYS")];

/// The same, but for the kernel too.
const NOBODY: &[(Layer, &str)] = &[(Kernel, "EPERM"), (Seccomp, "EPERM")];

/// A kernel without it, or one that keeps it from ordinary users.
const RARE: &[&str] = &["ENOSYS", "EPERM", "EACCES", "ENOENT", "EOPNOTSUPP"];

pub(crate) const SYSTEM: &[Attack] = &[
    Attack::new("io_uring", "makes system calls that no filter sees", UNKNOWN).absent(RARE),
    Attack::new(
        "new_user_namespace",
        "becomes root in a namespace of its own, close to more of the kernel",
        FATAL,
    )
    .absent(&["EPERM", "ENOSPC", "EINVAL"]),
    Attack::new("clone_into_namespace", "the same for a child", FATAL).absent(&["EPERM", "ENOSPC", "EINVAL"]),
    Attack::new("clone3_into_namespace", "the same by a call that hides it from filters", UNKNOWN)
        .absent(&["EPERM", "ENOSPC", "EINVAL"]),
    Attack::new("enter_namespace", "enters a namespace of others", PRIVILEGED),
    Attack::new("mount", "puts files of its own over others", PRIVILEGED),
    Attack::new("unmount", "uncovers what lies under a mount", PRIVILEGED),
    Attack::new("pivot_root", "changes the root folder", PRIVILEGED),
    Attack::new("chroot", "changes its own root folder", PRIVILEGED),
    Attack::new("new_mount", "makes a file system by the newer calls", PRIVILEGED),
    Attack::new("clone_mount", "copies a part of the tree of files", PRIVILEGED),
    Attack::new("move_mount", "moves a part of the tree of files", PRIVILEGED),
    Attack::new("open_by_handle", "opens a file past all folders", MALFORMED),
    Attack::new("name_to_handle", "learns the handle of a file", FATAL).absent(&["EOPNOTSUPP"]),
    Attack::new("fanotify", "watches a whole file system", FATAL).absent(RARE),
    Attack::new("quota", "changes how much others may store", &[(Kernel, "EINVAL"), (Seccomp, "SIGSYS")])
        .absent(&["ENOSYS"]),
    Attack::new("bpf", "loads a program into the kernel", FATAL).absent(RARE),
    Attack::new("userfaultfd", "stops the kernel in the middle of a copy, to win its races", FATAL)
        .absent(RARE),
    Attack::new("add_key", "stores a message where a later run could find it", FATAL).absent(RARE),
    Attack::new("find_keyring", "finds the keys of the user", FATAL).absent(RARE),
    Attack::new(
        "request_key",
        "has the kernel start a program to get a key",
        &[(Kernel, "ENOKEY"), (Seccomp, "SIGSYS")],
    )
    .absent(RARE),
    Attack::new("kexec", "starts another kernel", PRIVILEGED).absent(RARE),
    Attack::new("load_module", "loads a module into the kernel", PRIVILEGED).absent(RARE),
    Attack::new("unload_module", "removes a module of the kernel", PRIVILEGED).absent(RARE),
    Attack::new("reboot", "restarts the machine", PRIVILEGED),
    Attack::new("swap_on", "gives the machine a swap file of its own", PRIVILEGED),
    Attack::new("swap_off", "takes away the machine's swap file", PRIVILEGED),
    Attack::new("accounting", "has the kernel write to a file of its choice", PRIVILEGED).absent(RARE),
    Attack::new("kernel_log", "reads what the kernel says about the machine by a call", MALFORMED),
    Attack::new("set_time_of_day", "changes the machine's clock", PRIVILEGED),
    Attack::new("set_clock", "the same by a newer call", &[(Kernel, "EINVAL"), (Seccomp, "SIGSYS")]),
    Attack::new("adjust_clock", "lets the machine's clock go faster or slower", FATAL),
    Attack::new("host_name", "renames the machine", PRIVILEGED),
    Attack::new("domain_name", "the same for its domain", PRIVILEGED),
    Attack::new("hang_up", "cuts the terminal off", PRIVILEGED),
    Attack::new(
        "type_into_terminal",
        "types a command into the terminal of whoever grades",
        &[(Kernel, "ENOTTY"), (Seccomp, "SIGSYS")],
    ),
    Attack::new("become_root", "becomes root", NOBODY),
    Attack::new("become_roots_group", "gets the rights of root's group", NOBODY),
    Attack::new("drop_groups", "leaves groups that take rights away", NOBODY),
    Attack::new("personality", "switches off what makes addresses hard to guess", REFUSED),
    Attack::new("performance_counters", "reaches rarely used code of the kernel", REFUSED).absent(RARE),
    Attack::new("secret_memory", "hides memory even from the kernel", REFUSED).absent(RARE),
    Attack::new("undumpable", "hides from the judge what it opens and waits for", REFUSED),
    Attack::new(
        "interval_timer",
        "is woken by what nobody can see, and looks as if it waited for ever",
        REFUSED,
    ),
    Attack::new("posix_timer", "the same by another timer", REFUSED),
    Attack::new("old_shared_memory", "leaves memory behind that no folder lists", REFUSED)
        .absent(&["ENOSYS"]),
    Attack::new("old_semaphores", "the same with semaphores", REFUSED).absent(&["ENOSYS"]),
    Attack::new("old_messages", "the same with messages", REFUSED).absent(&["ENOSYS"]),
    Attack::new("message_queue", "the same with a queue that has a name", REFUSED).absent(&["ENOSYS"]),
    #[cfg(target_arch = "x86_64")]
    Attack::new("old_entrance", "makes system calls by the 32-bit entrance, whose numbers are others", FATAL)
        .absent(&["SIGSEGV", "ENOSYS"]),
    #[cfg(target_arch = "x86_64")]
    Attack::new("other_numbers", "makes system calls by a second set of numbers", &[(Kernel, "ENOSYS")]),
];
