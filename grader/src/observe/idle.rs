//! How much work is done while there is nothing to do.
//!
//! Processor time alone misses a spinner that others keep from the processor, so three signs are
//! taken together: time on or waiting for a processor, being ready at a look, and naps.

use super::People;
use crate::sandbox::proc;
use crate::trial::Busy;
use std::thread::sleep;
use std::time::{Duration, Instant};

const LOOKS: u32 = 15;
const BETWEEN_LOOKS: Duration = Duration::from_millis(4);

/// Watches everybody for about 60 ms. Blocks meanwhile.
pub(crate) fn busy(people: &mut People) -> Vec<Busy> {
    let all = people.all();
    let started = Instant::now();
    let before: Vec<(u64, u64)> =
        all.iter().map(|&pid| (work_ns(pid), proc::voluntary_switches(pid))).collect();
    let mut running = vec![0; all.len()];
    for _ in 0..LOOKS {
        sleep(BETWEEN_LOOKS);
        for (count, &pid) in running.iter_mut().zip(&all) {
            *count += u32::from(proc::tasks(pid).iter().any(|task| task.state == 'R'));
        }
    }
    let passed_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
    all.iter()
        .zip(before)
        .zip(running)
        .map(|((&pid, (work, naps)), running_looks)| Busy {
            who: people.name(pid),
            running_looks,
            looks: LOOKS,
            permille: work_ns(pid).saturating_sub(work) * 1000 / passed_ns,
            naps: proc::voluntary_switches(pid).saturating_sub(naps),
        })
        .collect()
}

/// Nanoseconds that the threads of a process were on a processor or waited for one.
fn work_ns(pid: u32) -> u64 {
    let of =
        |turns: &str| turns.split_whitespace().take(2).filter_map(|n| n.parse::<u64>().ok()).sum::<u64>();
    proc::tasks(pid).iter().map(|task| of(&task.turns)).sum()
}
