//! A counter: a number that many threads change (`threading.Lock`).

/// Holds a number, which is 0 at first. Any number of threads may use it at once.
#[derive(Debug, Default)]
pub struct Counter {
    // TODO 1/3: what must nobody else touch while a thread looks at the number and changes it?
}

impl Counter {
    /// Makes a counter at 0.
    pub fn new() -> Self {
        todo!("make a counter at 0")
    }

    /// Adds `amount` and says what the number is by that; no addition is ever lost.
    ///
    /// What a thread wrote before it changed the counter is visible to every thread that finds it changed.
    ///
    /// # Panics
    ///
    /// If the sum is more than `u64::MAX`, in every profile. The counter then stays as it was, and can be used.
    pub fn add(&self, amount: u64) -> u64 {
        // TODO 2/3: what is a lock like after its holder has panicked?
        todo!("add {amount} and say what the number is now")
    }

    /// Says what the number is.
    pub fn get(&self) -> u64 {
        todo!("say what the number is")
    }

    /// Puts `change` of the number in its place and says what that is. It is one step: `change` is called exactly
    /// once, and nobody else's change comes between what it finds and what it makes of it.
    ///
    /// Who comes in between waits, without using the processor. `change` must not use this counter.
    ///
    /// # Panics
    ///
    /// If `change` does. The counter then stays as it was, and can be used.
    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        // TODO 3/3: between which two moments must the lock be held?
        let _ = change;
        todo!("change the number in one step")
    }
}
