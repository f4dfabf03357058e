//! The thread pool's adapter.

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q7_pool {
    ($answer:ident) => {
        use std::sync::{Arc, Weak};
        use $answer::api::{PoolError, TaskPanic};
        use $answer::pool::{Pending, ThreadPool};
        use $crate::q7_thread_pool::driver::board::{Board, Waiting};
        use $crate::q7_thread_pool::words::pool::{self as words, Task};
        use $crate::script::{Actor, Kind, Tool, drop_in_a_panic};
        use $crate::world::with_thread_refused;

        struct Maker;

        impl Tool for Maker {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Caller {
                    pool: None,
                    pending: Vec::new(),
                    waiting: Vec::new(),
                    board: Arc::default(),
                })
            }
        }

        struct Caller {
            pool: Option<Arc<ThreadPool>>,
            /// By number. A plain list, since a map of these would be compiled anew with every answer.
            pending: Vec<(u64, Pending<u64>)>,
            /// Threads of the caller that wait for results.
            waiting: Vec<(u64, Waiting)>,
            board: Arc<Board>,
        }

        impl Drop for Caller {
            fn drop(&mut self) {
                let pool = self.pool.take();
                $crate::world::let_go(move || drop(pool));
            }
        }

        type Job = Box<dyn FnOnce() -> u64 + Send>;

        fn job(board: Arc<Board>, pool: Weak<ThreadPool>, id: u64, task: Task) -> Job {
            Box::new(move || {
                board.run(id, task, |other| {
                    // The last handle is never dropped here: the caller keeps its own until this is done.
                    if let Some(pool) = pool.upgrade() {
                        drop(pool.submit(job(Arc::clone(&board), Weak::new(), other, Task::Plain)));
                    }
                })
            })
        }

        fn outcome(task: Pending<u64>) -> Result<u64, String> {
            task.result().map_err(|panic: TaskPanic| panic.message)
        }

        fn told(result: Result<u64, String>) -> [u64; 2] {
            let (pair, message) = words::outcome(result);
            message.iter().for_each(|text| $crate::log_text(0, words::MESSAGE, text));
            pair
        }

        impl Caller {
            fn take(&mut self, id: u64) -> Option<Pending<u64>> {
                let place = self.pending.iter().position(|(other, _)| *other == id)?;
                Some(self.pending.swap_remove(place).1)
            }

            /// What the inputs of a map are taken from: another task is waited for before each of them.
            fn fed(pool: &ThreadPool, first: u64, count: u64) -> impl Iterator<Item = u64> + '_ {
                (first..first + count).inspect(|_| drop(pool.submit(|| ()).result()))
            }
        }

        impl Actor for Caller {
            fn perform(&mut self, [code, a, b]: [u64; 3]) -> Vec<u64> {
                match (code, &self.pool) {
                    (words::NEW, _) => {
                        let new = || ThreadPool::new(a as usize);
                        let pool = if b == 0 { new() } else { with_thread_refused(b, new) };
                        return match pool {
                            Ok(pool) => {
                                self.pool = Some(Arc::new(pool));
                                vec![0]
                            }
                            Err(PoolError::NoThreads) => vec![1],
                            Err(PoolError::Spawn(_)) => vec![2],
                        };
                    }
                    (words::SUBMIT, Some(pool)) => {
                        let job = job(Arc::clone(&self.board), Arc::downgrade(pool), a, Task::from_word(b));
                        self.pending.push((a, pool.submit(job)));
                    }
                    (words::RESULT, _) => {
                        return self.take(a).map_or(Vec::new(), |task| told(outcome(task)).to_vec());
                    }
                    (words::IS_DONE, _) => {
                        let asked = self.pending.iter().find(|(id, _)| *id == a);
                        return asked.map_or(Vec::new(), |(_, pending)| vec![pending.is_done().into()]);
                    }
                    (words::ELSEWHERE, _) => {
                        let waits = self.take(a).map(|task| (a, Waiting::new(move || outcome(task))));
                        self.waiting.extend(waits);
                    }
                    (words::COLLECT, _) => {
                        let place = self.waiting.iter().position(|(id, _)| *id == a);
                        let waited = place.and_then(|place| self.waiting.swap_remove(place).1.end());
                        return waited.map_or(Vec::new(), |result| told(result).to_vec());
                    }
                    (words::MANY, Some(pool)) => {
                        for place in 0..a {
                            let board = Arc::clone(&self.board);
                            drop(pool.submit(move || board.ran(place)));
                        }
                    }
                    (words::MANY_RAN, _) => return self.board.many_ran().to_vec(),
                    (words::MAP | words::MAP_FED, Some(pool)) => {
                        let (first, count) = words::map_of(a);
                        let tasks = [b >> 32, b & 0xffff_ffff].map(Task::from_word);
                        let board = Arc::clone(&self.board);
                        let run = move |id: u64| board.run(id, tasks[usize::from(id != first)], |_| ());
                        let results = match code {
                            words::MAP => pool.map(first..first + count, run),
                            _ => pool.map(Self::fed(pool, first, count), run),
                        };
                        return results
                            .into_iter()
                            .flat_map(|result| told(result.map_err(|panic| panic.message)))
                            .collect();
                    }
                    (words::RELEASE, _) => self.board.release(a),
                    (words::AWAIT, _) => return vec![self.board.await_begin(a).into()],
                    (words::DROP, _) if a == 1 => drop_in_a_panic(self.pool.take()),
                    (words::DROP, _) => self.pool = None,
                    (words::JOIN, _) => {
                        if let Some(pool) = self.pool.take().and_then(Arc::into_inner) {
                            pool.join();
                        }
                    }
                    (words::THREADS, _) => return vec![$crate::world::other_threads().len() as u64],
                    (words::WRITTEN, _) => return vec![self.board.written()],
                    _ => {}
                }
                Vec::new()
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |_| Box::new(Maker),
                call: words::call,
                result: words::result,
            })
        }
    };
}
