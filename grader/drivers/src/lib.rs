//! What drives a student's answer inside the respondent.
//!
//! A driver plays the scenes that the judge asks for and writes down what happens. It holds no
//! expected value and judges nothing. These files are compiled twice: as `drivers` against the
//! real std and as `drivers-model` against the model std, so that a scene in plain
//! `std::thread` is the same scene in both worlds. What differs between the worlds is in `world`.

#![forbid(unsafe_code)]

pub mod script;
mod session;
mod socket;
#[cfg_attr(feature = "model", path = "world_model.rs")]
#[cfg_attr(not(feature = "model"), path = "world_real.rs")]
pub mod world;

pub use session::{Question, Scene, log, log_text, serve};

/// Declares the drivers of all questions about threads; their list stands in
/// `questions/catalogue.rs`.
macro_rules! questions {
    ($($kind:ident $slug:ident)*) => {
        $(question! { $kind $slug })*
    };
}

macro_rules! question {
    (threads $slug:ident) => {
        pub mod $slug {
            //! The driver of one question.
            #[path = "driver.rs"]
            pub mod driver;
            #[path = "words.rs"]
            pub mod words;
        }
    };
    (mixed $slug:ident) => {
        question! { threads $slug }
    };
    (processes $slug:ident) => {}; // see `drivers-processes`
}

include!("../../questions/catalogue.rs");
