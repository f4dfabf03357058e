//! Which boxes an attack is tried in, and what must come of it there: the table of attacks, read.
//!
//! Starts nothing.

use crate::sandbox::Layers;
use hostile::{Attack, Layer};
use std::fmt;

/// Which of the layers that can be chosen stand in a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walls {
    /// Whether the victims belong to another user than the attack. The attack never runs as root.
    pub(super) own_user: bool,
    pub(super) namespaces: bool,
    pub(super) landlock: bool,
    pub(super) seccomp: bool,
}

/// What a box is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Everything that this machine has: what answers get.
    Whole,
    /// The same without namespaces: what answers get on other machines.
    WithoutNamespaces,
    /// A layer closes the attack by itself.
    Alone(Layer),
    /// The attack is real: nothing that would close it stands there.
    Open,
}

/// What became of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// It reached its aim, and how that shows.
    Reached(String),
    /// It did not, and what stood in the way.
    Stopped(String),
    /// Nobody can tell.
    Unclear(String),
}

impl Walls {
    pub(super) const NONE: Walls =
        Walls { own_user: false, namespaces: false, landlock: false, seccomp: false };

    pub(super) fn of(layers: &Layers) -> Self {
        let Layers { own_user, namespaces, landlock, seccomp, .. } = *layers;
        Self { own_user, namespaces, landlock, seccomp }
    }

    /// The layers to put on. What nobody chooses is as in `others`.
    pub(super) fn layers(self, others: &Layers) -> Layers {
        let Self { namespaces, landlock, seccomp, .. } = self;
        let open = if namespaces { others.open.clone() } else { Vec::new() };
        Layers { namespaces, landlock, seccomp, open, ..others.clone() }
    }

    fn has(self, layer: Layer, run_user: bool) -> bool {
        match layer {
            Layer::OwnUser => self.own_user,
            Layer::Namespaces => self.namespaces,
            Layer::Landlock => self.landlock,
            Layer::Seccomp => self.seccomp,
            Layer::RunUser => run_user,
            Layer::Spared => self.seccomp && !self.namespaces && !run_user,
            Layer::NewerLandlock => false,
            Layer::Kernel | Layer::Limits | Layer::Grader => true,
        }
    }

    /// These and others.
    fn with(self, others: Walls) -> Walls {
        Walls {
            own_user: self.own_user || others.own_user,
            namespaces: self.namespaces || others.namespaces,
            landlock: self.landlock || others.landlock,
            seccomp: self.seccomp || others.seccomp,
        }
    }

    fn set(&mut self, layer: Layer, stands: bool) {
        match layer {
            Layer::OwnUser => self.own_user = stands,
            Layer::Namespaces => self.namespaces = stands,
            Layer::Landlock => self.landlock = stands,
            Layer::Seccomp | Layer::Spared => self.seccomp = stands,
            _ => {}
        }
    }

    /// What may be seen of an attack that these walls stop; nothing if they do not. `run_user` says
    /// whether runs have a user of their own here.
    pub(super) fn closing(self, attack: &Attack, run_user: bool) -> Vec<&'static str> {
        let standing = attack.closed_by.iter().filter(|(layer, _)| self.has(*layer, run_user));
        let mut closing: Vec<&str> = Vec::new();
        for (_, evidence) in standing {
            if !closing.contains(evidence) {
                closing.push(evidence);
            }
        }
        closing
    }
}

/// The boxes in which an attack is tried, on a machine whose whole box is this.
pub(super) fn proofs(attack: &Attack, whole: Walls, run_user: bool) -> Vec<(&Attack, Proof, Walls)> {
    let mut proofs = vec![(Proof::Whole, whole)];
    if whole.namespaces {
        proofs.push((Proof::WithoutNamespaces, Walls { namespaces: false, ..whole }));
    }
    let mut open = whole;
    for &(layer, _) in attack.closed_by {
        open.set(layer, false);
        let mut alone = Walls::NONE;
        alone.set(layer, true);
        // What the grader's own code does is the same in every box.
        let is_new = layer != Layer::Grader && !proofs.iter().any(|(proof, _)| *proof == Proof::Alone(layer));
        let can_be_chosen = whole.with(alone) == whole;
        if is_new && can_be_chosen && alone.has(layer, run_user) {
            proofs.push((Proof::Alone(layer), alone));
        }
    }
    if open != whole && open.closing(attack, run_user).is_empty() {
        proofs.push((Proof::Open, open));
    }
    proofs.into_iter().map(|(proof, walls)| (attack, proof, walls)).collect()
}

