//! Which layers of protection hold on this machine, said plainly.

/// The layers, and what can be reached in spite of them.
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
    /// What a canary has reached from inside, by the names that are explained in [`Layers::gaps`].
    pub open: Vec<String>,
}

/// What a machine guarantees, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// A user of its own, namespaces, closed files, filtered calls.
    A,
    /// The same as the user who started the grader.
    B,
    /// A user of its own, closed files, filtered calls.
    C,
    /// Closed files and filtered calls.
    D,
    /// Filtered calls only.
    E,
    /// Limits only.
    F,
}

/// What a canary tries: its name, what it means when it is reached, and the worst rung on which that
/// must not be.
const TRIED: &[(&str, &str, Rung)] = &[
    ("read", "files of others can be read", Rung::D),
    ("write", "files can be written outside of a run's own folder", Rung::D),
    ("tcp", "the network can be reached (TCP)", Rung::D),
    ("udp", "the network can be reached (UDP)", Rung::D),
    ("abstract", "abstract sockets of others can be reached", Rung::D),
    ("signal", "other processes can be signalled", Rung::D),
    ("calls", "system calls that no answer needs are not refused", Rung::E),
    ("socket", "sockets in files that belong to the same user can be reached", Rung::C),
    ("processes", "other processes can be seen", Rung::B),
    ("memory", "`/dev/shm` is shared with the rest of the machine", Rung::B),
];

impl Layers {
    /// What is to be put on here: root gives every run a user of its own. Nothing is measured yet.
    pub fn here() -> Self {
        Self {
            own_user: nix::unistd::geteuid().is_root(),
            hides_course: false,
            limits: true,
            namespaces: false,
            landlock: true,
            seccomp: true,
            open: Vec::new(),
        }
    }

    /// The layers by name, in the order in which they are put on.
    pub fn list(&self) -> [(&'static str, bool); 6] {
        [
            ("own user", self.own_user),
            // In namespaces nothing is shown that was not asked for.
            ("course hidden", self.hides_course || self.namespaces),
            ("limits", self.limits),
            ("namespaces", self.namespaces),
            ("Landlock", self.landlock),
            ("seccomp", self.seccomp),
        ]
    }

    /// The best rung whose promises were all found to hold.
    pub fn rung(&self) -> Rung {
        let holds = |rung: Rung| {
            let reached = |name: &str| self.open.iter().any(|open| open == name);
            !TRIED.iter().any(|(name, _, worst)| rung <= *worst && reached(name))
        };
        let rungs = [
            (Rung::A, self.namespaces && self.own_user && self.landlock && self.seccomp),
            (Rung::B, self.namespaces && self.landlock && self.seccomp),
            (Rung::C, self.own_user && self.landlock && self.seccomp),
            (Rung::D, self.landlock && self.seccomp),
            (Rung::E, self.seccomp),
        ];
        let best = rungs.into_iter().find(|(rung, is_built)| *is_built && holds(*rung));
        best.map_or(Rung::F, |(rung, _)| rung)
    }

    /// What can be reached from inside, in words.
    pub fn gaps(&self) -> Vec<&'static str> {
        let reached = TRIED.iter().filter(|(name, ..)| self.open.iter().any(|open| open == name));
        reached.map(|(_, meaning, _)| *meaning).collect()
    }

    /// One line for a report.
    pub fn line(&self) -> String {
        let names = |holds: bool| {
            let names: Vec<&str> =
                self.list().into_iter().filter(|layer| layer.1 == holds).map(|layer| layer.0).collect();
            names.join(", ")
        };
        let missing = match names(false) {
            none if none.is_empty() => String::new(),
            missing => format!("; not in place: {missing}"),
        };
        format!("sandbox: rung {:?}: {} hold{missing}", self.rung(), names(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(own_user: bool, open: &[&str]) -> Layers {
        let open = open.iter().map(|&name| name.to_owned()).collect();
        Layers { own_user, open, ..Layers::here() }
    }

    #[test]
    fn a_rung_is_named_after_what_holds() {
        assert_eq!(layers(true, &["processes", "memory"]).rung(), Rung::C);
        assert_eq!(layers(false, &["processes", "memory", "socket"]).rung(), Rung::D);
        // What gets through lowers the rung, however many layers were put on.
        assert_eq!(layers(true, &["socket"]).rung(), Rung::D);
        for name in ["read", "write", "tcp", "udp", "abstract", "signal"] {
            assert_eq!(layers(true, &[name]).rung(), Rung::E, "{name}");
        }
        assert_eq!(layers(true, &["calls"]).rung(), Rung::F);
        let complete = Layers { namespaces: true, ..layers(true, &[]) };
        assert_eq!(complete.rung(), Rung::A);
        assert_eq!(Layers { own_user: false, ..complete.clone() }.rung(), Rung::B);
        assert_eq!(Layers { open: vec!["memory".into()], ..complete }.rung(), Rung::C);
        assert_eq!(Layers { landlock: false, ..layers(true, &[]) }.rung(), Rung::E);
        assert_eq!(layers(true, &["tcp", "memory"]).gaps().len(), 2);
    }
}
