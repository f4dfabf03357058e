//! Two answers that are graded at the same time and work together: whether they can meet.
//!
//! Knows boxes and ways to meet by name, not how the two try.

use super::boxes::{Seen, Walls};
use super::trial::Trial;
use crate::error::{GraderError, Result};
use crate::sandbox::Slot;
use crate::scratch::Scratch;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;

/// All ways to meet, in one box.
const ALL: &str = "file memory socket process signal";

/// The ways that are left where nothing keeps the two apart but users and rules: they see each other in the
/// list of processes, and memory with a name is everybody's.
const WITHOUT_NAMESPACES: &str = "memory process";

/// What differs from what should be, a line each: in two boxes of a kind, for each kind, and in one box.
pub(super) fn differences(trial: &Trial<'_>, given: &[Walls]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut expect = |what: String, wanted: &str, seen: Seen| {
        if !matches!(&seen, Seen::Reached(ways) if ways == wanted) {
            wrong.push(format!("pair: {what}: they must meet by `{wanted}`, and it was {seen}"));
        }
    };
    for &walls in given {
        let wanted = if walls.namespaces { "" } else { WITHOUT_NAMESPACES };
        expect(format!("in two boxes ({walls})"), wanted, apart(trial, walls)?);
        // The same two in one box: so they do try.
        let together = trial.half("both", vec![tag("both")], walls)?;
        expect(format!("in one box ({walls})"), ALL, together);
        // Where runs have no user of their own, nobody else knows whose this is.
        for half in ["pair", "both"] {
            let _ = fs::remove_file(format!("/dev/shm/racecourse-left-{}-{half}", std::process::id()));
        }
    }
    Ok(wrong)
}

fn tag(half: &str) -> String {
    format!("tag={}-{half}", std::process::id())
}

/// One in a box, then the other in another while the first is still there.
fn apart(trial: &Trial<'_>, walls: Walls) -> Result<Seen> {
    let slot = Slot::take(&trial.sandbox.layers)?;
    let scratch = Scratch::new("pair")?;
    let tag = tag("pair");
    let words = ["pair".to_owned(), "host".to_owned(), tag.clone()].to_vec();
    let (enclosure, mut host) = trial.start(words, walls, true, (&slot, &scratch))?;
    await_word(&mut host.stderr)?;
    let pid = procs::below(enclosure.reaper_pid).into_iter().max().unwrap_or_default();
    let seen = trial.half(
        "guest",
        vec![tag, format!("folder={}", scratch.path().display()), format!("pid={pid}")],
        walls,
    );
    drop(enclosure);
    seen
}

/// Waits until a program has said anything.
fn await_word(stderr: &mut File) -> Result<()> {
    let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLIN)];
    let _ = poll(&mut ready, PollTimeout::NONE);
    match stderr.read(&mut [0; 6]) {
        Ok(1..) => Ok(()),
        _ => Err(GraderError::machine("the first of a pair does not start")),
    }
}
