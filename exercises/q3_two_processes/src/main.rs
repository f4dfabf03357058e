//! The demonstration: the assignment's square and cube of 10. Given, nothing to do here. Run it
//! with `cargo run -p q3_two_processes`.

use q3_two_processes::{ProcessError, square_and_cube};
use std::io;

fn main() -> Result<(), ProcessError> {
    square_and_cube(10, io::stdout())
}
