//! A semaphore: so many permits, and whoever wants one waits until one is free (`threading.Semaphore`).

use std::marker::PhantomData;
use std::time::Duration;

/// Hands out a fixed number of permits. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Semaphore {
    // TODO 1/3: what must a thread look at and change in one step? What does it wait for?
}

/// The right to go on, given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    // TODO 2/3: what does a permit need to give itself back?
    semaphore: PhantomData<&'a Semaphore>,
}

impl Semaphore {
    /// Makes a semaphore with so many free permits; with 0 every `acquire` waits.
    ///
    /// There are never more permits out than this.
    pub fn new(permits: usize) -> Self {
        todo!("make a semaphore with {permits} permits")
    }

    /// Takes a permit; waits, without using the processor, until one is free.
    ///
    /// A permit that comes back lets a waiting thread go on at once. What a thread wrote before it gave a permit back is
    /// visible to the thread that takes that permit.
    pub fn acquire(&self) -> Permit<'_> {
        // TODO 3/3: who wakes whom? A thread may wake up for no reason at all.
        let _ = PhantomData::<Permit<'_>>;
        todo!("wait for a free permit and take it")
    }

    /// Takes a permit if one is free; never waits.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        todo!("take a permit if one is free")
    }

    /// Takes a permit; gives up when it has waited for `limit`, not earlier and not later.
    ///
    /// The limit may be zero, which is a try, or as long as `Duration::MAX`. A permit that comes back just as a thread
    /// gives up is not lost.
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        todo!("wait for a free permit, {limit:?} at most")
    }

    /// Says how many permits are free.
    pub fn available(&self) -> usize {
        todo!("count the free permits")
    }
}

impl Drop for Permit<'_> {
    /// Gives the permit back, also when the thread that holds it panics.
    fn drop(&mut self) {
        let _ = self.semaphore;
        todo!("give the permit back and wake whoever waits for one")
    }
}
