//! What a case of the bank is.

use interleave::{Clock, Fault};

/// A small program, right or wrong.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What may be reported; nothing for a correct program.
    pub(crate) faults: &'static [Fault],
    pub(crate) clock: Clock,
    pub(crate) body: fn(),
}

/// A wrong program, and how it may show.
pub(crate) const fn bug(name: &'static str, faults: &'static [Fault], body: fn()) -> Case {
    Case { name, faults, clock: Clock::Adversarial, body }
}

/// A correct program.
pub(crate) const fn correct(name: &'static str, body: fn()) -> Case {
    Case { name, faults: &[], clock: Clock::Adversarial, body }
}

/// The case depends on what "until all have settled" means.
pub(crate) const fn timed(case: Case) -> Case {
    Case { clock: Clock::Timed, ..case }
}
