//! The respondent's main loop: requests in, records out.
//!
//! Knows no question and no right answer. It ends with exit code 0 only after the judge's closing
//! token was echoed, or silently when the judge has gone.

use crate::{socket, world};
use std::panic;
use std::sync::Arc;
use wire::{Challenge, Entry, Recorder, Reply, Request, Run};

/// One question's driver together with the answer that it drives.
pub trait Question: Sync {
    /// Prepares the scene of a challenge; `None` if it knows no such scene.
    fn scene(&'static self, challenge: &Challenge) -> Option<Scene>;
}

/// A scene that can be played again and again.
pub type Scene = Arc<dyn Fn() + Send + Sync>;

/// The word under which panics are recorded, in every question.
const PANIC: u64 = wire::Entry::PANIC;

/// What the current run writes down.
static RECORDER: Recorder = Recorder::new();

/// Collects runs up to about this many bytes before it sends them.
const BATCH_BYTES: usize = 32 * 1024;

/// Records that `thread` did what `word` and `args` say.
pub fn log(thread: u64, word: u64, args: &[u64]) {
    RECORDER.write(Entry { thread, word, args: args.to_vec(), text: String::new() });
}

/// Records like [`log`], with a text.
pub fn log_text(thread: u64, word: u64, text: &str) {
    let text = text.chars().take(300).collect();
    RECORDER.write(Entry { thread, word, args: Vec::new(), text });
}

/// Serves the judge until it closes the session. The harness calls this and nothing else.
pub fn serve(question: &'static dyn Question) {
    if socket::connect().is_none() {
        return;
    }
    record_panics();
    let mut playing: Option<(Scene, world::Player)> = None;
    while let Some(request) = socket::receive() {
        match request {
            Request::Start(challenge) => match question.scene(&challenge) {
                Some(scene) => {
                    playing = Some((scene, world::Player::new(&challenge)));
                    socket::reply(&Reply::Checkpoint { number: 0 });
                }
                None => socket::reply(&Reply::Confused(format!("no scene `{}`", challenge.scene))),
            },
            Request::Explore { count, stop_at_failure } => match &mut playing {
                Some((scene, player)) => explore(scene, player, count, stop_at_failure),
                None => socket::reply(&Reply::Confused("nothing to explore".into())),
            },
            Request::Tell(schedule) => match &mut playing {
                Some((scene, player)) => {
                    let (run, story) = player.tell(schedule, scene);
                    socket::reply(&Reply::Ran(vec![Run { entries: RECORDER.take(), ..run }]));
                    socket::reply(&Reply::Story(cut(story)));
                }
                None => socket::reply(&Reply::Confused("nothing to tell".into())),
            },
            Request::Ended { .. } | Request::GoOn => {}
            Request::Close { token } => {
                socket::reply(&Reply::Closed { token });
                return;
            }
        }
    }
}

fn explore(scene: &Scene, player: &mut world::Player, count: u32, stop_at_failure: bool) {
    let mut batch = Vec::new();
    let mut batch_bytes = 0;
    for _ in 0..count {
        let run = player.play(scene);
        let run = Run { entries: RECORDER.take(), ..run };
        let failed = run.failure.is_some();
        batch_bytes += run.size_bytes();
        batch.push(run);
        if batch_bytes > BATCH_BYTES || failed {
            socket::reply(&Reply::Ran(std::mem::take(&mut batch)));
            batch_bytes = 0;
        }
        if failed && stop_at_failure {
            break;
        }
    }
    if !batch.is_empty() {
        socket::reply(&Reply::Ran(batch));
    }
    socket::reply(&Reply::Explored);
}

/// The last lines of a story, as many as fit into a message.
fn cut(mut story: Vec<String>) -> Vec<String> {
    const MOST: usize = 300;
    let surplus = story.len().saturating_sub(MOST);
    if surplus > 0 {
        story.splice(..surplus, [format!("... {surplus} earlier steps")]);
    }
    story
}

/// Writes every panic on record, so that the first one is known even if it is caught, and keeps
/// the respondent's error output for what the answer itself prints.
fn record_panics() {
    world::watch_panics();
    let watch = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or("panic without a message");
        let place = info.location().map_or(String::new(), |place| {
            let file = place.file().rsplit('/').next().unwrap_or_default();
            format!(" at {file}:{}", place.line())
        });
        log_text(world::this_thread(), PANIC, &format!("{message}{place}"));
        watch(info);
    }));
}
