//! Who holds which end of which pipe.

use super::People;
use crate::trial::{Census, Pipe};
use std::collections::BTreeMap;

/// Every pipe of which a child of the caller holds an end, with everybody who holds one. The pipes
/// of standard output and standard error are not meant: everybody has them.
pub(super) fn between(people: &mut People, census: &Census) -> Vec<Pipe> {
    let mut pipes: BTreeMap<String, Pipe> = BTreeMap::new();
    let mut held_by_children = Vec::new();
    let caller = people.caller;
    for pid in std::iter::once(caller).chain(census.children.iter().map(|who| who.pid)) {
        let who = people.name(pid);
        for file in procs::open_files(pid) {
            if file.number <= 2 || !file.target.starts_with("pipe:") {
                continue;
            }
            if pid != caller {
                held_by_children.push(file.target.clone());
            }
            let pipe = pipes.entry(file.target).or_default();
            if file.reads && !pipe.readers.contains(&who) {
                pipe.readers.push(who);
            }
            if file.writes && !pipe.writers.contains(&who) {
                pipe.writers.push(who);
            }
        }
    }
    pipes.into_iter().filter(|(name, _)| held_by_children.contains(name)).map(|(_, pipe)| pipe).collect()
}
