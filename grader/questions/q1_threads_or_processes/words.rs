//! The words of each part, a folder each. Those of `processes` serve measured jobs, too.

#[path = "choose/words.rs"]
pub mod choose;
#[path = "processes/words.rs"]
pub mod processes;
#[path = "threads/words.rs"]
pub mod threads;
