//! The speed-up of four workers over two.

use std::time::Duration;

pub fn main() {
    let two = Duration::from_millis(1900);
    let four = Duration::from_millis(1000);
    println!("{}", two.as_secs() / four.as_secs());
    println!("{:.1}", two.as_secs_f64() / four.as_secs_f64());
}
