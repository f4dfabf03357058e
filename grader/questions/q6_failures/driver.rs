//! Question 6: the drivers of its parts. Each writes down what was called and what came back, and judges nothing.

#[path = "accounts/driver.rs"]
pub mod accounts;
#[path = "context/driver.rs"]
pub mod context;
#[path = "daemon/driver.rs"]
pub mod daemon;
#[path = "futures/driver.rs"]
pub mod futures;
#[path = "resources/driver.rs"]
pub mod resources;
#[path = "retry/driver.rs"]
pub mod retry;
#[path = "threads/driver.rs"]
pub mod threads;
