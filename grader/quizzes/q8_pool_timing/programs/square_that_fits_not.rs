//! A square that is larger than its type.

pub fn main() {
    let number: u16 = 256;
    println!("{:?}", number.checked_mul(number));
    println!("{}", number.wrapping_mul(number));
    println!("{}", number.saturating_mul(number));
}
