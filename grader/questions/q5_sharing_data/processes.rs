//! Question 5: the drivers of its parts about processes, which are judged from outside. Each writes down what was called and what
//! came back, and judges nothing.

#[path = "manager/driver.rs"]
pub mod manager;
#[path = "pipe/driver.rs"]
pub mod pipe;
#[path = "players/driver.rs"]
pub mod players;
#[path = "grid/driver.rs"]
pub mod grid;
#[path = "locks/driver.rs"]
pub mod locks;
#[path = "process_queue/driver.rs"]
pub mod process_queue;
#[path = "mapped/driver.rs"]
pub mod mapped;
#[path = "value/driver.rs"]
pub mod value;
