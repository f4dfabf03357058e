//! All numbers of the course's own shared array, read at once.

use crate::NUMBERS;
use bench_processes::{Result, timed_us};
use q5_sharing_data::processes::value::SharedArray;

pub(crate) fn ours() -> Result<f64> {
    let numbers: Vec<u64> = (0..NUMBERS as u64).collect();
    let array = SharedArray::new(&numbers).map_err(|error| format!("{error:?}"))?;
    let (us, seen) = timed_us(|| array.to_vec());
    if seen == numbers { Ok(us) } else { Err("the array holds other numbers".into()) }
}
