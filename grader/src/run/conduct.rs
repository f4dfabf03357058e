//! Plays one trial: goes through the judge's script, step by step.
//!
//! Knows steps, never checks. The respondent may return, leave or hang at any step; then the rest of
//! the script is void and what was seen so far is the trace.

use super::enclosures::Enclosures;
use super::ending::{Ending, Talk};
use super::stage::{Held, Stage, Waited};
use crate::error::Result;
use crate::observe;
use crate::sandbox::Limits;
use crate::trial::{Pick, Seen, Step, Trace, Trial, Who, Whom};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::time::{Duration, Instant};
use wire::{Challenge, Request};

/// After so many waits in vain the rest of a script is void: no answer of the bank that is right has more than two, and each
/// takes a third of a second.
const MOST_IN_VAIN: usize = 6;

/// What a trial needs besides its declaration.
#[derive(Debug, Clone, Copy)]
pub struct Cast<'a> {
    /// The respondent's program.
    pub program: &'a Path,
    /// What each process may use.
    pub limits: Limits,
}

/// Plays a trial.
///
/// # Errors
///
/// A machine error if the respondent cannot be started.
pub fn conduct(enclosures: &Enclosures<'_>, cast: Cast<'_>, trial: &Trial) -> Result<Trace> {
    let mut stage = Stage::start(enclosures, cast.program, cast.limits)?;
    let end = play(&mut stage, trial).err();
    let mut trace = stage.finish();
    trace.end = end;
    Ok(trace)
}

fn play(stage: &mut Stage<'_>, trial: &Trial) -> Talk<()> {
    let challenge =
        Challenge { scene: trial.scene.to_owned(), words: trial.words.clone(), seed: 0, timed: false };
    stage.begin(&challenge)?;
    let mut caller_killed = false;
    for step in &trial.script {
        if stage.returned || stage.is_over() || waits_in_vain(stage) >= MOST_IN_VAIN {
            break;
        }
        take(stage, step)?;
        caller_killed |= *step == Step::KillCaller;
    }
    if caller_killed {
        stage.count_shared_memory();
        return Ok(());
    }
    // From here on nobody is held any more.
    stage.lets_writers_go = true;
    while !stage.returned && !stage.is_over() {
        if stage.at_checkpoint.is_some() {
            go_on(stage)?;
        }
        while !stage.held.is_empty() {
            stage.open(0);
        }
        while stage.take_record() {}
        if stage.wait_until(|stage| !stage.held.is_empty() || stage.at_checkpoint.is_some())? == Waited::Over
        {
            break;
        }
    }
    if !stage.returned {
        return Err(stage.gone());
    }
    stage.count_leftovers()?;
    // Also what was written by children that the caller did not wait for.
    while stage.take_record() {}
    stage.close()
}

fn waits_in_vain(stage: &Stage<'_>) -> usize {
    stage.trace.events.iter().filter(|event| matches!(event.seen, Seen::InVain { .. })).count()
}

fn take(stage: &mut Stage<'_>, step: &Step) -> Talk<()> {
    match step {
        Step::Checkpoint(number) => {
            stage.wait_until(|stage| stage.at_checkpoint == Some(*number))?;
        }
        Step::GoOn => go_on(stage)?,
        Step::Gather(count) => {
            stage.wait_until(|stage| stage.held.len() >= *count)?;
        }
        Step::NoLater(count) if stage.held.len() < *count && !stage.returned => return Err(Ending::Late),
        Step::NoLater(_) => {}
        Step::Quiet => stage.wait_for_quiet()?,
        Step::Open(pick) => {
            if let Some(place) = find(&stage.held, *pick) {
                stage.open(place);
            }
        }
        Step::Flow { count, except, together } => flow(stage, *count, except, *together)?,
        Step::Kill(pick) => {
            if let Some(place) = find(&stage.held, *pick) {
                let held = stage.held.remove(place);
                kill_one(stage, held.who, Signal::SIGKILL)?;
            }
        }
        Step::KillIdle(place) => kill_idle(stage, *place, Signal::SIGKILL)?,
        Step::SignalIdle(place, number) => {
            if let Ok(signal) = Signal::try_from(*number) {
                kill_idle(stage, *place, signal)?;
            }
        }
        Step::Signal(number, whom) => {
            if let Ok(signal) = Signal::try_from(*number)
                && stage.at_checkpoint.is_none()
            {
                send(stage, signal, *whom);
            }
        }
        Step::KillCaller => kill_caller(stage)?,
        Step::Census => {
            let census = stage.people.census();
            stage.note(Seen::Census(census));
        }
        Step::Idle => {
            let busy = observe::busy(&mut stage.people);
            stage.note(Seen::Idle(busy));
        }
        Step::Dwell => dwell(stage, longer_than_pauses(stage)),
        Step::DwellLong => dwell(stage, LONG),
        Step::Receive(count) => receive(stage, *count)?,
        Step::Stop(place) => {
            if let Some(&who) = stage.people.census().children.get(*place) {
                stop(who)?;
                stage.note(Seen::Stopped(who));
            }
        }
        Step::Continue => {
            for who in stage.people.census().children {
                signal(who, Signal::SIGCONT);
            }
        }
        Step::Doing => {
            let doing = observe::doing(&mut stage.people);
            stage.note(Seen::Doing(doing));
        }
        Step::Memory => {
            let memory = stage.people.memory();
            stage.note(Seen::Memory(memory));
        }
    }
    Ok(())
}

