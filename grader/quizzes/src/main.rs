//! Runs one program of the quizzes against the real library: `quizzes q5_sharing_data lost_update`.
//!
//! Knows nothing of what is right.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the programs print; that is what they are for")]

use std::process::ExitCode;

macro_rules! programs {
    ($($slug:ident { threads { $($thread:ident)* } alone { $($alone:ident)* } })*) => {
        $(mod $slug {
            //! The programs of one question.
            #[allow(unreachable_pub, reason = "each stands for a program of its own")]
            pub(crate) mod programs {
                //! A module each.
                $(pub(crate) mod $thread;)*
                // Built as a test, which clippy does, `std` is the model, with whose types nobody starts processes.
                $(#[cfg(not(test))] pub(crate) mod $alone;)*
            }
        })*

        /// Runs a program; says whether there is one of that name.
        fn run(slug: &str, name: &str) -> bool {
            match (slug, name) {
                $(
                    $((stringify!($slug), stringify!($thread)) => $slug::programs::$thread::main(),)*
                    $(#[cfg(not(test))] (stringify!($slug), stringify!($alone)) => $slug::programs::$alone::main(),)*
                )*
                _ => return false,
            }
            true
        }
    };
}
include!("../catalogue.rs");

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [slug, name] if run(slug, name) => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}