/// How what was seen differs from the table, in a line.
pub(super) fn difference(
    attack: &Attack,
    proof: Proof,
    walls: Walls,
    run_user: bool,
    seen: &Seen,
) -> Option<String> {
    let of = |wanted: Layer| {
        let row = attack.closed_by.iter().filter(move |(layer, _)| *layer == wanted);
        row.map(|(_, evidence)| *evidence).collect::<Vec<_>>()
    };
    let closing = match proof {
        Proof::Alone(layer) => of(layer),
        _ => walls.closing(attack, run_user),
    };
    let as_said = match seen {
        Seen::Reached(_) => closing.is_empty(),
        Seen::Stopped(by) => {
            let newer = walls.landlock && of(Layer::NewerLandlock).contains(&by.as_str());
            // The filter comes before whatever else the kernel has to say.
            let absent = proof != Proof::Alone(Layer::Seccomp) && attack.absent.contains(&by.as_str());
            closing.contains(&by.as_str()) || newer || absent
        }
        Seen::Unclear(_) => false,
    };
    let expected = match closing.as_slice() {
        [] => "it must reach its aim".to_owned(),
        some => format!("it must be stopped by {}", some.join(" or ")),
    };
    (!as_said).then(|| format!("{}: in {walls} ({proof}): {expected}, and was {seen}", attack.name))
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own_user, namespaces, landlock, seccomp } = *self;
        let all = [
            (own_user, "another user"),
            (namespaces, "namespaces"),
            (landlock, "Landlock"),
            (seccomp, "seccomp"),
        ];
        let names: Vec<&str> = all.into_iter().filter(|(stands, _)| *stands).map(|(_, name)| name).collect();
        if names.is_empty() { f.write_str("no box") } else { f.write_str(&names.join(" + ")) }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::Whole => f.write_str("the whole box"),
            Proof::WithoutNamespaces => f.write_str("the box without namespaces"),
            Proof::Alone(layer) => write!(f, "{layer:?} alone"),
            Proof::Open => f.write_str("without what closes it"),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Reached(evidence) => write!(f, "not stopped ({evidence})"),
            Seen::Stopped(by) => write!(f, "stopped by {by}"),
            Seen::Unclear(why) => write!(f, "unclear: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Walls = Walls { own_user: true, namespaces: true, landlock: true, seccomp: true };

    fn attack(name: &str) -> Attack {
        hostile::attacks().into_iter().find(|attack| attack.name == name).expect("an attack")
    }

    #[test]
    fn every_layer_is_tried_alone_and_none_at_all() {
        let signal = attack("signal");
        let proofs: Vec<_> = proofs(&signal, ROOT, true).into_iter().map(|(_, proof, _)| proof).collect();
        let alone = [Layer::OwnUser, Layer::Namespaces, Layer::Landlock].map(Proof::Alone);
        let wanted = [&[Proof::Whole, Proof::WithoutNamespaces][..], &alone, &[Proof::Open]].concat();
        assert_eq!(proofs, wanted);
    }

    #[test]
    fn an_ordinary_user_has_nobody_to_be_told_from() {
        let user = Walls { own_user: false, ..ROOT };
        let pin = attack("pin");
        let alone = Proof::Alone(Layer::OwnUser);
        assert!(!proofs(&pin, user, false).iter().any(|(_, proof, _)| *proof == alone));
        let forced = Walls { namespaces: false, ..user };
        assert!(forced.closing(&pin, false).is_empty());
        let reached = Seen::Reached("may pin".into());
        assert_eq!(difference(&pin, Proof::WithoutNamespaces, forced, false, &reached), None);
        assert!(difference(&pin, Proof::Whole, user, false, &reached).is_some());
    }

    #[test]
    fn the_wrong_evidence_is_a_difference() {
        let signal = attack("signal");
        let seen = |evidence: &str| Seen::Stopped(evidence.to_owned());
        let told = |proof, seen| difference(&signal, proof, ROOT, true, &seen);
        assert_eq!(told(Proof::Whole, seen("ESRCH")), None);
        assert_eq!(told(Proof::Alone(Layer::Landlock), seen("EPERM")), None);
        assert!(told(Proof::Alone(Layer::Landlock), seen("ESRCH")).is_some());
        assert!(told(Proof::Whole, seen("ENOSYS")).is_some());
        assert!(told(Proof::Whole, Seen::Unclear("it hangs".into())).is_some());
    }
}