fn go_on(stage: &mut Stage<'_>) -> Talk<()> {
    if stage.at_checkpoint.take().is_some() {
        stage.note(Seen::WentOn);
        stage.send(&Request::GoOn)?;
    }
    Ok(())
}

fn find(held: &[Held], pick: Pick) -> Option<usize> {
    match pick {
        Pick::Oldest => (!held.is_empty()).then_some(0),
        Pick::Newest => held.len().checked_sub(1),
        Pick::Task(number) => held.iter().position(|held| held.task == number),
    }
}

fn flow(stage: &mut Stage<'_>, count: usize, except: &[u64], together: usize) -> Talk<()> {
    let free = |stage: &Stage| -> Vec<usize> {
        let held = stage.held.iter().enumerate();
        held.filter(|(_, held)| !except.contains(&held.task)).map(|(place, _)| place).collect()
    };
    for gone in 0..count {
        let wanted = together.clamp(1, count - gone);
        let waited = stage.wait_until(|stage| free(stage).len() >= wanted)?;
        let places = free(stage);
        // Together means that the last who came goes first; otherwise in the order of arrival.
        let place = if together > 1 { places.last() } else { places.first() };
        match place {
            Some(&place) if waited != Waited::Over => stage.open(place),
            _ => break,
        }
    }
    Ok(())
}

fn signal(who: Who, signal: Signal) {
    let _ = kill(Pid::from_raw(who.pid.cast_signed()), signal);
}

/// Sends a signal to the caller or to all of its process group: one by one, as the kernel does it. The group as a whole may hold
/// others than those of the trial.
fn send(stage: &mut Stage<'_>, by: Signal, whom: Whom) {
    let caller = stage.people.caller;
    stage.note(Seen::Signalled(by as i32, whom));
    let group = procs::group(caller);
    let others = stage.people.all().into_iter().filter(|&pid| pid != caller && procs::group(pid) == group);
    let others: Vec<u32> = if whom == Whom::Group { others.collect() } else { Vec::new() };
    // The caller first: what comes of the others then comes to one that has it already.
    for pid in [caller].into_iter().chain(others) {
        let who = stage.people.name(pid);
        signal(who, by);
    }
}

