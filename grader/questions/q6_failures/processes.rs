//! Question 6: the drivers of its parts that are judged from outside. Each writes down what came back, and judges nothing.

#[path = "processes/driver.rs"]
pub mod processes;
#[path = "shutdown/driver.rs"]
pub mod shutdown;
