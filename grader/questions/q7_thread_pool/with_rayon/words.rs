//! The calls of the factorials with rayon, and the numbers that they are asked for.

/// A number whose factorial is asked for. It looks like any number to the answer; to the function that is handed in it says
/// what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Its place, below 1000.
    pub id: u32,
    /// Whether it waits at the judge's gate.
    pub held: bool,
    /// Whether the function panics.
    pub panics: bool,
    /// Whether it is too large for the function.
    pub too_large: bool,
    /// Whether it is greater than those that are too large; that alone does nothing.
    pub is_great: bool,
}

impl Number {
    /// A number that is computed at once.
    pub const fn plain(id: u32) -> Self {
        Self { id, held: false, panics: false, too_large: false, is_great: false }
    }

    /// The number that stands for it.
    pub fn n(self) -> u32 {
        let flags = [self.held, self.panics, self.too_large, self.is_great];
        (16..).zip(flags).fold(self.id, |n, (bit, flag)| n | u32::from(flag) << bit)
    }

    /// Reads [`Number::n`].
    pub fn from_n(n: u32) -> Self {
        let flag = |bit: u32| n >> bit & 1 == 1;
        Self { id: n & 0xffff, held: flag(16), panics: flag(17), too_large: flag(18), is_great: flag(19) }
    }
}

/// What the function that is handed in gives for a number: no factorial, so that nobody can compute it otherwise.
pub fn given(n: u32) -> Result<u128, u32> {
    if Number::from_n(n).too_large { Err(n) } else { Ok(u128::from(n * 7 + 3) << 70 | u128::from(n)) }
}

pub use super::factorials::item;

/// The text with which the function panics.
pub fn panic_text(id: u32) -> String {
    format!("number {id} panics on purpose")
}

/// One call of the scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `factorials_with_rayon` of these numbers, with so many threads.
    All(u64, Vec<Number>),
    /// The same, while the system has only so many threads left.
    Refused(u64, u64, Vec<Number>),
    /// Stand at this checkpoint.
    Checkpoint(u64),
}

impl Call {
    /// The call as numbers.
    pub fn to_words(&self) -> Vec<u64> {
        match self {
            Call::All(threads, numbers) => {
                [0, *threads].into_iter().chain(numbers.iter().map(|number| number.n().into())).collect()
            }
            Call::Checkpoint(place) => vec![1, *place],
            Call::Refused(left, threads, numbers) => {
                let numbers = numbers.iter().map(|number| number.n().into());
                [2, *left, *threads].into_iter().chain(numbers).collect()
            }
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        let number = |&n: &u64| u32::try_from(n).ok().map(Number::from_n);
        let all = |rest: &[u64]| rest.iter().map(number).collect::<Option<_>>();
        Some(match words {
            [0, threads, rest @ ..] => Call::All(*threads, all(rest)?),
            [1, place] => Call::Checkpoint(*place),
            [2, left, threads, rest @ ..] => Call::Refused(*left, *threads, all(rest)?),
            _ => return None,
        })
    }
}

/// A call has returned; args: call, then an [`item`] for each number.
pub const RETURNED: u64 = 1;
/// A call has returned an error; args: call, then 1 for `NoThreads`, 2 for `Spawn`.
pub const ERROR: u64 = 2;
