//! Which layers of protection hold on this machine, said plainly.

/// The layers. Those that the grader does not build yet are `false`, never guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    /// Strangers' code runs as a user of its own, not as the one who started the grader.
    pub own_user: bool,
    /// Strangers' code sees an empty folder where the course lies.
    pub hides_course: bool,
    /// Limits on processor time, memory, files, descriptors and processes.
    pub limits: bool,
    /// Namespaces of its own (files, processes, network).
    pub namespaces: bool,
    /// Landlock rules on files.
    pub landlock: bool,
    /// A filter on system calls.
    pub seccomp: bool,
}

impl Layers {
    /// The layers of this process: root gives every run a user of its own.
    pub fn here() -> Self {
        let own_user = nix::unistd::geteuid().is_root();
        Self { own_user, hides_course: false, limits: true, namespaces: false, landlock: true, seccomp: true }
    }

    /// The layers by name, in the order in which they are put on.
    pub fn list(&self) -> [(&'static str, bool); 6] {
        [
            ("own user", self.own_user),
            ("course hidden", self.hides_course),
            ("limits", self.limits),
            ("namespaces", self.namespaces),
            ("Landlock", self.landlock),
            ("seccomp", self.seccomp),
        ]
    }

    /// One line for a report.
    pub fn line(&self) -> String {
        let names = |holds: bool| {
            let names: Vec<&str> =
                self.list().into_iter().filter(|layer| layer.1 == holds).map(|layer| layer.0).collect();
            names.join(", ")
        };
        format!("sandbox: {} hold; not in place: {}", names(true), names(false))
    }
}
