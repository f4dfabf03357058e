//! Files, sockets and signals: what Landlock closes around this process.
//!
//! Knows paths and rights, not who needs them.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, Scope,
};
use std::error::Error;
use std::path::Path;
use wire::Policy;

/// The newest version whose rights are asked for. An older kernel gives those it has: which ones is
/// measured from inside the box, by trying.
const WANTED: ABI = ABI::V9;

/// Closes everything that the policy does not name. Cannot be undone, and holds for all descendants.
///
/// # Errors
///
/// If a path that was named cannot be opened for another reason than that it does not exist.
pub(crate) fn close(policy: &Policy) -> Result<(), Box<dyn Error>> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = read | AccessFs::Execute;
    // Neither programs nor devices can be made in the folders that may be written to.
    let write = AccessFs::from_all(WANTED)
        & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    for (paths, access) in [(&policy.reads, read), (&policy.runs, run), (&policy.writes, write)] {
        for path in paths.iter().filter(|path| path.exists()) {
            rules = rules.add_rule(PathBeneath::new(PathFd::new(path)?, fitting(path, access)))?;
        }
    }
    rules.restrict_self()?;
    Ok(())
}

/// Of the rights those that a path of its kind can have.
fn fitting(path: &Path, access: BitFlags<AccessFs>) -> BitFlags<AccessFs> {
    if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) }
}
