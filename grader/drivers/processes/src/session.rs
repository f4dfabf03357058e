//! The respondent's main loop: one scene, then the judge's closing token.
//!
//! Knows no question and no right answer. It ends with exit code 0 only after the token was echoed,
//! or silently when the judge has gone.

use crate::line;
use std::panic;
use wire::{Challenge, Entry, Recorder, Reply, Request, Run, Schedule};

/// One question's driver together with the answer that it drives.
pub trait Question {
    /// Plays the scene of a challenge; `Err` if it knows no such scene.
    ///
    /// # Errors
    ///
    /// What it does not understand.
    fn play(&self, challenge: &Challenge) -> Result<(), String>;
}

/// What the scene writes down.
static RECORDER: Recorder = Recorder::new();

/// How many bytes of entries go into one message.
const BATCH_BYTES: usize = 32 * 1024;

/// Records what `word` and `args` say.
pub fn log(word: u64, args: &[u64]) {
    log_text(word, args, "");
}

/// Records like [`log`], with a text, of which the first 300 characters are kept.
pub fn log_text(word: u64, args: &[u64], text: &str) {
    let text = text.chars().take(300).collect();
    RECORDER.write(Entry { thread: 0, word, args: args.to_vec(), text });
}

/// Reads the calls of a scene, a list of numbers each.
///
/// # Errors
///
/// If a list is no call.
pub fn calls<C>(challenge: &Challenge, read: impl Fn(&[u64]) -> Option<C>) -> Result<Vec<C>, String> {
    let calls = challenge.words.iter().map(|words| read(words)).collect::<Option<Vec<C>>>();
    calls.ok_or_else(|| "not a list of calls".to_owned())
}

/// Plays the call with this place; that it panicked is put on record, and the scene goes on.
pub fn play_call(number: u64, play: impl FnOnce()) {
    if panic::catch_unwind(panic::AssertUnwindSafe(play)).is_err() {
        log(Entry::CALL_PANICKED, &[number]);
    }
}

/// Lets `held` go as what a body owns when it panics, and catches that; no hook hears of it.
pub(crate) fn drop_in_a_panic<T>(held: T) {
    let body = move || {
        let _held = held;
        panic::resume_unwind(Box::new(()))
    };
    let _: Result<(), _> = panic::catch_unwind(panic::AssertUnwindSafe(body));
}

/// Stands here until the judge has seen it and says to go on.
pub fn checkpoint(number: u64) {
    line::reply(&Reply::Checkpoint { number });
    let _ = line::receive();
}

/// Serves the judge until it closes the session. The harness calls this and nothing else.
pub fn serve(question: &dyn Question) {
    if line::connect().is_none() {
        return;
    }
    record_panics();
    let mut challenge = None;
    while let Some(request) = line::receive() {
        match request {
            Request::Start(new) => {
                challenge = Some(new);
                line::reply(&Reply::Checkpoint { number: 0 });
            }
            Request::Explore { .. } => match challenge.take() {
                Some(challenge) => play(question, &challenge),
                None => line::reply(&Reply::Confused("nothing to play".into())),
            },
            Request::Close { token } => {
                line::reply(&Reply::Closed { token });
                return;
            }
            _ => line::reply(&Reply::Confused("a request about threads".into())),
        }
    }
}

fn play(question: &dyn Question, challenge: &Challenge) {
    let played = panic::catch_unwind(panic::AssertUnwindSafe(|| question.play(challenge)));
    crate::faults::set(0);
    if let Ok(Err(why)) = played {
        line::reply(&Reply::Confused(why));
        return;
    }
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for entry in RECORDER.take() {
        bytes += 40 + 8 * entry.args.len() + entry.text.len();
        batch.push(entry);
        if bytes > BATCH_BYTES {
            send(std::mem::take(&mut batch));
            bytes = 0;
        }
    }
    send(batch);
    line::reply(&Reply::Explored);
}

fn send(entries: Vec<Entry>) {
    let schedule = Schedule { index: 0, horizon: 0 };
    let run = Run { schedule, steps: 0, switches: 0, old_read: false, entries, failure: None };
    line::reply(&Reply::Ran(vec![run]));
}

/// Writes every panic of this process on record, so that the first one is known even if it is
/// caught. Says nothing: the respondent's error output is for what the answer itself prints.
fn record_panics() {
    panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("panic without a message");
        let place = info.location().map_or(String::new(), |place| {
            let file = place.file().rsplit('/').next().unwrap_or_default();
            format!(" at {file}:{}", place.line())
        });
        log_text(Entry::PANIC, &[], &format!("{message}{place}"));
    }));
}
