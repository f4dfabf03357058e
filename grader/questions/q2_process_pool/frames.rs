//! Question 2: frames on a pipe, whole, cut and interrupted.

use super::results::{all_done, tickets_right};
use super::scenes::{calls, plain, trial};
use super::words::{self, Call, Job};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Step, Trace, TrialRules};

/// The bits of `drivers-faults`.
const SHORT: u64 = 1;
const BY_SIGNALS: u64 = 2;

/// The longest body, in bytes.
const LONGEST: u64 = 256 << 20;

/// Lengths at which something changes: nothing, what a pipe writes in one piece, what it holds.
const LENGTHS: [u64; 11] = [0, 1, 3, 4095, 4096, 4097, 65_531, 65_535, 65_536, 65_537, 1 << 20];

const STUCK: &str = "a frame is on its way and never arrives";

pub(super) const FRAMES: TrialRules = TrialRules {
    check: "q2.frames",
    trials: |fresh| {
        let byte = fresh.fresh() % 256;
        let header = |bytes: u64| -> Vec<u64> { bytes.to_le_bytes()[..4].iter().map(|&b| b.into()).collect() };
        let raw = |bytes: Vec<u64>| trial(&[Call::ReadRaw(bytes)], &[]);
        let mut short_body = header(5);
        short_body.extend([byte; 4]);
        let mut two = header(2);
        two.extend([byte, 1]);
        two.extend(header(0));
        vec![
            trial(&[Call::Frames(0, LENGTHS.to_vec())], &[]),
            raw(Vec::new()),
            raw(two),
            raw(vec![7, 0]),
            raw(header(9)),
            raw(short_body),
            raw(header(LONGEST + 1)),
            raw(header(LONGEST)),
            trial(&[Call::WriteRaw(700)], &[]),
            trial(&[Call::WriteRaw(0)], &[]),
            trial(&[Call::WriteRaw(LONGEST + 1)], &[]),
            trial(&[Call::WriteToNobody(10)], &[]),
            trial(&[Call::WriteToNobody(LONGEST)], &[]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        for (number, call) in calls(trial).iter().enumerate() {
            match call {
                Call::Frames(_, lengths) => came_whole(trace, number, lengths)?,
                Call::ReadRaw(bytes) => read_raw(trace, bytes)?,
                Call::WriteRaw(bytes) => written(trace, *bytes)?,
                Call::WriteToNobody(bytes) => to_nobody(trace, *bytes)?,
                _ => {}
            }
        }
        Ok(())
    },
};

/// All frames came, in order, and then a clean end.
fn came_whole(trace: &Trace, call: usize, lengths: &[u64]) -> Result<(), Wrong> {
    let read: Vec<&[u64]> = trace
        .entries
        .iter()
        .filter(|entry| [words::FRAME, words::NO_FRAME].contains(&entry.word))
        .filter(|entry| entry.args.first() == Some(&(call as u64)))
        .map(|entry| &entry.args[1..])
        .collect();
    for (place, &length) in (0..).zip(lengths) {
        let digest = words::digest(&words::body_of(place, length));
        match read.get(place as usize) {
            Some(&&[_, got, same]) if got == length && same == digest => {}
            Some(&&[_, got, _]) if got == length => {
                let what = format!("a frame of {length} bytes comes back with other bytes");
                return Err(Wrong::new(Fault::ShortRead, what));
            }
            Some(&&[_, got, _]) if got <= 1 << 21 => {
                let what = format!("a frame of {length} bytes comes back with {got} bytes");
                return Err(Wrong::new(Fault::ShortRead, what));
            }
            _ => {
                let what = format!("a frame of {length} bytes is not read");
                return Err(Wrong::new(Fault::ShortRead, what));
            }
        }
    }
    if read.get(lengths.len()) != Some(&&[lengths.len() as u64, words::CLEAN_END][..]) {
        let what = "after the last frame the end is not `Ok(None)`";
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    match trace.entry(words::WRITER).map(|entry| entry.args.as_slice()) {
        Some([_, 0]) => Ok(()),
        _ => Err(Wrong::new(Fault::WrongAnswer, "`write_frame` failed, though everything was read")),
    }
}

/// Bytes that were put into a pipe by hand.
fn read_raw(trace: &Trace, bytes: &[u64]) -> Result<(), Wrong> {
    let last = trace.entries.iter().rfind(|entry| entry.word == words::NO_FRAME);
    let end = last.map_or(&[][..], |entry| &entry.args[2..]);
    let frames = trace.entries.iter().filter(|entry| entry.word == words::FRAME).count();
    let announced = bytes
        .first_chunk::<4>()
        .map(|head| head.iter().rev().fold(0, |all, byte| all * 256 + byte))
        .unwrap_or_default();
    let (wanted, frames_wanted, when) = match bytes.len() {
        0 => (vec![words::CLEAN_END], 0, "at the end of file between two frames"),
        _ if announced > LONGEST => {
            (vec![words::TOO_LONG, announced], 0, "for a frame that announces more than 256 MiB")
        }
        10 => (vec![words::CLEAN_END], 2, "after two frames, the second of them empty,"),
        _ => (vec![words::TRUNCATED], 0, "at the end of file in the middle of a frame"),
    };
    if end == wanted.as_slice() && frames == frames_wanted {
        return Ok(());
    }
    let say = |end: &[u64]| match end {
        [words::CLEAN_END] => "Ok(None)".into(),
        [words::TRUNCATED] => "Truncated".into(),
        [words::TOO_LONG, bytes] => format!("TooLong {{ bytes: {bytes} }}"),
        [words::OS, ..] => "Os".into(),
        _ => "a frame".to_owned(),
    };
    let what = format!("{when} `read_frame` gives {}, not {}", say(end), say(&wanted));
    Err(Wrong::new(Fault::WrongAnswer, what))
}

/// The bytes of a frame: four for the length, little-endian, then the body.
fn written(trace: &Trace, bytes: u64) -> Result<(), Wrong> {
    let wrote = trace.entry(words::WROTE).map_or(&[][..], |entry| &entry.args[1..]);
    let all = trace.entry(words::WRITTEN).map_or(&[][..], |entry| &entry.args[1..]);
    if bytes > LONGEST {
        if wrote == [words::TOO_LONG, bytes] && all.first() == Some(&0) {
            return Ok(());
        }
        let what = "a body of more than 256 MiB is not refused as `TooLong` before anything is written";
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    let mut wanted = bytes.to_le_bytes()[..4].to_vec();
    wanted.extend(words::body_of(0, bytes));
    if wrote == [0] && all.get(..2) == Some(&[wanted.len() as u64, words::digest(&wanted)][..]) {
        return Ok(());
    }
    let what = format!(
        "a frame of {bytes} bytes is not four bytes of length, little-endian, and then the body: {} bytes came",
        all.first().copied().unwrap_or_default()
    );
    Err(Wrong::new(Fault::WrongAnswer, what))
}

fn to_nobody(trace: &Trace, bytes: u64) -> Result<(), Wrong> {
    const BROKEN_PIPE: u64 = 32;
    match trace.entry(words::WROTE).map_or(&[][..], |entry| &entry.args[1..]) {
        [words::OS, BROKEN_PIPE] => Ok(()),
        _ => {
            let what = format!("writing {bytes} bytes to a pipe that nobody reads is not the system's `EPIPE`");
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
    }
}

pub(super) const INTERRUPTED: TrialRules = TrialRules {
    check: "q2.interrupted",
    trials: |fresh| {
        let lengths = vec![0, 1, 5, 4097, 65_537, 200_000];
        let frames = |mode| trial(&[Call::Frames(mode, lengths.clone())], &[]);
        let pool = [
            Call::Faults(BY_SIGNALS),
            Call::New(2),
            Call::Map(0, plain(fresh, 0, 20)),
            Call::MapChunked(0, 3, plain(fresh, 30, 20)),
            Call::Apply(0, plain(fresh, 60, 1)[0]),
            Call::Join(0),
        ];
        let killed = [Call::Faults(BY_SIGNALS), Call::New(2), Call::Map(0, plain(fresh, 0, 6)), Call::Terminate(0)];
        let waits = [
            Call::Faults(BY_SIGNALS),
            Call::New(1),
            Call::ApplyAsync(0, Job::held(0, fresh.fresh())),
            Call::GetTimeout(0, 0, 60),
            Call::Checkpoint(1),
            Call::Get(0, 0),
            Call::Join(0),
        ];
        vec![
            frames(SHORT),
            frames(BY_SIGNALS),
            frames(SHORT | BY_SIGNALS),
            trial(&pool, &[]),
            trial(&killed, &[]),
            trial(&waits, &[Step::Gather(1), Step::Checkpoint(1), Step::GoOn]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, "with interrupted calls something waits for ever")?;
        for (number, call) in calls(trial).iter().enumerate() {
            if let Call::Frames(_, lengths) = call {
                came_whole(trace, number, lengths)?;
            }
        }
        all_done(trial, trace, &[])?;
        tickets_right(trial, trace)?;
        if let Some([_, passed_ns]) = trace.entry(words::TICKET_BACK).map(|entry| entry.args.as_slice())
            && *passed_ns < 60_000_000
        {
            let what = "when a signal interrupts it, `get_timeout` gives the ticket back before the time is over";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        if trace.left.zombies > 0 {
            let what = "a wait that a signal interrupted was not taken up again: a zombie is left";
            return Err(Wrong::new(Fault::Zombie, what));
        }
        Ok(())
    },
};
