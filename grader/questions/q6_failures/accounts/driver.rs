//! The bank's adapter.

use super::super::words::accounts::SLOW_S;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

/// What a slow `fee` does.
pub fn take_time() {
    thread::sleep(Duration::from_secs(SLOW_S));
}

/// What came of a call, also if it panicked.
///
/// # Errors
///
/// The panic.
pub fn caught<A>(call: impl FnOnce() -> A) -> Result<A, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(call))
}

/// Lets a panic go on.
pub fn panic_again(panic: Box<dyn Any + Send>) -> ! {
    resume_unwind(panic)
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_accounts {
    ($answer:ident) => {
        use $answer::accounts::Bank;
        use $answer::api::TransferError;
        use $crate::q6_failures::driver::accounts as driver;
        use $crate::q6_failures::words::accounts::{self as words, ON_PURPOSE, Order};
        use $crate::script::{Actor, Kind, Tool};

        struct Shared(Bank);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Customer(&self.0))
            }
        }

        struct Customer<'a>(&'a Bank);

        impl Customer<'_> {
            fn transfer(&self, op: [u64; 3]) -> Vec<u64> {
                let order = Order::of(op);
                let (times, asked) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
                let fee = |amount: u64| {
                    times.set(times.get() + 1);
                    asked.set(amount);
                    match op[0] {
                        words::BREAKS => panic!("{ON_PURPOSE}"),
                        words::SLOW => driver::take_time(),
                        _ => {}
                    }
                    order.fee
                };
                let transfer = || self.0.transfer(order.from as usize, order.to as usize, order.amount, &fee);
                let end = match driver::caught(transfer) {
                    Ok(Ok(())) => vec![words::DONE],
                    Ok(Err(TransferError::NoSuchAccount)) => vec![words::NO_SUCH_ACCOUNT],
                    Ok(Err(TransferError::SameAccount)) => vec![words::SAME_ACCOUNT],
                    Ok(Err(TransferError::TooLittle { balance, needed })) => {
                        vec![words::TOO_LITTLE, balance, needed]
                    }
                    Ok(Err(TransferError::Overflow)) => vec![words::OVERFLOW],
                    Err(panic) if words::is_on_purpose(&*panic) => vec![words::FEE_PANICKED],
                    Err(panic) => driver::panic_again(panic),
                };
                [vec![times.get(), asked.get()], end].concat()
            }
        }

        impl Actor for Customer<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                match op[0] {
                    words::BALANCE => self.0.balance(op[1] as usize).into_iter().collect(),
                    words::TOTAL => {
                        let total: u128 = self.0.total();
                        vec![total as u64, (total >> 64) as u64]
                    }
                    words::FEES => vec![self.0.fees()],
                    _ => self.transfer(op),
                }
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |config| Box::new(Shared(Bank::new(config))),
                call: words::call,
                result: words::result,
            })
        }
    };
}
