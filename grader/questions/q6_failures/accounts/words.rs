//! The calls of a bank in a script.

use wire::script::Op;

/// `transfer`, with a fee that is a number; see [`Order`]. What comes back: how often `fee` was asked, for which
/// amount, and what became of the transfer.
pub const TRANSFER: u64 = 0;
/// The same with a `fee` that panics.
pub const BREAKS: u64 = 1;
/// The same with a `fee` that takes [`SLOW_S`] seconds.
pub const SLOW: u64 = 2;
/// `balance`, of its first number; nothing or the balance comes back.
pub const BALANCE: u64 = 3;
/// `total`; its lower and its upper half come back.
pub const TOTAL: u64 = 4;
/// `fees`; the number comes back.
pub const FEES: u64 = 5;

/// How long a slow `fee` takes.
pub const SLOW_S: u64 = 5;

pub use wire::ON_PURPOSE;

/// Whether a caught panic is that of `fee`.
pub fn is_on_purpose(panic: &(dyn std::any::Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()) == Some(ON_PURPOSE)
}

/// What became of a transfer.
pub const DONE: u64 = 0;
/// As the error of this name.
pub const NO_SUCH_ACCOUNT: u64 = 1;
/// As the error of this name.
pub const SAME_ACCOUNT: u64 = 2;
/// As the error of this name; with balance and needed.
pub const TOO_LITTLE: u64 = 3;
/// As the error of this name.
pub const OVERFLOW: u64 = 4;
/// The panic of `fee` came through as it was.
pub const FEE_PANICKED: u64 = 5;

/// One transfer: `fee` is below 2^48, or `u64::MAX`, the accounts are below 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The paying account.
    pub from: u64,
    /// The receiving account.
    pub to: u64,
    /// How much.
    pub amount: u64,
    /// What `fee` answers.
    pub fee: u64,
}

/// Stands for a fee of `u64::MAX`.
const ALL: u64 = (1 << 48) - 1;

impl Order {
    /// A call of this kind.
    pub const fn op(self, code: u64) -> Op {
        let fee = if self.fee == u64::MAX { ALL } else { self.fee };
        [code, fee << 16 | self.to << 8 | self.from, self.amount]
    }

    /// Reads what [`Order::op`] wrote.
    pub fn of(op: Op) -> Order {
        let fee = op[1] >> 16;
        Order {
            from: op[1] & 255,
            to: op[1] >> 8 & 255,
            amount: op[2],
            fee: if fee == ALL { u64::MAX } else { fee },
        }
    }
}

/// A number as a student would write it.
fn number(number: u64) -> String {
    if number == u64::MAX { "u64::MAX".into() } else { number.to_string() }
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let Order { from, to, amount, fee } = Order::of(op);
    let amount = number(amount);
    match op[0] {
        TRANSFER => format!("transfer({from}, {to}, {amount}, fee {})", number(fee)),
        BREAKS => format!("transfer({from}, {to}, {amount}, fee panics)"),
        SLOW => format!("transfer({from}, {to}, {amount}, fee takes {SLOW_S} s)"),
        BALANCE => format!("balance({})", op[1]),
        TOTAL => "total()".into(),
        _ => "fees()".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (TRANSFER | BREAKS | SLOW, [_, _, end @ ..]) => ending(end),
        (BALANCE, []) => " -> None".into(),
        (BALANCE, [held]) => format!(" -> Some({})", number(*held)),
        (TOTAL, &[low, high]) => format!(" -> {}", u128::from(high) << 64 | u128::from(low)),
        (FEES, [taken]) => format!(" -> {}", number(*taken)),
        _ => String::new(),
    }
}

/// What became of a transfer.
pub fn ending(end: &[u64]) -> String {
    match *end {
        [DONE] => " -> Ok(())".into(),
        [NO_SUCH_ACCOUNT] => " -> Err(NoSuchAccount)".into(),
        [SAME_ACCOUNT] => " -> Err(SameAccount)".into(),
        [TOO_LITTLE, balance, needed] => {
            format!(" -> Err(TooLittle {{ balance: {}, needed: {} }})", number(balance), number(needed))
        }
        [OVERFLOW] => " -> Err(Overflow)".into(),
        _ => ", and the panic of `fee` comes through".into(),
    }
}
