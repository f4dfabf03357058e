//! The demonstration: the squares of 1 to 10 in pools of 2, 4 and 8 processes, then on threads.
//! Given, nothing to do here. Run it with `cargo run -p q8_pool_timing`; give it the name of a file,
//! as in `cargo run -p q8_pool_timing chart.svg`, to get the chart too.

#![expect(clippy::print_stdout, reason = "a demonstration is there to print")]

use q8_pool_timing::{chart, compare, square, table, time_threads};
use std::error::Error;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> = (1..=10).collect();
    let timings = compare(&[2, 4, 8], &numbers, square)?;
    print!("{}", table(&timings));

    let threads = time_threads(2, &numbers, square)?;
    println!("rayon, 2 threads: {:?}, {:.6} seconds", threads.results, threads.map.as_secs_f64());

    if let Some(path) = env::args_os().nth(1) {
        fs::write(&path, chart(&timings))?;
    }
    Ok(())
}
