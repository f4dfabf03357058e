//! Observations: what the kernel shows of a respondent and of everything that it started.
//!
//! Looks only, from outside, through `/proc` and without a word to the respondent. Knows neither
//! questions nor verdicts, and draws no conclusion from time that has passed.

mod idle;
mod people;
mod pipes;
mod still;
#[cfg(test)]
mod tests;
mod waits;

pub(crate) use idle::busy;
pub(crate) use people::People;
pub(crate) use still::{Look, Still, doing};
pub(crate) use waits::{Wait, explain};
