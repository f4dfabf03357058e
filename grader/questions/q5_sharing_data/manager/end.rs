//! A manager's end: what must be gone with it, and what with the process that made it.
//!
//! Knows the scripts and who may be left; how calls are read is told by the other checks of this part.

use super::super::super::words::manager::{ALL, ALONE, DROP, DROP_PROXIES, LEN, NUMBERS, PUSH, ROUNDS, TAKE};
use super::super::super::words::players::{
    BLOCK_TERM, CHECKPOINT, Call, FEW_FILES, FILES, HOLD, INTERRUPTED, LEAVE, UNWINDS as UNWINDING,
};
use super::super::players::{DROP_WAITS, looked_at_twice, open, quiet, start, tell, trial, wait};
use super::{MAKER, NO_FILES, UNWINDS, all, held, is_dropped, manager, verdict};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::nothing_left;
use crate::trial::{Seen, Step, TrialRules};

/// How many processes use the manager and end, one after the other.
const VISITS: u64 = 32;

pub(super) const END: TrialRules = TrialRules {
    check: "q5.manager_end",
    trials: |fresh| {
        let base = fresh.bits() % NUMBERS;
        let over = |number: u64| quiet(0, CHECKPOINT, &[number]);
        let rounds = |count: u64| tell(0, ROUNDS, &[count, 0]);
        let interrupted = tell(0, ROUNDS, &[12, INTERRUPTED]);
        let short = |more: u64| {
            let few = quiet(0, FEW_FILES, &[more]);
            let made = [few, tell(0, ALONE, &[]), quiet(0, FILES, &[]), quiet(0, DROP, &[])];
            looked_at_twice(NO_FILES, rounds(2), made.to_vec())
        };
        // A server has the signals blocked that its maker has.
        let dropped = |how: &[u64]| {
            let calls = [
                vec![quiet(0, BLOCK_TERM, &[])],
                manager(&[1]),
                held(0, 1, vec![quiet(0, DROP, how), over(1)]),
                all(0, &[(PUSH, &[base, 10])]),
                wait(&[1]),
                all(1, &[(TAKE, &[])]),
            ];
            calls.concat()
        };
        let harmless = |how: Vec<Call>| {
            let calls = [
                manager(&[1]),
                wait(&[1]),
                all(0, &[(PUSH, &[base, 20]), (ALL, &[])]),
                all(1, &[(PUSH, &[base + 1, 9]), (LEN, &[])]),
                how,
            ];
            trial("a child drops what it has of the manager", &calls.concat(), &[])
        };
        let killed = [
            manager(&[1]),
            vec![quiet(0, HOLD, &[2])],
            vec![quiet(1, HOLD, &[1]), tell(1, PUSH, &[base, 10])],
        ];
        let alone = [manager(&[]), held(0, 1, all(0, &[(PUSH, &[base, 10]), (LEN, &[])]))];
        // The server may open fewer files than there are visitors.
        let visit = |player: u64| [start(&[player]), wait(&[player]), vec![quiet(player, LEN, &[])]].concat();
        let visits = [
            [vec![quiet(0, FEW_FILES, &[VISITS])], manager(&[])].concat(),
            (1..=VISITS).flat_map(visit).collect(),
            all(0, &[(LEN, &[])]),
        ];
        // Looked at twice: whoever was killed and is not waited for may still be about to die.
        let census = [Step::Census, Step::Quiet, Step::Census];
        let script =
            [&[Step::Gather(1), Step::Quiet, open(1), Step::Checkpoint(1)][..], &census, &[Step::GoOn]];
        vec![
            trial(MAKER, &dropped(&[]), &script.concat()),
            trial(UNWINDS, &dropped(&[UNWINDING]), &script.concat()),
            looked_at_twice("managers are made and dropped", rounds(2), vec![rounds(12)]),
            looked_at_twice("managers are made and dropped while signals come", rounds(2), vec![interrupted]),
            harmless(vec![]),
            harmless(vec![quiet(1, DROP, &[]), quiet(1, DROP_PROXIES, &[])]),
            harmless(vec![quiet(1, LEAVE, &[])]),
            trial(
                "the manager's maker is killed",
                &killed.concat(),
                &[Step::Gather(2), Step::Quiet, Step::KillCaller],
            ),
            trial("nobody calls", &alone.concat(), &[Step::Gather(1), Step::Quiet, Step::Idle, Step::Census]),
            trial("many processes come and go", &visits.concat(), &[]),
            short(0),
            short(2),
            short(3),
            short(4),
        ]
    },
    judge: |trial, trace| {
        trace.at_rest(3)?;
        let survives = |seen: &Seen| matches!(seen, Seen::Survivors(all) if !all.is_empty());
        if trace.events.iter().any(|event| survives(&event.seen)) {
            let what =
                "the manager's maker was killed, everything of it is gone, and the server is still there";
            return Err(Wrong::new(Fault::Orphan, what));
        }
        if let (Some(census), Some(later)) = (trace.censuses().next(), trace.censuses().last()) {
            let seen = (later.zombies.len(), census.children.len(), census.others.len(), census.threads);
            let wrong = match (trial.scene, seen) {
                (MAKER | UNWINDS, (1.., ..)) => {
                    Some((Fault::Zombie, "its server has ended and was not waited for"))
                }
                (MAKER | UNWINDS, (0, 1, 0, _)) => None,
                (MAKER | UNWINDS, _) => Some((Fault::Orphan, "its server is still there afterwards")),
                ("nobody calls", (.., 2..)) => {
                    Some((Fault::LeakedThread, "a manager has a thread beside its server"))
                }
                ("nobody calls", (_, 1, 0, _)) => None,
                ("nobody calls", _) => {
                    Some((Fault::TooManyWorkers, "a manager has not one child for a server"))
                }
                _ => None,
            };
            if let Some((fault, what)) = wrong {
                return Err(Wrong::new(fault, format!("when {}, {what}", trial.scene)));
            }
        }
        let drop_is_over = !is_dropped(trial) || trace.censuses().next().is_some();
        let stuck = if drop_is_over { "whoever waits is not told" } else { DROP_WAITS };
        verdict(trial, trace, Fault::Hang, stuck)?;
        if is_dropped(trial) { Ok(()) } else { nothing_left(trace, |place| place != 0) }
    },
};
