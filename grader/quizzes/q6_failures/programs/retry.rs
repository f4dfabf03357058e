//! Three attempts, of which the first two fail.

fn fetch(attempt: u32) -> Result<&'static str, String> {
    if attempt < 3 { Err(format!("attempt {attempt} failed")) } else { Ok("page") }
}

fn retry(times: u32) -> Result<&'static str, String> {
    let mut last = Err("never tried".to_string());
    for attempt in 1..=times {
        last = fetch(attempt);
        if last.is_ok() {
            break;
        }
    }
    last
}

pub fn main() {
    println!("{}", retry(5).unwrap_or("fallback"));
    println!("{}", retry(2).unwrap_or("fallback"));
}
