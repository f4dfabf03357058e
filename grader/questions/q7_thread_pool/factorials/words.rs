//! The calls of the factorials in a script. The script's own numbers are those whose factorials are asked for.

use super::pool;
use wire::script::Op;

/// `factorial` of this number; what comes back is one [`item`].
pub const ONE: u64 = 0;
/// `factorials` with so many threads; the tasks do what the halves of the second number say, as in `pool::MAP`. An item comes
/// back for each number; or one number alone: 1 for `NoThreads`, 2 for `Spawn`.
pub const ALL: u64 = 1;
/// How many threads there are besides the caller.
pub const THREADS: u64 = 2;

/// Numbers from here on are too large for the function that is handed in.
pub const TOO_LARGE: u32 = 500;

/// Three numbers for a result: 0 and the halves of the value, the lower one first; or 1, the number of the overflow, and 0.
pub fn item(result: Result<u128, u32>) -> [u64; 3] {
    match result {
        Ok(value) => [0, value as u64, (value >> 64) as u64],
        Err(n) => [1, n.into(), 0],
    }
}

/// What the function that is handed in gives for a number: no factorial, so that nobody can compute it otherwise.
pub fn given(n: u32) -> Result<u128, u32> {
    if n < TOO_LARGE { Ok(u128::from(pool::value(n.into())) << 70 | u128::from(n)) } else { Err(n) }
}

/// How many threads the call has started when a number is computed; args: the count.
pub const STARTED: u64 = 10;

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        ONE => format!("factorial({})", op[1]),
        ALL => format!("factorials(numbers, {}, given)", op[1]),
        _ => "counts threads".into(),
    }
}

/// A result as Rust prints it.
pub fn told(item: &[u64; 3]) -> String {
    match *item {
        [0, low, high] => format!("Ok({})", u128::from(high) << 64 | u128::from(low)),
        [_, n, _] => format!("Err(Overflow {{ n: {n} }})"),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (THREADS, [count]) => format!(" -> {count}"),
        (ALL, [1]) => " -> Err(NoThreads)".into(),
        (ALL, [_]) => " -> Err(Spawn)".into(),
        (ALL, items) => {
            let items: Vec<String> = items.as_chunks::<3>().0.iter().map(told).collect();
            format!(" -> Ok([{}])", items.join(", "))
        }
        (_, items) => format!(" -> {}", items.as_chunks::<3>().0.iter().map(told).collect::<String>()),
    }
}
