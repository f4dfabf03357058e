//! The demonstration: the pool of the assignment. Given, nothing to do here. Run it with
//! `cargo run -p q2_process_pool`.

#![expect(clippy::print_stdout, reason = "a demonstration is there to print")]

use q2_process_pool::{PoolError, ProcessPool};

fn square(number: u64) -> u64 {
    number * number
}

fn main() -> Result<(), PoolError> {
    let mut pool = ProcessPool::new(4, square)?;
    let results: Result<Vec<u64>, _> = pool.map([1, 2, 3, 4, 5]).into_iter().collect();
    match results {
        Ok(squares) => println!("{squares:?}"),
        Err(error) => println!("a task failed: {error}"),
    }

    let ticket = pool.apply_async(10)?;
    println!("The square of 10 is being computed by one of {} workers.", pool.worker_ids().len());
    match pool.get(ticket) {
        Ok(square) => println!("{square}"),
        Err(error) => println!("the task failed: {error}"),
    }
    pool.join()
}
