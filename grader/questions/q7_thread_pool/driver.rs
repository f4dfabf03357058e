//! Question 7: the drivers of its parts. Each writes down what was called and what came back, and judges nothing.

#[path = "pool/board.rs"]
pub mod board;
#[path = "factorials/driver.rs"]
pub mod factorials;
#[path = "pool/driver.rs"]
pub mod pool;
