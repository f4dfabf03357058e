//! Scripts: several threads use one tool, call by call, and every call stands on record with its times and result.
//!
//! Knows no tool: a part of a question brings an adapter for its own. Judges nothing.

use crate::session::{self, Question, Scene, log};
use crate::world;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;
use wire::Challenge;
use wire::script::{self, Op};

pub use wire::script::on_tool;

/// What threads share, behind an adapter.
pub trait Tool: Sync {
    /// One thread's own part in it: what it holds, such as guards, lives here.
    fn actor(&self) -> Box<dyn Actor + '_>;
}

/// One thread that uses a tool.
pub trait Actor {
    /// Makes a call; what came back, as numbers.
    ///
    /// # Panics
    ///
    /// As the call does.
    fn perform(&mut self, op: Op) -> Vec<u64>;
}

/// How a part's tool is made, and how its calls are written in a story.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Makes a tool from the numbers of a challenge.
    pub tool: fn(&[u64]) -> Box<dyn Tool>,
    /// A call as a student would write it.
    pub call: fn(Op) -> String,
    /// What came back, as a student would read it.
    pub result: fn(Op, &[u64]) -> String,
}

/// Serves the judge, whose challenges are all scripts, until it closes the session.
pub fn serve(kind: Kind) {
    session::serve(Box::leak(Box::new(Scripts(kind))));
}

struct Scripts(Kind);

impl Question for Scripts {
    fn scene(&'static self, challenge: &Challenge) -> Option<Scene> {
        scene(self.0, challenge)
    }
}

/// The scene of a challenge; nothing if it is no script.
#[must_use]
pub fn scene(kind: Kind, challenge: &Challenge) -> Option<Scene> {
    let in_order = match challenge.scene.as_str() {
        script::SCENE => false,
        script::IN_ORDER => true,
        _ => return None,
    };
    let [config, prelude, epilogue, threads @ ..] = challenge.words.as_slice() else { return None };
    let config = config.clone();
    let [prelude, epilogue] = [prelude, epilogue].map(|words| script::ops(words));
    let threads: Vec<Vec<Op>> = threads.iter().map(|words| script::ops(words)).collect();
    Some(Arc::new(move || play_all(kind, in_order, &config, &prelude, &epilogue, &threads)))
}

/// What the threads of a script share besides the tool.
#[derive(Default)]
struct Board {
    cell: AtomicU64,
    in_order: bool,
    order: AtomicU64,
}

/// The caller plays `prelude` alone, then every thread its own script, all at once, then the caller `epilogue`.
fn play_all(
    kind: Kind,
    in_order: bool,
    config: &[u64],
    prelude: &[Op],
    epilogue: &[Op],
    threads: &[Vec<Op>],
) {
    let board = Board { in_order, ..Board::default() };
    let Ok(tool) = catch_unwind(AssertUnwindSafe(|| (kind.tool)(config))) else {
        log(0, script::NO_TOOL, &[]);
        return;
    };
    {
        let mut caller = tool.actor();
        play(kind, &mut *caller, &board, 0, prelude);
        if !threads.is_empty() {
            thread::scope(|scope| {
                for (number, ops) in (1..).zip(threads) {
                    let (tool, board) = (&*tool, &board);
                    scope.spawn(move || play(kind, &mut *tool.actor(), board, number, ops));
                }
            });
        }
        play(kind, &mut *caller, &board, 0, epilogue);
        log(0, script::DONE, &[]);
    }
    drop(tool);
    log(0, script::THREADS_LEFT, &world::other_threads());
    log(0, script::SLEEPS, &[world::sleeps()]);
}

fn play(kind: Kind, actor: &mut dyn Actor, board: &Board, thread: u64, ops: &[Op]) {
    for &op in ops {
        let common = script::common(op);
        let call = common.clone().unwrap_or_else(|| (kind.call)(op));
        log(thread, script::BEGIN, &[&op[..], &[world::now_ns()]].concat());
        world::say(&format!("calls {call}"));
        if board.in_order {
            world::take_turn(&board.order);
        }
        let result = catch_unwind(AssertUnwindSafe(|| match op {
            [script::WRITE, value, _] => {
                board.cell.store(value, Relaxed);
                Vec::new()
            }
            [script::READ, ..] => vec![board.cell.load(Relaxed)],
            [script::SLEEP, ns, _] => {
                thread::sleep(Duration::from_nanos(ns));
                Vec::new()
            }
            [script::YIELD, ..] => {
                thread::yield_now();
                Vec::new()
            }
            [script::HURRY, ..] => {
                world::hurry();
                Vec::new()
            }
            _ => actor.perform(op),
        }));
        if board.in_order {
            world::take_turn(&board.order);
        }
        let Ok(result) = result else {
            log(thread, script::BROKE, &[&op[..], &[world::now_ns()]].concat());
            world::say(&format!("{call} panics"));
            continue;
        };
        log(thread, script::END, &[&op[..], &[world::now_ns()], result.as_slice()].concat());
        let came_back =
            if common.is_some() { script::common_result(op, &result) } else { (kind.result)(op, &result) };
        world::say(&format!("{call}{came_back}"));
    }
}

/// Lets `held` go as what a body owns when it panics, with [`wire::ON_PURPOSE`], and catches that.
pub fn drop_in_a_panic<T>(held: T) {
    let body = move || {
        let _held = held;
        panic_any(wire::ON_PURPOSE)
    };
    drop(catch_unwind(AssertUnwindSafe(|| world::panicking_on_purpose(body))));
}
