//! A manager whose users, or whose server, are killed: what must then be true of everybody else's calls.
//!
//! Knows the scripts alone; how calls are read is told by the other checks of this part.

use super::super::super::words::manager::{ALL, FOR_EVER, LEN, NUMBERS, PUSH, PUT, TAKE, TAKE_LIMIT, UNDER};
use super::super::super::words::players::{HOLD, START};
use super::super::players::{
    BESIDE, LOOKS_LATE, beside_the_stopped, flow_but, looks_late, no_panic, nobody_waits_for_the_stopped,
    open, quiet, trial, two_deaths, wait,
};
use super::{MIB, SERVER, UNREAD, all, held, manager, name, verdict};
use crate::fault::Fault;
use crate::trial::{Pick, Step, TrialRules};

pub(super) const DEATHS: TrialRules = TrialRules {
    check: "q5.manager_deaths",
    trials: |fresh| {
        let base = fresh.bits() % NUMBERS;
        // The first of the caller's children is the server.
        let half = [
            manager(&[1, 2]),
            held(0, 1, all(0, &[(LEN, &[]), (ALL, &[])])),
            wait(&[1, 2]),
            held(1, 3, all(1, &[(PUSH, &[base, MIB])])),
            held(2, 2, all(2, &[(PUSH, &[base + 1, 10]), (PUSH, &[base + 2, 200_000]), (LEN, &[])])),
        ];
        let stopped =
            [Step::Gather(3), Step::Stop(0), open(3), Step::Quiet, Step::KillIdle(1), Step::Continue];
        let done = [
            manager(&[1]),
            held(0, 2, all(0, &[(ALL, &[]), (LEN, &[]), (TAKE, &[])])),
            wait(&[1]),
            all(1, &[(PUSH, &[base, 300_000]), (PUSH, &[base + 1, 9]), (PUT, &[base + 2, 9])]),
            vec![quiet(1, HOLD, &[1])],
        ];
        let waiting = [
            manager(&[1, 2]),
            held(0, 1, all(0, &[(PUT, &[base, 10])])),
            wait(&[1, 2]),
            all(1, &[(TAKE, &[])]),
            held(2, 2, all(2, &[(TAKE, &[])])),
        ];
        let waiting = waiting.concat();
        // Whoever is stopped while it waits takes nothing of what it is sent, and nobody waits for that.
        let unread = [
            manager(&[1, 2]),
            held(0, 1, all(0, &[(PUT, &[base, MIB]), (PUT, &[base + 1, 10])])),
            wait(&[1, 2]),
            all(1, &[(TAKE, &[])]),
            held(2, 2, all(2, &[(TAKE, &[]), (TAKE, &[])])),
        ];
        // Two are sent one value each, and die in that order: what comes back last is not what is got first.
        let both = [
            manager(&[1, 2, 3]),
            held(0, 1, all(0, &[(PUT, &[base, 10]), (PUT, &[base + 1, 10])])),
            wait(&[1, 2, 3]),
            all(1, &[(TAKE, &[])]),
            held(2, 2, all(2, &[(TAKE, &[])])),
            held(3, 3, all(3, &[(TAKE, &[]), (TAKE, &[])])),
        ];
        // The one that is killed has used the manager before, and has a child that lives on with whatever it had open.
        let heir = [
            manager(&[1, 2]),
            held(0, 1, all(0, &[(PUT, &[base, 10]), (PUT, &[base + 1, 10])])),
            wait(&[1, 2]),
            vec![quiet(1, PUSH, &[base + 2, 10]), quiet(1, START, &[3]), quiet(3, HOLD, &[3])],
            all(1, &[(TAKE, &[])]),
            held(2, 2, all(2, &[(TAKE, &[]), (TAKE, &[])])),
        ];
        let beside = [
            manager(&[1, 2]),
            held(0, 1, all(0, &[(PUT, &[base, 10]), (PUT, &[base + 1, 10])])),
            wait(&[1, 2]),
            all(1, &[(TAKE, &[])]),
            held(2, 2, all(2, &[(TAKE, &[])])),
        ];
        let put = |count: usize| [Step::Stop(1), open(1), flow_but(count, &[2]), Step::Quiet];
        let kill_it = [Step::KillIdle(1), Step::Quiet];
        let server = [
            manager(&[1, 2]),
            held(0, 1, all(0, &[(PUSH, &[base, 10]), (LEN, &[]), (UNDER, &[1]), (TAKE, &[])])),
            wait(&[1, 2]),
            all(1, &[(TAKE, &[])]),
            all(2, &[(TAKE_LIMIT, &[FOR_EVER])]),
        ];
        let kill = [Step::Gather(2), Step::Quiet, Step::KillIdle(1)];
        let behind =
            [Step::Gather(2), Step::Quiet, open(2), Step::Quiet, Step::KillIdle(1), Step::Quiet, open(1)];
        vec![
            trial(
                "a process is killed in the middle of a long request",
                &half.concat(),
                &[&stopped[..], &[open(2), flow_but(3, &[1]), Step::Quiet, open(1)]].concat(),
            ),
            trial(
                "a process is killed after its calls",
                &done.concat(),
                &[flow_but(3, &[1, 2]), Step::Gather(2), Step::Kill(Pick::Task(1)), open(2)],
            ),
            trial(
                "a process is killed while it waits for a value",
                &waiting,
                &[&kill[..], &[open(1), flow_but(1, &[2]), Step::Quiet, open(2)]].concat(),
            ),
            trial("the first of two that wait is killed", &waiting, &behind),
            trial(
                UNREAD,
                &unread.concat(),
                &[&[Step::Gather(2), Step::Quiet], &put(2)[..], &kill_it[..], &[open(2)]].concat(),
            ),
            trial(
                UNREAD,
                &waiting,
                &[&[Step::Gather(2), Step::Quiet, open(2), Step::Quiet], &put(1)[..], &kill_it[..]].concat(),
            ),
            two_deaths(&both.concat(), &[flow_but(2, &[3])]),
            trial(
                UNREAD,
                &heir.concat(),
                &[
                    &[
                        Step::Gather(3),
                        Step::Quiet,
                        Step::Stop(1),
                        open(1),
                        flow_but(2, &[2, 3]),
                        Step::Quiet,
                    ],
                    &kill_it[..],
                    &[open(2), flow_but(2, &[3])],
                ]
                .concat(),
            ),
            trial(SERVER, &server.concat(), &[Step::Gather(1), Step::Quiet, Step::KillIdle(0), Step::Quiet]),
            looks_late(&waiting, &[flow_but(1, &[2])]),
            beside_the_stopped(&beside.concat(), &[flow_but(2, &[2])]),
        ]
    },
    judge: |trial, trace| {
        if trial.scene == UNREAD {
            no_panic(trial, trace, name)?;
            nobody_waits_for_the_stopped(trace, "the calls of others wait")?;
        }
        if trial.scene == BESIDE {
            return verdict(trial, trace, Fault::Blocks, "`get` waits until the one that is stopped goes on");
        }
        let stuck = match trial.scene {
            SERVER => "whoever waits is not told",
            UNREAD | LOOKS_LATE => "that value is lost, or a call of another is stuck",
            _ => "a call of another is stuck",
        };
        verdict(trial, trace, Fault::HungOnCrash, stuck)
    },
};
