//! Question 5, `grid`: a grid is filled and summed, call by call. What is made of each number is ours: it counts, waits at gates, or dies.

use super::super::words::grid as words;
use crate::actors::{Actor, Cast, Part, leave};
use crate::session::serve;
use crate::{gate, refusal};
use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::Ordering;
use wire::ON_PURPOSE;
use wire::actors::Op;

/// What a driver has made of each number.
pub type Of<'a> = &'a (dyn Fn(f64) -> f64 + Sync);

/// A grid of an answer.
pub trait Grid {
    /// A number.
    fn get(&self, row: usize, column: usize) -> f64;
    /// Puts a number.
    fn set(&self, row: usize, column: usize, value: f64);
    /// A sum: one of the ends, and a number.
    fn sum(&self, processes: NonZeroUsize, threads: NonZeroUsize, of: Of<'_>) -> [u64; 2];
}

/// `new` of an answer.
pub type Makes = fn(usize, usize) -> Result<Box<dyn Grid>, String>;

/// An answer behind its adapter.
#[derive(Debug, Clone, Copy)]
pub struct Driver(pub Makes);

/// Serves the judge with an answer.
pub fn run(makes: Makes) {
    serve(&Cast(Driver(makes)));
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_grid {
    ($answer:ident) => {
        use std::num::NonZeroUsize;
        use $answer::grid_error::GridError;
        use $answer::processes::grid::SharedGrid;
        use $crate::q5_sharing_data::driver::grid as driver;
        use $crate::q5_sharing_data::words::grid as words;

        struct Grid(SharedGrid);

        impl driver::Grid for Grid {
            fn get(&self, row: usize, column: usize) -> f64 {
                self.0.get(row, column)
            }

            fn set(&self, row: usize, column: usize, value: f64) {
                self.0.set(row, column, value);
            }

            fn sum(&self, processes: NonZeroUsize, threads: NonZeroUsize, of: driver::Of<'_>) -> [u64; 2] {
                match self.0.sum(processes, threads, of) {
                    Ok(sum) => [words::OK, sum.to_bits()],
                    Err(GridError::Fork(_)) => [words::FORK, 0],
                    Err(GridError::WorkerDied { signal: Some(signal), .. }) => [words::KILLED, signal as u64],
                    Err(GridError::WorkerDied { code, .. }) => {
                        [words::LEFT, code.map_or(u64::MAX, |code| code as u64)]
                    }
                    Err(GridError::Os(error)) => [words::OS, error as i32 as u64],
                }
            }
        }

        fn main() {
            driver::run(|rows, columns| match SharedGrid::new(rows, columns) {
                Ok(grid) => Ok(Box::new(Grid(grid))),
                Err(error) => Err(format!("{error:?}")),
            })
        }
    };
}

thread_local! {
    /// Whether this thread has waited at its gate.
    static WAITED: Cell<bool> = const { Cell::new(false) };
}

/// What is made of a number, by the code of the call.
fn make(code: u64, number: f64) -> f64 {
    let is_held = [words::SUM_HELD, words::SUM_HELD_LEAVE].contains(&code);
    let held = is_held && !WAITED.with(|waited| waited.replace(true));
    let addend = if held { gate::wait(number as u64) as f64 } else { 0.0 };
    if number == words::MARK {
        match code {
            words::SUM_PANIC => panic_any(ON_PURPOSE),
            words::SUM_KILL => _ = kill(getpid(), Signal::SIGKILL),
            words::SUM_LEAVE | words::SUM_HELD_LEAVE => leave(3),
            words::SUM_LEAVE_WELL => leave(0),
            _ => {}
        }
    }
    2.0 * number + addend
}

impl Part for Driver {
    type Tool = (Box<dyn Grid>, [usize; 2]);

    fn make(&self, from: &[u64]) -> Result<Self::Tool, String> {
        let &[rows, columns] = from else { return Err("made from two numbers".into()) };
        let size = [rows as usize, columns as usize];
        toolkit::hook::before_fork(|| refusal::before_fork(|| ()));
        Ok(((self.0)(size[0], size[1])?, size))
    }

    fn act(&self, (grid, [rows, columns]): &Self::Tool, actor: &Actor<'_>) {
        actor.each(|[code, with, other]: Op| {
            let (row, column) = ((with >> 32) as usize, with as u32 as usize);
            match code {
                words::GET => return [grid.get(row, column).to_bits(), 0],
                words::SET => grid.set(row, column, f64::from_bits(other)),
                words::FILL => {
                    // Millions of cells: three divisions for each would be most of what it takes.
                    let mut numbers = (1..=with).cycle();
                    for row in 0..*rows {
                        for (column, number) in (0..*columns).zip(&mut numbers) {
                            grid.set(row, column, number as f64);
                        }
                    }
                }
                words::OUTSIDE => {
                    let panics = |work: &dyn Fn()| catch_unwind(AssertUnwindSafe(work)).is_err();
                    let ways: [&dyn Fn(); 2] =
                        [&|| _ = grid.get(row, column), &|| grid.set(row, column, 77.0)];
                    return [ways.iter().filter(|work| panics(**work)).count() as u64, 0];
                }
                words::SUM_REFUSED => {
                    if !refusal::refuse_forks(1) {
                        return [words::UNREFUSED, 0];
                    }
                    let number =
                        |number: u64| NonZeroUsize::new(number as usize).unwrap_or(NonZeroUsize::MIN);
                    let sum = grid.sum(number(with), number(other), &|number| make(code, number));
                    refusal::fork_again();
                    return sum;
                }
                words::SUM..=words::SUM_HELD_LEAVE => {
                    let number =
                        |number: u64| NonZeroUsize::new(number as usize).unwrap_or(NonZeroUsize::MIN);
                    let called = actor.cell(words::CALLED);
                    return grid.sum(number(with), number(other), &|number| {
                        called.fetch_add(1, Ordering::Relaxed);
                        make(code, number)
                    });
                }
                _ => panic!("no such call"),
            }
            [0, 0]
        });
    }
}
