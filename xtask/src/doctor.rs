//! `doctor`: what this machine guarantees to whoever grades strangers' code on it, and how to get more.

use crate::{course, shell};
use clap::ArgMatches;
use grader::catalogue;
use grader::exit::Exit;
use grader::sandbox::{Layers, Rung};
use grader::{GraderError, Result};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let questions = catalogue::questions()?;
    let layers = &course::workshop_with(flags, &questions[..1])?.sandbox.layers;
    shell::report(&layers.line());
    shell::report(meaning(layers.rung()));
    shell::report("");
    for (name, holds) in layers.list() {
        let word = if holds { "holds" } else { "-" };
        shell::report(format!("  {name:<14} {word:<6} {}", mechanism(name)).trim_end());
    }
    if !layers.gaps().is_empty() {
        shell::report("\nWhat a program tried from inside and could do:");
        layers.gaps().iter().for_each(|gap| shell::report(&format!("  - {gap}")));
    }
    let advice = advice(layers);
    if !advice.is_empty() {
        shell::report("\nHow to get more:");
        advice.iter().for_each(|line| shell::report(&format!("  - {line}")));
    }
    Ok(Exit::Full)
}

/// The variable that names the rung which a machine must reach for `check` to pass.
const WANTED: &str = "RACECOURSE_RUNG";

/// What is wrong if strangers' answers cannot be graded on this machine, or not on the rung that is wanted
/// of it; says where it stands.
pub(crate) fn complaint() -> Result<Option<String>> {
    let layers = layers()?;
    shell::say(&layers.line());
    let wanted = match std::env::var(WANTED).as_deref() {
        Err(_) | Ok("" | "D") => Rung::D,
        Ok("A") => Rung::A,
        Ok("B") => Rung::B,
        Ok("C") => Rung::C,
        Ok(other) => return Err(GraderError::usage(format!("{WANTED} is `{other}`; say A, B, C or D"))),
    };
    Ok((layers.rung() > wanted).then(|| {
        let reached = format!("rung {:?} is wanted here, and {:?} was reached", wanted, layers.rung());
        [vec![reached.as_str()], layers.gaps(), advice(&layers)].concat().join("\n")
    }))
}

/// The layers of this machine: any question will do.
fn layers() -> Result<Layers> {
    let questions = catalogue::questions()?;
    Ok(course::workshop(&questions[..1])?.sandbox.layers)
}

fn meaning(rung: Rung) -> &'static str {
    match rung {
        Rung::A | Rung::B => "Strangers' answers can be graded here; see SECURITY.md for what remains.",
        Rung::C => {
            "Strangers' answers can be graded here. Memory in `/dev/shm` and the list of processes are \
             shared with the rest of the machine."
        }
        Rung::D => {
            "Strangers' answers can be graded here, if nothing else of yours listens on sockets in files: \
             an answer runs as you."
        }
        Rung::E | Rung::F => {
            "Grade only your own answers here: what others hand in could read your files. \
             `--trust-submissions` overrides that."
        }
    }
}

/// By what a layer works.
fn mechanism(layer: &str) -> &'static str {
    match layer {
        "own user" => "each run has a user number that nobody else has meanwhile",
        "course hidden" => "an empty folder is mounted over the course",
        "limits" => "setrlimit; memory, processes and files are looked at besides",
        "namespaces" => "bubblewrap: files, processes, network, shared memory, users",
        "Landlock" => "files, TCP, signals and abstract sockets, by the kernel's own rules",
        "seccomp" => "system calls are allowed, refused, or end the program",
        _ => "",
    }
}

/// What is missing, and where it comes from.
fn advice(layers: &Layers) -> Vec<&'static str> {
    let lines = [
        (
            !layers.own_user,
            "start the grader as root, in a container or a virtual machine: then every run gets a user \
             of its own",
        ),
        (
            !layers.namespaces,
            "namespaces are missing: install bubblewrap (Debian: `apt-get install bubblewrap`); if it is \
             there, let ordinary users make namespaces (Ubuntu: `sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0`; containers: a profile that allows `unshare`)",
        ),
        (
            !layers.landlock,
            "Landlock is missing: use a kernel from 5.13 on (6.12 closes signals and abstract sockets too) \
             with `landlock` among `lsm=`",
        ),
        (!layers.seccomp, "the filter on system calls is missing: use a kernel with CONFIG_SECCOMP_FILTER"),
    ];
    lines.into_iter().filter(|(missing, _)| *missing).map(|(_, line)| line).collect()
}
