//! What happened in a trial, in lines that a person reads.
//!
//! Each process has a column of its own. What many do one after the other is told of the first and the last. Knows nothing of what
//! is right.

use crate::trial::{Event, Seen, Trace, Who, Whom, signal_name};

/// Of longer stories the last part is told, where they go wrong.
const MOST_LINES: usize = 40;
/// So many lines alike, one after the other, are told by three.
const ALIKE: usize = 5;
/// As many columns as a screen has room for; later processes share the last.
const COLUMNS: usize = 12;

impl Trace {
    /// What happened, a line an event, with a column for each process. Of many events alike the first and the last, of long traces
    /// the last part.
    pub fn story(&self) -> Vec<String> {
        let told: Vec<(&Event, String)> =
            self.events.iter().filter_map(|event| Some((event, line(&event.seen)?))).collect();
        let mut lines = Vec::new();
        for alike in told.chunk_by(|one, next| are_alike(&one.0.seen, &next.0.seen)) {
            match alike {
                [first, between @ .., last] if alike.len() >= ALIKE => {
                    let more = format!("judge       sees {} more like this", between.len());
                    lines.extend([first.1.clone(), more, last.1.clone()]);
                }
                few => lines.extend(few.iter().map(|(_, line)| line.clone())),
            }
        }
        let surplus = lines.len().saturating_sub(MOST_LINES);
        let cut = (surplus > 0).then(|| format!("... {surplus} earlier lines"));
        cut.into_iter().chain(lines.into_iter().skip(surplus)).collect()
    }
}

/// Whether the same happened, whoever did it and to whatever task.
fn are_alike(one: &Seen, next: &Seen) -> bool {
    match (one, next) {
        (Seen::Arrived { task, .. }, Seen::Arrived { task: other, .. })
        | (Seen::Opened { task, .. }, Seen::Opened { task: other, .. }) => {
            told_call(*task).is_some() == told_call(*other).is_some()
        }
        (Seen::Killed(_), Seen::Killed(_)) | (Seen::Stopped(_), Seen::Stopped(_)) => true,
        _ => false,
    }
}

/// The call, counted from 1, of which somebody tells what came of it: that is what tasks of large numbers are.
fn told_call(task: u64) -> Option<u64> {
    (task >> 48 > 0).then_some(task >> 48)
}

/// One line of a story.
fn line(seen: &Seen) -> Option<String> {
    let column = |who: Who, text: String| {
        format!("{}{:<10}  {text}", "    ".repeat(who.rank.min(COLUMNS)), who.name())
    };
    let names = |all: &[Who]| all.iter().map(|who| who.name()).collect::<Vec<_>>().join(", ");
    Some(match seen {
        Seen::Arrived { who, task, held, .. } => {
            let what = match told_call(*task) {
                Some(call) => format!("tells what came of call {call}"),
                None => format!("begins task {task}"),
            };
            column(*who, format!("{what} and is held ({held} held)"))
        }
        Seen::Opened { who, task, .. } if told_call(*task).is_some() => column(*who, "may go on".into()),
        Seen::Opened { who, task, .. } => column(*who, format!("may finish task {task}")),
        Seen::InVain { .. } => "judge       waits in vain: nothing moves and nobody else comes".into(),
        Seen::Killed(who) => column(*who, "is killed by the judge".into()),
        Seen::Record { who, text } => column(*who, format!("writes {text:?}")),
        Seen::Survivors(all) if all.is_empty() => return None,
        Seen::Survivors(all) => format!("still there after the caller was killed: {}", names(all)),
        Seen::Census(census) => {
            let mut text = format!("judge       sees {} children of the caller", census.children.len());
            for (what, all) in [("zombies", &census.zombies), ("other processes", &census.others)] {
                if !all.is_empty() {
                    text += &format!(", {} {what}", all.len());
                }
            }
            text
        }
        Seen::Returned => "the caller  has returned from the last call".into(),
        Seen::Stopped(who) => column(*who, "is stopped by the judge".into()),
        Seen::Signalled(signal, whom) => {
            let whom = match whom {
                Whom::Caller => "the caller",
                Whom::Group => "the process group of the caller",
            };
            format!("judge       sends {} to {whom}", signal_name(*signal))
        }
        Seen::Checkpoint(_)
        | Seen::WentOn
        | Seen::Dwelt
        | Seen::Idle(_)
        | Seen::Doing(_)
        | Seen::Memory(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(seen: Vec<Seen>) -> Trace {
        let events = seen.into_iter().map(|seen| Event { at_ns: 0, seen }).collect();
        Trace { events, ..Trace::default() }
    }

    fn who(rank: usize) -> Who {
        Who { pid: 1, own_pid: 1, rank, is_child: true }
    }

    fn arrived(rank: usize, task: u64) -> Seen {
        Seen::Arrived { who: who(rank), task, thread: 0, held: rank }
    }

    #[test]
    fn of_many_alike_the_first_and_the_last_are_told() {
        let mut seen: Vec<Seen> = (1..=24).map(|rank| arrived(rank, rank as u64)).collect();
        seen.extend([Seen::Killed(who(3)), Seen::Killed(who(4)), Seen::Returned]);
        let story = trace(seen).story();
        let told = [
            "    worker 1    begins task 1 and is held (1 held)",
            "judge       sees 22 more like this",
            &format!("{}worker 24   begins task 24 and is held (24 held)", "    ".repeat(COLUMNS)),
            "            worker 3    is killed by the judge",
            "                worker 4    is killed by the judge",
            "the caller  has returned from the last call",
        ];
        assert_eq!(story, told);
    }

    #[test]
    fn a_task_and_a_call_are_not_alike_and_four_are_few() {
        let seen = vec![arrived(1, 1), arrived(1, 2), arrived(1, 3), arrived(1, 4), arrived(1, 5 << 48)];
        let story = trace(seen).story();
        assert_eq!(story.len(), 5, "{story:?}");
        assert!(story[4].contains("tells what came of call 5"), "{story:?}");
    }

    #[test]
    fn of_a_long_story_the_end_is_told() {
        let seen = (0..100).map(|number| Seen::Signalled(number % 2 + 1, Whom::Caller)).collect();
        let story = trace(seen).story();
        assert_eq!(story.len(), MOST_LINES + 1);
        assert_eq!(story[0], "... 60 earlier lines");
    }
}
