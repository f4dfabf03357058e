//! What a program should do: plays it, one thread after the other, with a plain stack of handlers.
//!
//! Knows nothing of schedules: what a thread sees does not depend on the others.

use super::super::words::context::{
    ASKS, BEGAN, BREAKS, CAUGHT, DROPPED, ENDED, HANDLED, INSIDE, NESTS, PARTS, PASSES, REPORTED, RETRY,
    SKIP, SLOW, SLOW_S, STOP, Step, value,
};
use crate::script::SECOND;

/// Kind, number, other number, time in nanoseconds.
pub(super) type Event = [u64; 4];

/// What each thread of these programs should do, in the order in which they begin.
pub(super) fn wanted(programs: &[Vec<Step>]) -> Vec<(u64, Vec<Event>)> {
    let mut all = Vec::new();
    for (number, program) in (1..).zip(programs) {
        thread(number, program, 0, &mut all);
    }
    all
}

/// Plays a thread from this moment on; when it ends.
fn thread(number: u64, program: &[Step], now: u64, all: &mut Vec<(u64, Vec<Event>)>) -> u64 {
    let mut thread = Thread { now, events: Vec::new(), stack: Vec::new(), others: Vec::new() };
    if let Err(panic) = thread.play(program) {
        thread.saw(CAUGHT, panic, 0);
    }
    all.push((number, thread.events));
    all.extend(thread.others);
    thread.now
}

struct Thread {
    now: u64,
    events: Vec<Event>,
    /// Number and kind of the handlers in force.
    stack: Vec<(u64, u64)>,
    others: Vec<(u64, Vec<Event>)>,
}

impl Thread {
    fn saw(&mut self, kind: u64, number: u64, other: u64) {
        self.events.push([kind, number, other, self.now]);
    }

    /// Fails with the number of a panic.
    fn play(&mut self, program: &[Step]) -> Result<(), u64> {
        for step in program {
            match step {
                Step::With(number, kind, body) => self.with(*number, *kind, |thread| thread.play(body))?,
                Step::Report(error) => {
                    self.report(*error)?;
                }
                Step::Break(number) => return Err(*number),
                Step::Catch(body) => {
                    if let Err(panic) = self.play(body) {
                        self.saw(CAUGHT, panic, 0);
                    }
                }
                Step::Spawn(number, body) => self.now = thread(*number, body, self.now, &mut self.others),
                Step::Sleep(seconds) => self.now += seconds * SECOND,
            }
        }
        Ok(())
    }

    fn with(
        &mut self,
        number: u64,
        kind: u64,
        body: impl FnOnce(&mut Self) -> Result<(), u64>,
    ) -> Result<(), u64> {
        self.stack.push((number, kind));
        self.saw(BEGAN, number, 0);
        let end = body(self);
        self.stack.pop();
        self.saw(DROPPED, number, 0);
        if kind == PARTS {
            self.report(number)?;
        }
        end?;
        self.saw(ENDED, number, value(number));
        Ok(())
    }

    fn report(&mut self, error: u64) -> Result<u64, u64> {
        let action = match self.stack.pop() {
            None => STOP,
            Some((number, kind)) => {
                self.saw(HANDLED, number, error);
                let action = self.handle(number, kind);
                self.stack.push((number, kind));
                action?
            }
        };
        self.saw(REPORTED, error, action);
        Ok(action)
    }

    fn handle(&mut self, number: u64, kind: u64) -> Result<u64, u64> {
        match kind {
            ASKS => self.report(number),
            BREAKS => Err(number),
            SLOW => {
                self.now += SLOW_S * SECOND;
                Ok(SKIP)
            }
            NESTS | PASSES => {
                let inside = if kind == NESTS { SKIP } else { ASKS };
                self.with(number + INSIDE, inside, |thread| thread.report(number).map(drop))?;
                Ok(RETRY)
            }
            PARTS => Ok(SKIP),
            decided => Ok(decided),
        }
    }
}
