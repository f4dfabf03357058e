//! The story of a run: one line a step, a column a thread, the source line of every step.
//!
//! Knows only the finished record of a run; the same record gives the same text in every process.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::names::place;
use crate::object::{Object, ObjectIndex};
use crate::probe::ThreadRef;
use crate::trace::{Detail, Step};

/// What is kept of a run.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) steps: Vec<Step>,
    /// How many steps before them have been forgotten.
    pub(crate) forgotten: usize,
    pub(crate) objects: Vec<Object>,
    pub(crate) names: Vec<Option<Arc<str>>>,
}

/// `main`, the given name, or `thread 2`.
pub(crate) fn thread_name(thread: ThreadRef, given: Option<&str>) -> String {
    given.map_or_else(|| format!("thread {}", thread.0), str::to_owned)
}

fn place_of(step: &Step) -> String {
    match &step.detail {
        Detail::Panic(location, _) => location.to_string(),
        Detail::Note(_) => String::new(), // a remark, not a line of anybody's program
        _ => place(step.site),
    }
}

impl Record {
    /// The lines of all steps but those that are `hidden`. Every step keeps its number.
    pub(crate) fn lines(&self, hidden: impl Fn(&Step) -> bool) -> Vec<String> {
        let shown = |(_, step): &(usize, &Step)| !hidden(step);
        let steps: Vec<(usize, &Step)> = self.steps.iter().enumerate().filter(shown).collect();
        let places = steps.iter().map(|(_, step)| place_of(step)).collect::<Vec<_>>();
        let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
        let number_width = (self.forgotten + self.steps.len()).to_string().len();
        let line = |(&(number, step), place): (&(usize, &Step), &String)| {
            let number = self.forgotten + number;
            let indent = 4 * step.thread.0 as usize;
            let who = self.name(step.thread);
            format!("{number:>number_width$}  {place:width$}  {:indent$}{who}  {}", "", self.text(step))
        };
        let earlier = (self.forgotten > 0).then(|| format!("... {} earlier steps", self.forgotten));
        earlier.into_iter().chain(steps.iter().zip(&places).map(line)).collect()
    }

    /// Whether a step takes a lock, gives it back, waits for a notification or makes one.
    pub(crate) fn is_of_a_monitor(&self, step: &Step) -> bool {
        let monitor = |index| self.object(index).is_lock() || self.object(index).kind.label == "Condvar";
        step.object.is_some_and(monitor) && !matches!(step.detail, Detail::Note(_))
    }

    fn name(&self, thread: ThreadRef) -> String {
        let given = self.names.get(thread.0 as usize).and_then(Option::as_deref);
        thread_name(thread, given)
    }

    fn object(&self, index: ObjectIndex) -> &Object {
        &self.objects[index.0 as usize]
    }

    fn text(&self, step: &Step) -> String {
        let mut text = step.verb.to_owned();
        if let Some(index) = step.object {
            let _ = write!(text, " {}", self.object(index).name());
        }
        let show = |bits: u64| match step.object {
            Some(index) => self.object(index).kind.shape.show(bits),
            None => bits.to_string(),
        };
        // Writing to a String cannot fail.
        let _ = match &step.detail {
            Detail::None => Ok(()),
            Detail::HeldBy(thread, since) => {
                write!(text, ": waits, held by {} since {}", self.name(*thread), place(since))
            }
            Detail::Thread(thread) => write!(text, " {}", self.name(*thread)),
            Detail::Finished(thread, true) => write!(text, " {}: yes", self.name(*thread)),
            Detail::Finished(thread, false) => write!(text, " {}: not yet", self.name(*thread)),
            Detail::Wakes(thread) => write!(text, ": wakes {}", self.name(*thread)),
            Detail::Waiting(0) => write!(text, ": nobody is waiting"),
            Detail::Waiting(count) => write!(text, ": wakes {count}"),
            Detail::TakenAt(since) => write!(text, ", taken at {}", place(since)),
            Detail::GivesUp(lock) => write!(text, ", gives up {}", self.object(*lock).name()),
            Detail::Value(bits, order) => write!(text, ": {} ({order:?})", show(*bits)),
            Detail::OldValue(bits, order) => {
                write!(text, ": reads the OLD value {} ({order:?})", show(*bits))
            }
            Detail::Change(from, to, order) => write!(text, ": {} -> {} ({order:?})", show(*from), show(*to)),
            Detail::Found(bits, order) => write!(text, ": fails, finds {} ({order:?})", show(*bits)),
            Detail::FailedSpuriously(bits) => write!(text, ": fails spuriously, finds {}", show(*bits)),
            Detail::Order(order) => write!(text, " ({order:?})"),
            Detail::Nanos(nanos) => write!(text, " {:?}", Duration::from_nanos(*nanos)),
            Detail::Panic(_, message) => write!(text, ": {message}"),
            Detail::Note(words) => write!(text, " {words}"),
            Detail::Says(words) => write!(text, ": {words}"),
        };
        text
    }
}
