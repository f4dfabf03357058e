//! Question 1: the drivers of its parts that are judged from outside. Each writes down what was called and what came back, and
//! judges nothing.

#[path = "measure/driver.rs"]
pub mod measure;
#[path = "processes/driver.rs"]
pub mod processes;
