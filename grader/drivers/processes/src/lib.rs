//! What drives a student's answer to a question about processes, inside the respondent.
//!
//! A driver plays the scene that the judge asks for and writes down what came back. It holds no
//! expected value and judges nothing. The process has one thread, so that the answer may fork; what
//! is forked inherits the way to the judge, over which tasks check in ([`gate`]).

#![forbid(unsafe_code)]

pub mod actors;
pub mod gate;
mod line;
pub mod refusal;
mod session;
pub mod stranger;

pub use drivers_faults as faults;
pub use line::records;
pub use session::{Question, calls, checkpoint, log, log_text, play_call, serve};

/// Declares the drivers of all questions about processes; their list stands in
/// `questions/catalogue.rs`.
macro_rules! questions {
    ($($kind:ident $slug:ident)*) => {
        $(question! { $kind $slug })*
    };
}

macro_rules! question {
    (processes $slug:ident) => {
        pub mod $slug {
            //! The driver of one question.
            #[path = "driver.rs"]
            pub mod driver;
            #[path = "words.rs"]
            pub mod words;
        }
    };
    (mixed $slug:ident) => {
        pub mod $slug {
            //! The driver of those parts of one question that are judged from outside.
            #[path = "processes.rs"]
            pub mod driver;
            #[path = "words.rs"]
            pub mod words;
        }
    };
    (threads $slug:ident) => {}; // see `drivers`
}

include!("../../../questions/catalogue.rs");
