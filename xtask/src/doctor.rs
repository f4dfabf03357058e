//! `doctor`: what this machine guarantees to whoever grades strangers' code on it, and how to get more.

use crate::{course, shell};
use grader::Result;
use grader::catalogue;
use grader::exit::Exit;
use grader::sandbox::{Layers, Rung};

pub(crate) fn run() -> Result<Exit> {
    let layers = &layers()?;
    shell::report(&layers.line());
    shell::report(meaning(layers.rung()));
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

/// What is wrong if strangers' answers cannot be graded on this machine; says where it stands.
pub(crate) fn complaint() -> Result<Option<String>> {
    let layers = layers()?;
    shell::say(&layers.line());
    Ok((layers.rung() > Rung::D)
        .then(|| format!("{}\n{}", layers.gaps().join("\n"), advice(&layers).join("\n"))))
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
