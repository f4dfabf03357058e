//! Question 5: the drivers of its parts. Each writes down what was called and what came back, and judges nothing.

#[path = "barrier/driver.rs"]
pub mod barrier;
#[path = "counter/driver.rs"]
pub mod counter;
#[path = "event/driver.rs"]
pub mod event;
#[path = "handoff/driver.rs"]
pub mod handoff;
#[path = "local/driver.rs"]
pub mod local;
#[path = "queue/driver.rs"]
pub mod queue;
#[path = "reentrant/driver.rs"]
pub mod reentrant;
#[path = "semaphore/driver.rs"]
pub mod semaphore;
