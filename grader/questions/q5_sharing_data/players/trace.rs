//! Trials of several players in few words, and what they told.
//!
//! Knows calls, tellings and who was busy; what is right is the business of each part.

use super::super::words::pipe as links;
use super::super::words::players::{self as words, Call, Told};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::LOOK;
use crate::trial::{Pick, Seen, Step, Trace, Trial, Who};

/// Of a drop after [`words::BLOCK_TERM`].
pub(super) const DROP_WAITS: &str =
    "the drop does not return: its child, which has `SIGTERM` blocked as the maker has, is still there";

/// A trial of this name with these calls and this script.
pub(super) fn trial(scene: &'static str, calls: &[Call], script: &[Step]) -> Trial {
    Trial::new(scene, calls.iter().map(Call::to_words).collect(), script)
}

/// The caller, alone with child 1 once `begin` is over, waits for one after the other while signals come, a minute at most; each is
/// put when it sleeps.
pub(crate) fn interrupted(begin: Vec<Call>, put: u64, take_within: u64, first: u64) -> Trial {
    const MANY: u64 = 8;
    let takes = (0..MANY).map(|_| tell(0, take_within, &[60_000]));
    let puts = (1..=MANY).flat_map(|one| [quiet(1, words::HOLD, &[one]), tell(1, put, &[first + one, 20])]);
    let signals = vec![quiet(0, words::FAULTS, &[words::INTERRUPTED])];
    let calls = [begin, signals, takes.collect(), wait(&[1]), puts.collect()].concat();
    let each = |one: u64| [Step::Gather(1), Step::Quiet, open(one), flow_but(2, &[one + 1])];
    trial("signals interrupt calls", &calls, &(1..=MANY).flat_map(each).collect::<Vec<_>>())
}

/// The caller, alone, begins; whoever serves it then may open some files more, which it has closed again each time that the caller has
/// waited in vain for a while. First something is put then, and taken when all those before have given up; later nothing, and who
/// serves has time to see that they have.
pub(crate) fn in_vain_often(begin: Vec<Call>, put: u64, take_within: u64, first: u64) -> Trial {
    const VAIN: u64 = 20;
    const TURNS: u64 = 4; // together more than there are files
    let vain = || vec![quiet(0, take_within, &[1]); VAIN as usize];
    let put_and_take = |turn: u64| [tell(0, put, &[first + turn, 20]), tell(0, take_within, &[60_000])];
    let lively = (1..=TURNS).flat_map(|turn| [vain(), put_and_take(turn).to_vec()].concat());
    let silent = (1..=TURNS).flat_map(|turn| [vain(), vec![quiet(0, words::HOLD, &[turn])]].concat());
    let files = vec![quiet(0, words::FEW_FILES, &[3 * VAIN])];
    let calls = [files, begin, lively.collect(), silent.collect(), put_and_take(0).to_vec()].concat();
    let script = (1..=TURNS).flat_map(|turn| [Step::Gather(1), Step::Quiet, open(turn)]);
    trial("somebody waits in vain again and again", &calls, &script.collect::<Vec<_>>())
}

/// The caller makes one call and then others, and tells what came of one of either; after both the judge looks at what there is.
pub(super) fn looked_at_twice(scene: &'static str, first: Call, then: Vec<Call>) -> Trial {
    let over = |number: u64| quiet(0, words::CHECKPOINT, &[number]);
    let look = |number: u64| [&[flow(1), Step::Checkpoint(number)], LOOK.as_slice()].concat();
    trial(scene, &[vec![first, over(1)], then, vec![over(2)]].concat(), &[look(1), look(2)].concat())
}

/// A call that is not told.
pub(super) fn quiet(player: u64, code: u64, args: &[u64]) -> Call {
    Call { player, tells: false, code, args: args.to_vec() }
}

/// A call after which the player tells what came of it.
pub(super) fn tell(player: u64, code: u64, args: &[u64]) -> Call {
    Call { tells: true, ..quiet(player, code, args) }
}

/// The caller starts these players.
pub(super) fn start(players: &[u64]) -> Vec<Call> {
    players.iter().map(|&player| quiet(0, words::START, &[player])).collect()
}

/// The caller waits for the end of these players.
pub(super) fn wait(players: &[u64]) -> Vec<Call> {
    players.iter().map(|&player| quiet(0, words::WAIT, &[player])).collect()
}

/// Opens the gate of a [`words::HOLD`].
pub(super) fn open(hold: u64) -> Step {
    Step::Open(Pick::Task(hold))
}

/// Lets so many go as they come, one after the other.
pub(super) fn flow(count: usize) -> Step {
    flow_but(count, &[])
}

/// The same, but these tasks are held.
pub(super) fn flow_but(count: usize, except: &[u64]) -> Step {
    Step::Flow { count, except: except.to_vec(), together: 1 }
}

/// Two children of the caller, player 1 first, wait for what the caller, held at 1, then puts, and take nothing of it: they are stopped,
/// and killed in that order. Player 2 waits once 2 is open; what is left is got once 3 is. `puts` lets the caller put.
pub(super) fn two_deaths(calls: &[Call], puts: &[Step]) -> Trial {
    let waiting = [Step::Gather(3), Step::Quiet, open(2), Step::Quiet, Step::Stop(1), Step::Stop(2), open(1)];
    let deaths = [Step::Quiet, Step::KillIdle(1), Step::Quiet, Step::KillIdle(1), Step::Quiet, open(3)];
    trial(
        "two processes that wait are killed, one after the other, before they can take what was just put",
        calls,
        &[&waiting[..], puts, &deaths].concat(),
    )
}

/// Of [`looks_late`].
pub(super) const LOOKS_LATE: &str =
    "something is put, and whoever waits for it is killed before the process in the middle has looked";

