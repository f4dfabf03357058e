//! Who is who below the reaper: the caller, its children, and the others.
//!
//! Gives every process a name that does not depend on its number: the order in which the judge has
//! met it.

use super::pipes;
use crate::trial::{Census, Who};
use procs::Member;
use std::collections::BTreeMap;

/// The processes of one trial.
#[derive(Debug)]
pub(crate) struct People {
    reaper: u32,
    /// The respondent.
    pub(crate) caller: u32,
    known: BTreeMap<u32, Who>,
}

impl People {
    pub(crate) fn new(reaper: u32, caller: u32) -> Self {
        let own_pid = procs::own_number(caller, caller);
        let who = Who { pid: caller, own_pid, rank: 0, is_child: false };
        Self { reaper, caller, known: BTreeMap::from([(caller, who)]) }
    }

    /// Names a process: the same name each time, and a new one if its number was never seen.
    pub(crate) fn name(&mut self, pid: u32) -> Who {
        let (rank, caller) = (self.known.len(), self.caller);
        let meet = || {
            let is_child = procs::parent(pid) == Some(caller);
            Who { pid, own_pid: procs::own_number(pid, pid), rank, is_child }
        };
        *self.known.entry(pid).or_insert_with(meet)
    }

    /// Everybody below the reaper, in the order of their births.
    pub(crate) fn all(&self) -> Vec<u32> {
        let mut all = procs::below(self.reaper);
        all.sort_unstable_by_key(|&pid| born_after(self.caller, pid));
        all
    }

    /// The same, each with its size and its threads.
    pub(crate) fn members(&self) -> Vec<Member> {
        let mut all = procs::members_below(self.reaper);
        all.sort_unstable_by_key(|member| born_after(self.caller, member.pid));
        all
    }

    /// Whether a process belongs to this trial. Asked by its parents, from the process upwards: a look
    /// from above misses one whose parent ends meanwhile.
    pub(crate) fn has(&self, pid: u32) -> bool {
        let mut above = Some(pid);
        while let Some(pid) = above {
            if pid == self.reaper {
                return true;
            }
            above = procs::parent(pid).filter(|&parent| parent > 1);
        }
        false
    }

    /// How many bytes everybody has to itself.
    pub(crate) fn memory(&mut self) -> Vec<(Who, u64)> {
        self.all().into_iter().map(|pid| (self.name(pid), procs::own_bytes(pid))).collect()
    }

    /// Who there is.
    pub(crate) fn census(&mut self) -> Census {
        let mut census = Census {
            descriptors: procs::descriptors(self.caller).len(),
            threads: procs::tasks(self.caller).len(),
            ..Census::default()
        };
        for pid in self.all() {
            if pid == self.caller {
                continue;
            }
            let who = self.name(pid);
            match procs::state(pid) {
                None => {}
                Some('Z' | 'X') => census.zombies.push(who),
                Some(_) if procs::parent(pid) == Some(self.caller) => census.children.push(who),
                Some(_) => census.others.push(who),
            }
        }
        census.pipes = pipes::between(self, &census);
        census
    }
}

/// How many numbers after the caller's a process got its own. The kernel gives them in order and then begins again from small ones
/// (`pid_max` in proc(5), 32,768 on many machines), so a younger process may have a smaller number; nobody of a trial is older
/// than its caller.
fn born_after(caller: u32, pid: u32) -> u32 {
    pid.wrapping_sub(caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_born_after_the_numbers_began_again_is_younger() {
        let mut all = [301, 32_767, 302, 32_760, 32_761];
        all.sort_unstable_by_key(|&pid| born_after(32_760, pid));
        assert_eq!(all, [32_760, 32_761, 32_767, 301, 302]);
    }
}
