//! The program of the assignment: the factorials of 1 to 10 by a pool of threads. Given; nothing to do here.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::sync::Arc;

use q7_thread_pool::factorials::{factorial, factorials};
use q7_thread_pool::with_rayon::factorials_with_rayon;

fn main() {
    let numbers: Vec<u32> = (1..=10).chain([34, 35]).collect();
    let own = factorials(&numbers, 3, Arc::new(factorial));
    match &own {
        Ok(results) => {
            for (n, result) in numbers.iter().zip(results) {
                match result {
                    Ok(value) => println!("Factorial of {n} is {value}"),
                    Err(overflow) => println!("{overflow}"),
                }
            }
        }
        Err(error) => println!("{error}"),
    }
    let same = factorials_with_rayon(&numbers, 3, Arc::new(factorial)) == own;
    println!("rayon says {}", if same { "the same" } else { "something else" });
}
