//! How much work is done while there is nothing to do.
//!
//! Processor time alone misses a spinner that others keep from the processor, so three signs are
//! taken together: time on or waiting for a processor, being ready at a look, and naps.

use super::People;
use crate::trial::Busy;
use std::thread::sleep;
use std::time::{Duration, Instant};

const LOOKS: u32 = 15;
const BETWEEN_LOOKS: Duration = Duration::from_millis(4);

/// How many more times as long whoever seems to be busy is watched.
const DOUBTS: u32 = 4;

/// Watches everybody for about 60 ms, and for 300 ms if somebody seems to be busy: on a loaded machine whoever wakes once may wait for
/// a processor longer than for anything else. Naps are those of the first 60 ms. Blocks meanwhile.
pub(crate) fn busy(people: &mut People) -> Vec<Busy> {
    let all = people.all();
    let started = Instant::now();
    let before: Vec<(u64, u64)> =
        all.iter().map(|&pid| (work_ns(pid), procs::voluntary_switches(pid))).collect();
    let mut seen: Vec<Busy> = all
        .iter()
        .map(|&pid| Busy {
            who: people.name(pid),
            running_looks: 0,
            looks: 0,
            permille: 0,
            naps: 0,
            watched: Duration::ZERO,
        })
        .collect();
    for time in 0..=DOUBTS {
        for _ in 0..LOOKS {
            sleep(BETWEEN_LOOKS);
            for (one, &pid) in seen.iter_mut().zip(&all) {
                one.looks += 1;
                one.running_looks += u32::from(procs::tasks(pid).iter().any(|task| task.state == 'R'));
            }
        }
        let passed_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
        for ((one, &pid), (work, naps)) in seen.iter_mut().zip(&all).zip(&before) {
            one.permille = work_ns(pid).saturating_sub(*work) * 1000 / passed_ns;
            if time == 0 {
                one.watched = Duration::from_nanos(passed_ns);
                one.naps = procs::voluntary_switches(pid).saturating_sub(*naps);
            }
        }
        if !seen.iter().any(Busy::uses_the_processor) {
            break;
        }
    }
    seen
}

/// Nanoseconds that the threads of a process were on a processor or waited for one.
fn work_ns(pid: u32) -> u64 {
    let of =
        |turns: &str| turns.split_whitespace().take(2).filter_map(|n| n.parse::<u64>().ok()).sum::<u64>();
    procs::tasks(pid).iter().map(|task| of(&task.turns)).sum()
}
