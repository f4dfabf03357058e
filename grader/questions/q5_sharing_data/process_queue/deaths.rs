//! A queue whose users, or whose broker, are killed: what must then be true of everybody else's calls.
//!
//! Knows the scripts alone; how calls are read is told by the other checks of this part.

use super::super::super::words::players::{FAULTS, HOLD, START, STOPS_AMID};
use super::super::super::words::process_queue::{FOR_EVER, GET, GET_LIMIT, GOT, NUMBERS, PUT};
use super::super::players::{
    BESIDE, LOOKS_LATE, beside_the_stopped, calls, flow_but, looks_late, no_panic,
    nobody_waits_for_the_stopped, open, quiet, tell, tellings, trial, two_deaths, wait,
};
use super::{BROKER, Call, MIB, Told, UNREAD, gets, name, parcels, queue, verdict};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Step, Trial, TrialRules};

const HALF_READ: &str = "a process is killed that has read some of a long item";

pub(super) const DEATHS: TrialRules = TrialRules {
    check: "q5.process_queue_deaths",
    trials: |fresh| {
        let base = fresh.bits() % NUMBERS;
        // The first of the caller's children is the broker.
        let waiting = [
            queue(&[1, 2]),
            vec![
                quiet(0, HOLD, &[1]),
                quiet(0, PUT, &[base, 10]),
                quiet(0, HOLD, &[3]),
                quiet(0, PUT, &[base + 1, MIB]),
            ],
            wait(&[1, 2]),
            gets(1, 1),
            [vec![quiet(2, HOLD, &[2])], gets(2, 2)].concat(),
        ];
        let waiting = waiting.concat();
        // Whoever is stopped while it waits takes nothing of what it is sent, and nobody waits for that.
        let unread = [
            queue(&[1, 2]),
            vec![quiet(0, HOLD, &[1]), tell(0, PUT, &[base, MIB]), tell(0, PUT, &[base + 1, 10])],
            wait(&[1, 2]),
            gets(1, 1),
            [vec![quiet(2, HOLD, &[2])], gets(2, 2)].concat(),
        ];
        // Whoever reads a long item is stopped when it has some of it, and then killed. Who has all of it by then says so.
        let half_read = [
            queue(&[1, 2]),
            vec![quiet(0, HOLD, &[1]), quiet(0, PUT, &[base, MIB]), quiet(0, PUT, &[base + 1, 10])],
            wait(&[1, 2]),
            vec![quiet(1, FAULTS, &[STOPS_AMID]), tell(1, GET, &[])],
            [vec![quiet(2, HOLD, &[2])], gets(2, 1)].concat(),
        ];
        // Two are sent one item each, and die in that order: what comes back last is not what is got first.
        let both = [
            queue(&[1, 2, 3]),
            vec![quiet(0, HOLD, &[1]), quiet(0, PUT, &[base, 10]), quiet(0, PUT, &[base + 1, 10])],
            wait(&[1, 2, 3]),
            gets(1, 1),
            [vec![quiet(2, HOLD, &[2])], gets(2, 1)].concat(),
            [vec![quiet(3, HOLD, &[3])], gets(3, 2)].concat(),
        ];
        // The one that is killed has used the queue before, and has a child that lives on with whatever it had open.
        let heir = [
            queue(&[1, 2]),
            vec![quiet(0, HOLD, &[1]), quiet(0, PUT, &[base, 10]), quiet(0, PUT, &[base + 1, 10])],
            wait(&[1, 2]),
            vec![
                quiet(1, PUT, &[base + 2, 10]),
                tell(1, GET, &[]),
                quiet(1, START, &[3]),
                quiet(3, HOLD, &[3]),
            ],
            gets(1, 1),
            [vec![quiet(2, HOLD, &[2])], gets(2, 2)].concat(),
        ];
        let passed_on = |puts: &[Call]| {
            let calls = [
                queue(&[1, 2]),
                vec![quiet(0, HOLD, &[1])],
                puts.to_vec(),
                wait(&[1, 2]),
                gets(1, 1),
                vec![quiet(2, HOLD, &[2]), tell(2, GET, &[])],
            ];
            calls.concat()
        };
        let puts = [quiet(0, PUT, &[base, 10]), quiet(0, PUT, &[base + 1, 10])];
        let put_and_kill = [Step::Stop(1), open(1), Step::Quiet, Step::KillIdle(1), Step::Quiet];
        let kill = [Step::Gather(2), Step::Quiet, Step::KillIdle(1)];
        let behind =
            [Step::Gather(2), Step::Quiet, open(2), Step::Quiet, Step::KillIdle(1), Step::Quiet, open(1)];
        let half = [
            queue(&[1, 2]),
            vec![quiet(0, HOLD, &[1])],
            gets(0, 1),
            wait(&[1, 2]),
            vec![quiet(1, HOLD, &[3]), tell(1, PUT, &[base, MIB])],
            vec![quiet(2, HOLD, &[2]), quiet(2, PUT, &[base + 1, 10]), quiet(2, PUT, &[base + 2, 200_000])],
        ];
        let stopped =
            [Step::Gather(3), Step::Stop(0), open(3), Step::Quiet, Step::KillIdle(1), Step::Continue];
        let put = [
            queue(&[1]),
            vec![quiet(0, HOLD, &[2])],
            gets(0, 2),
            wait(&[1]),
            vec![quiet(1, PUT, &[base, 10]), quiet(1, PUT, &[base + 1, MIB]), quiet(1, HOLD, &[1])],
        ];
        let broker = [
            queue(&[1, 2]),
            vec![
                quiet(0, HOLD, &[1]),
                tell(0, PUT, &[base, 10]),
                tell(0, GET, &[]),
                tell(0, GET_LIMIT, &[60_000]),
            ],
            wait(&[1, 2]),
            gets(1, 1),
            vec![tell(2, GET_LIMIT, &[FOR_EVER])],
        ];
        vec![
            trial(
                "a process is killed while it waits for an item",
                &waiting,
                &[&kill[..], &[open(1), Step::Quiet, open(2), flow_but(1, &[3]), Step::Quiet, open(3)]]
                    .concat(),
            ),
            trial("the first of two that wait is killed", &waiting, &behind),
            trial(
                UNREAD,
                &unread.concat(),
                &[
                    &[Step::Gather(2), Step::Quiet, Step::Stop(1), open(1), flow_but(2, &[2])][..],
                    &[Step::Quiet, Step::KillIdle(1), Step::Quiet, open(2)],
                ]
                .concat(),
            ),
            trial(
                UNREAD,
                &waiting,
                &[&[Step::Gather(2), Step::Quiet, open(2), Step::Quiet], &put_and_kill[..]].concat(),
            ),
            two_deaths(&both.concat(), &[]),
            trial(
                UNREAD,
                &heir.concat(),
                &[
                    &[flow_but(1, &[1, 2, 3]), Step::Gather(3), Step::Quiet],
                    &put_and_kill[..],
                    &[open(2), flow_but(2, &[3])],
                ]
                .concat(),
            ),
            trial(
                "a process is killed while it puts a long item",
                &half.concat(),
                &[&stopped[..], &[open(2), Step::Quiet, open(1)]].concat(),
            ),
            trial(
                "a process is killed after it has put",
                &put.concat(),
                &[Step::Gather(2), Step::Quiet, Step::Kill(Pick::Task(1)), open(2)],
            ),
            trial(BROKER, &broker.concat(), &[Step::Gather(1), Step::Quiet, Step::KillIdle(0), Step::Quiet]),
            looks_late(&passed_on(&puts[..1]), &[]),
            beside_the_stopped(&passed_on(&puts), &[]),
            trial(
                HALF_READ,
                &half_read.concat(),
                &[
                    &[Step::Gather(2), Step::Quiet, open(1), Step::Quiet][..],
                    &[Step::KillIdle(1), Step::Quiet, open(2)],
                ]
                .concat(),
            ),
        ]
    },
    judge: |trial, trace| {
        if trial.scene == UNREAD {
            no_panic(trial, trace, name)?;
            nobody_waits_for_the_stopped(trace, "`put` waits")?;
        }
        if trial.scene == BESIDE {
            return verdict(trial, trace, Fault::Blocks, "`get` waits until the one that is stopped goes on");
        }
        let stuck = match trial.scene {
            BROKER => "whoever waits is not told",
            UNREAD | LOOKS_LATE => "that item is lost, or `get` or `put` is stuck",
            _ => "`get` or `put` is stuck",
        };
        verdict(trial, trace, Fault::HungOnCrash, stuck)?;
        if trial.scene == HALF_READ && !tellings(trace).any(|(_, told, _)| is_first(trial, told)) {
            let what = format!("when {HALF_READ}, that item is lost, or got after others");
            return Err(Wrong::new(Fault::LostTask, what));
        }
        Ok(())
    },
};

/// Whether this is the first item that was put.
fn is_first(trial: &Trial, told: Told) -> bool {
    told.kind == GOT && parcels(&calls(trial)).get(&told.detail).is_some_and(|&(_, place, ..)| place == 1)
}
