//! What drivers and checks of this question share, part by part.

#[path = "barrier/words.rs"]
pub mod barrier;
#[path = "counter/words.rs"]
pub mod counter;
#[path = "event/words.rs"]
pub mod event;
#[path = "handoff/words.rs"]
pub mod handoff;
#[path = "local/words.rs"]
pub mod local;
#[path = "pipe/words.rs"]
pub mod pipe;
#[path = "players/words.rs"]
pub mod players;
#[path = "locks/words.rs"]
pub mod locks;
#[path = "process_queue/words.rs"]
pub mod process_queue;
#[path = "queue/words.rs"]
pub mod queue;
#[path = "reentrant/words.rs"]
pub mod reentrant;
#[path = "semaphore/words.rs"]
pub mod semaphore;
