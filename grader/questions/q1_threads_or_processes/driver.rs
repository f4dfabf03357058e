//! Question 1: the drivers of its parts that are judged in both worlds. Each writes down what was called and what came back, and
//! judges nothing.

#[path = "choose/driver.rs"]
pub mod choose;
#[path = "threads/driver.rs"]
pub mod threads;