/// The first child of the caller, in the middle, is stopped while the caller, held at 1, puts something, and player 1, who waits for
/// it, is killed. Player 2, held at 2, gets it. `puts` lets the caller put.
pub(super) fn looks_late(calls: &[Call], puts: &[Step]) -> Trial {
    let stopped = [Step::Gather(2), Step::Quiet, Step::Stop(0), open(1), Step::Quiet, Step::KillIdle(1)];
    trial(LOOKS_LATE, calls, &[&stopped[..], &[Step::Continue], puts, &[Step::Quiet, open(2)]].concat())
}

/// Of [`beside_the_stopped`].
pub(super) const BESIDE: &str = "one that waits is stopped, and another wants the next item";

/// Player 1 waits for what the caller, held at 1, then puts, twice; it is stopped. Player 2, held at 2, gets the second one at once,
/// and player 1 the first one when it goes on. `puts` lets the caller put.
pub(super) fn beside_the_stopped(calls: &[Call], puts: &[Step]) -> Trial {
    let stopped = [Step::Gather(2), Step::Quiet, Step::Stop(1), open(1)];
    trial(BESIDE, calls, &[&stopped[..], puts, &[Step::Quiet, open(2), flow(1), Step::Continue]].concat())
}

/// The calls of a trial.
pub(super) fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// Everything that was told, in the order in which it came: which call, what, and by whom.
pub(super) fn tellings(trace: &Trace) -> impl Iterator<Item = (usize, Told, Who)> {
    trace.arrivals().filter_map(|(who, task)| {
        let (call, told) = Told::from_task(task)?;
        Some((call, told, who))
    })
}

/// What came of the call with this place; `None` if it was not told.
pub(super) fn told(trace: &Trace, call: usize) -> Option<Told> {
    tellings(trace).find(|(place, ..)| *place == call).map(|(_, told, _)| told)
}

/// As a student would see `Ok(())` or a `LinkError`; `None` if it is neither.
pub(super) fn say_link(told: Told) -> Option<String> {
    Some(match told.kind {
        links::OK => "Ok".to_owned(),
        links::DISCONNECTED => "Err(Disconnected)".to_owned(),
        links::TIMED_OUT => "Err(TimedOut)".to_owned(),
        links::TRUNCATED => "Err(Truncated)".to_owned(),
        links::UNDECODABLE => "Err(Undecodable(..))".to_owned(),
        links::OS => format!("Err(Os({:?}))", nix::Error::from_raw(told.detail as i32)),
        _ => return None,
    })
}

/// No call has panicked, and nobody has more than one thread.
///
/// # Errors
///
/// The first call of which that is not so; `name` says what a call of this code is called.
pub(super) fn no_panic(
    trial: &Trial,
    trace: &Trace,
    name: impl Fn(u64) -> &'static str,
) -> Result<(), Wrong> {
    for (place, call) in calls(trial).iter().enumerate() {
        match told(trace, place).map(|told| told.kind) {
            Some(words::PANICKED) => {
                let what = format!("{} panicked in {}", name(call.code), who(call));
                return Err(Wrong::new(Fault::Panic, what));
            }
            Some(words::THREADS) => {
                let what = "the caller has more than one thread and cannot start a process";
                return Err(Wrong::new(Fault::LeakedThread, what));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whoever is stopped, and has not yet been killed, holds up nobody.
///
/// # Errors
///
/// If the judge waited in vain for others meanwhile: `who` then says who waits.
pub(super) fn nobody_waits_for_the_stopped(trace: &Trace, who: &str) -> Result<(), Wrong> {
    let from = trace.events.iter().position(|event| matches!(event.seen, Seen::Stopped(_)));
    let meanwhile = &trace.events[from.unwrap_or(trace.events.len())..];
    let killed = meanwhile.iter().position(|event| matches!(event.seen, Seen::Killed(_)));
    let meanwhile = &meanwhile[..killed.unwrap_or(meanwhile.len())];
    if !meanwhile.iter().any(|event| matches!(event.seen, Seen::InVain { .. })) {
        return Ok(());
    }
    let what = format!("when a process is stopped while it waits in `get`, {who} until it goes on");
    Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()))
}

/// Where nothing comes within a limit, everybody gives up in time. Whoever does not may get what comes later, and the rest of the scene
/// shows nothing.
///
/// # Errors
///
/// If the judge waited in vain.
pub(super) fn gives_up(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    if trace.waited_in_vain().is_none() {
        return Ok(());
    }
    let what = format!("when {}, `get_timeout` does not give up", trial.scene);
    Err(Wrong::new(Fault::Hang, what).with_evidence(trace.in_vain()))
}

/// Every call that tells was told, but by those that the judge has killed.
///
/// # Errors
///
/// The first call of which that is not so.
pub(super) fn all_told(
    trial: &Trial,
    trace: &Trace,
    name: impl Fn(u64) -> &'static str,
) -> Result<(), Wrong> {
    if was_killed(trace) {
        return Ok(());
    }
    let calls = calls(trial);
    let untold = (0..calls.len()).find(|&place| calls[place].tells && told(trace, place).is_none());
    untold.map_or(Ok(()), |place| {
        let what = format!("{} ended before {} returned", who(&calls[place]), name(calls[place].code));
        Err(Wrong::new(Fault::EarlyExit, what))
    })
}

fn who(call: &Call) -> &'static str {
    if call.player == 0 { "the caller" } else { "a child" }
}

/// Whether the judge has killed somebody, who then tells nothing more.
fn was_killed(trace: &Trace) -> bool {
    trace.events.iter().any(|event| matches!(event.seen, Seen::Killed(_)))
}
