//! What drivers and checks of this question share, part by part.

#[path = "accounts/words.rs"]
pub mod accounts;
#[path = "context/words.rs"]
pub mod context;
#[path = "daemon/words.rs"]
pub mod daemon;
#[path = "futures/words.rs"]
pub mod futures;
#[path = "processes/words.rs"]
pub mod processes;
#[path = "resources/words.rs"]
pub mod resources;
#[path = "retry/words.rs"]
pub mod retry;
#[path = "shutdown/words.rs"]
pub mod shutdown;
#[path = "threads/words.rs"]
pub mod threads;