/// Stops a process and waits until the kernel shows all its threads stopped: until then it may go on with what it does, and also take
/// what comes next.
fn stop(who: Who) -> Talk<()> {
    signal(who, Signal::SIGSTOP);
    let deadline = Instant::now() + PATIENCE;
    while !procs::tasks(who.pid).iter().all(|task| matches!(task.state, 'T' | 't' | 'Z' | 'X')) {
        if Instant::now() > deadline {
            return Err(Ending::NoEnd { threads: vec![format!("{} does not stop", who.name())] });
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

fn is_dead(who: Who) -> bool {
    matches!(procs::state(who.pid), None | Some('Z' | 'X'))
}

/// Kills a child of the caller that is held at no gate, the one with this place among those.
fn kill_idle(stage: &mut Stage<'_>, place: usize, by: Signal) -> Talk<()> {
    let busy: Vec<u32> = stage.held.iter().map(|held| held.who.pid).collect();
    let census = stage.people.census();
    let idle = census.children.iter().filter(|who| !busy.contains(&who.pid)).nth(place);
    match idle {
        Some(who) => kill_one(stage, *who, by),
        None => Ok(()),
    }
}

/// How long the kernel may take to kill or to stop somebody.
const PATIENCE: Duration = Duration::from_secs(30);

/// Kills a process of the trial and waits until the kernel shows it dead.
fn kill_one(stage: &mut Stage<'_>, who: Who, by: Signal) -> Talk<()> {
    if !stage.people.has(who.pid) {
        return Ok(());
    }
    stage.note(Seen::Killed(who));
    signal(who, by);
    let deadline = Instant::now() + PATIENCE;
    let mut deaf_looks = 0;
    while !is_dead(who) {
        // Asleep, and deaf all the time: it will never die of this.
        let is_deaf = procs::state(who.pid) == Some('S') && procs::does_not_heed(who.pid, by as i32);
        deaf_looks = if is_deaf { deaf_looks + 1 } else { 0 };
        if deaf_looks > 500 {
            return Err(Ending::NoEnd { threads: vec![format!("{} does not heed {by}", who.name())] });
        }
        if Instant::now() > deadline {
            return Err(Ending::NoEnd { threads: vec![format!("{} does not die", who.name())] });
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// Kills the caller and waits until everything that it started has ended, or can never end. Gates are opened once it is dead, and so
/// are those at which anybody arrives later.
fn kill_caller(stage: &mut Stage<'_>) -> Talk<()> {
    let caller = stage.people.name(stage.people.caller);
    stage.people.census(); // so that everybody has a name while parents can still be told
    // What the kernel does to others at its death has been done before anybody goes on.
    kill_one(stage, caller, Signal::SIGKILL)?;
    while !stage.held.is_empty() {
        stage.open(0);
    }
    let worked = |pids: &[u32]| pids.iter().map(|&pid| procs::cpu_ns(pid)).max().unwrap_or_default();
    let before = worked(&stage.people.all());
    loop {
        while stage.pump()? {}
        if !stage.held.is_empty() {
            stage.open(0);
            continue;
        }
        let all = stage.people.all();
        let alive: Vec<u32> =
            all.iter().copied().filter(|&pid| procs::state(pid).is_some_and(|s| s != 'Z')).collect();
        let look = if alive.is_empty() { None } else { Some(stage.look()?) };
        let survivors = match look {
            None => Vec::new(),
            Some(observe::Look::Moves | observe::Look::Quiet) => {
                // A process that works for a second without an end has not noticed.
                if worked(&alive) < before + 1_000_000_000 {
                    continue;
                }
                alive
            }
            Some(observe::Look::Proven(_) | observe::Look::Napping(_)) => alive,
            Some(observe::Look::Idle(threads)) => return Err(Ending::NoEnd { threads }),
        };
        let survivors = survivors.into_iter().map(|pid| stage.people.name(pid)).collect();
        stage.note(Seen::Survivors(survivors));
        return Ok(());
    }
}

/// A second and a little.
const LONG: Duration = Duration::from_millis(1_050);

/// Much more than anything has taken so far, so that it shows in whatever it was counted into.
fn longer_than_pauses(stage: &Stage<'_>) -> Duration {
    let pauses = stage.trace.events.windows(2).filter(|pair| pair[1].seen != Seen::Dwelt);
    let longest = pauses.map(|pair| pair[1].at_ns.saturating_sub(pair[0].at_ns)).max().unwrap_or_default();
    (Duration::from_nanos(longest) * 3).clamp(Duration::from_millis(20), Duration::from_secs(2))
}

/// Lets so much time pass that nobody else can cause, for clocks to be compared with.
fn dwell(stage: &mut Stage<'_>, time: Duration) {
    let until = stage.elapsed_ns() + u64::try_from(time.as_nanos()).unwrap_or_default();
    while stage.elapsed_ns() < until {
        std::thread::sleep(Duration::from_nanos(until.saturating_sub(stage.elapsed_ns())));
    }
    stage.note(Seen::Dwelt);
}

/// Reads the message socket until so many records have come in all, or no more come.
fn receive(stage: &mut Stage<'_>, count: usize) -> Talk<()> {
    stage.lets_writers_go = true;
    let received = receive_until(stage, count);
    stage.lets_writers_go = false;
    received
}

fn receive_until(stage: &mut Stage<'_>, count: usize) -> Talk<()> {
    loop {
        while stage.take_record() {}
        let come =
            stage.trace.events.iter().filter(|event| matches!(event.seen, Seen::Record { .. })).count();
        if come >= count || stage.returned || stage.is_over() {
            return Ok(());
        }
        if stage.pump()? {
            continue;
        }
        match stage.look()? {
            observe::Look::Moves | observe::Look::Quiet => {}
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn whoever_is_stopped_does_nothing_more() {
        for _ in 0..20 {
            let mut busy = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell");
            let who = Who { pid: busy.id(), own_pid: 0, rank: 1, is_child: true };
            let stopped = stop(who);
            let state = procs::state(who.pid);
            busy.kill().and_then(|()| busy.wait()).expect("a child");
            assert!(stopped.is_ok());
            assert_eq!(state, Some('T'));
        }
    }
}
