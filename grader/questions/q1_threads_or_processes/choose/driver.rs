//! The adapter of the choice. Judges nothing.

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q1_choose {
    ($answer:ident) => {
        use $answer::api::{Bound, Model, Reason, Runtime, Sharing, Workload};
        use $crate::q1_threads_or_processes::words::choose as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Chooser;

        impl Tool for Chooser {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Chooser)
            }
        }

        impl Actor for Chooser {
            fn perform(&mut self, [_, number, _]: [u64; 3]) -> Vec<u64> {
                let ([runtime, bound, sharing], flags) = words::workload(number);
                let [untrusted, must_survive_crash, memory_is_tight, starts_often] = flags;
                let choice = $answer::choose::choose(&Workload {
                    runtime: if runtime == 0 { Runtime::CPython } else { Runtime::Rust },
                    bound: if bound == 0 { Bound::Io } else { Bound::Cpu },
                    sharing: match sharing {
                        0 => Sharing::Nothing,
                        1 => Sharing::ReadMostly,
                        _ => Sharing::Mutable,
                    },
                    untrusted,
                    must_survive_crash,
                    memory_is_tight,
                    starts_often,
                });
                let model = match choice.model {
                    Model::Threads => 0,
                    Model::Processes => 1,
                };
                let because = match choice.because {
                    Reason::Isolation => 0,
                    Reason::CrashSurvival => 1,
                    Reason::Gil => 2,
                    Reason::Sharing => 3,
                    Reason::Memory => 4,
                    Reason::StartCost => 5,
                    Reason::Waiting => 6,
                    Reason::Parallelism => 7,
                };
                vec![model, because]
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |_| Box::new(Chooser),
                call: words::call,
                result: words::result,
            })
        }
    };
}
