//! A barrier: nobody goes on before all have come (`threading.Barrier`).

/// Lets threads go on in groups of a fixed size. Any number of threads may use it, again and again.
#[derive(Debug)]
pub struct Barrier {
    // TODO 1/3: what must a thread know to tell its own group from the next one?
}

impl Barrier {
    /// Makes a barrier for groups of so many. A group of one never waits.
    ///
    /// # Panics
    ///
    /// If `size` is 0: there are no groups of none.
    pub fn new(size: usize) -> Self {
        // TODO 2/3: what does the state look like before anybody has come?
        todo!("make a barrier for groups of {size}")
    }

    /// Waits, without using the processor, until a group is complete: this thread and `size - 1` others that have come
    /// and have not gone on. The whole group goes on at once, whatever comes after it. Says whether this thread is the
    /// leader: exactly one of each group is, and nobody can say which.
    ///
    /// What a thread of the group wrote before it called `wait` is visible to all of the group afterwards.
    pub fn wait(&self) -> bool {
        // TODO 3/3: a fast thread may be back before a slow one has woken up. How does the slow one know that it may go?
        todo!("wait until the group is complete")
    }
}
