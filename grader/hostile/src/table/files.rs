//! Attacks on files, and what is meant to outlast a run.

use super::*;

/// Files that only their owner may open.
const PRIVATE: &[(Layer, &str)] = &[(OwnUser, "EACCES"), (Namespaces, "ENOENT"), (Landlock, "EACCES")];

/// Files that everybody may open.
const PUBLIC: &[(Layer, &str)] = &[(Namespaces, "ENOENT"), (Landlock, "EACCES")];

/// What Landlock has no rule for.
const RIGHTS: &[(Layer, &str)] = &[(OwnUser, "EPERM"), (Namespaces, "ENOENT"), (Seccomp, "EPERM")];

pub(crate) const FILES: &[Attack] = &[
    Attack::new("read_solution", "reads the reference solution, to hand it in", PRIVATE),
    Attack::new("read_passwd", "reads who has an account here", PUBLIC),
    Attack::new("read_home", "reads a secret in a private home", PRIVATE),
    Attack::new("overwrite_verdict", "writes its own verdict into a file of the judge's", PRIVATE),
    Attack::new("truncate_verdict", "cuts a file of the judge's to nothing", PRIVATE),
    Attack::new("leave_file", "leaves a file in a folder that everybody may write to", PUBLIC),
    Attack::new("remove_file", "removes a file from a folder that everybody may write to", PUBLIC),
    Attack::new(
        "write_library",
        "puts a library where every program would load it from",
        &[(Kernel, "EACCES"), (Namespaces, "EROFS"), (Landlock, "EACCES")],
    ),
    Attack::new("see_file", "asks for size and date of a file outside", &[(Namespaces, "ENOENT")]),
    Attack::new(
        "change_rights",
        "opens a file of the judge's for everybody, or closes it for its owner",
        RIGHTS,
    ),
    Attack::new(
        "note_on_file",
        "writes a note to a file of the judge's that travels with it",
        &[(OwnUser, "EACCES"), (Namespaces, "ENOENT"), (Seccomp, "EPERM")],
    )
    .absent(&["EOPNOTSUPP"]),
    Attack::new(
        "change_dates",
        "changes the dates of a file of the judge's, to confuse what builds on them",
        RIGHTS,
    ),
    Attack::new(
        "watch_folder",
        "is told of everything that happens in a folder of the judge's",
        &[(OwnUser, "EACCES"), (Namespaces, "ENOENT"), (Seccomp, "EPERM")],
    ),
    Attack::new(
        "read_shared_memory",
        "reads named shared memory of another run or program",
        &[(OwnUser, "EACCES"), (Namespaces, "ENOENT")],
    ),
    Attack::new("read_kernel_log", "reads what the kernel says about the machine", PUBLIC)
        .absent(&["EPERM", "EACCES", "ENOENT"]),
    Attack::new(
        "write_own_memory",
        "changes its own constants through a file, in safe code",
        &[(Landlock, "EACCES")],
    ),
    Attack::new("write_own_memory_threads", "the same in an answer about threads", &[(Landlock, "EACCES")])
        .of_threads(),
    Attack::new("read_own_memory", "reads all of its own memory through a file, in safe code", &[]),
    Attack::new("read_own_memory_threads", "the same in an answer about threads", &[(Landlock, "EACCES")])
        .of_threads(),
    Attack::new(
        "rename_own_thread",
        "renames another thread of its own through a file",
        &[(Landlock, "EACCES")],
    ),
    Attack::new("run_su", "runs a program that has more rights than its caller", PUBLIC),
    Attack::new("run_shell", "runs a shell", PUBLIC),
    Attack::new("run_system_program", "runs a program of the system", PUBLIC),
    Attack::new("run_dropped_program", "writes a program to a file and runs it", &[(Landlock, "EACCES")]),
    Attack::new(
        "run_dropped_script",
        "writes a script that it interprets itself, and runs it",
        &[(Landlock, "EACCES")],
    ),
    Attack::new("load_dropped_program", "has the loader run a program that it wrote to a file", &[]),
    Attack::new("run_from_memory", "runs a program from a file that exists only in memory", &[]),
    Attack::new("lock_shared_file", "meets other runs at the lock of a file that all may open", &[]),
];

pub(crate) const LEFTOVERS: &[Attack] = &[
    Attack::new(
        "links_for_the_cleaner",
        "leaves links in its folder, so that whoever cleans up removes what they name",
        &[(Grader, "intact")],
    )
    .seen_by(Witness::Victims),
    Attack::new(
        "hard_link",
        "makes a file of the judge's appear in its own folder",
        &[(OwnUser, "EPERM"), (Namespaces, "ENOENT"), (Landlock, "EXDEV")],
    )
    .absent(&["EPERM"]),
    Attack::new(
        "deep_folders",
        "leaves 10,000 folders one in another, so that the cleaner's stack or descriptors run out",
        &[(Grader, "gone")],
    )
    .seen_by(Witness::Folder),
    Attack::new("many_files", "leaves 100,000 empty files", &[(Grader, "gone")]).seen_by(Witness::Folder),
    Attack::new("locked_folders", "leaves folders that nobody may enter", &[(Grader, "gone")])
        .seen_by(Witness::Folder),
    Attack::new(
        "shared_memory_left",
        "leaves named shared memory behind, for the next run or to fill the machine",
        &[(Namespaces, "gone"), (RunUser, "gone")],
    )
    .seen_by(Witness::SharedMemory),
    Attack::new(
        "shared_folder_left",
        "the same with a folder, which is not removed as files are",
        &[(Namespaces, "gone"), (RunUser, "gone")],
    )
    .seen_by(Witness::SharedMemory),
    Attack::new(
        "orphan_of_a_subreaper",
        "adopts orphans itself, in a session of their own, so that one may be overlooked",
        &[(Grader, "gone")],
    )
    .seen_by(Witness::Processes),
    Attack::new(
        "escapes_in_output",
        "prints what moves the cursor of a terminal or commands a build service",
        &[(Grader, "cleaned")],
    )
    .seen_by(Witness::Report),
    Attack::new("escapes_in_a_name", "names a thread so, since names are shown too", &[(Grader, "cleaned")])
        .seen_by(Witness::Report),
];
