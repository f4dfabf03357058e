//! Question 5, `value`: several processes use a number, or a row of numbers, call by call.

use super::super::words::value as words;
use crate::actors::{Actor, Cast, Part};
use crate::gate;
use crate::session::serve;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::Ordering;
use std::thread::yield_now;
use wire::ON_PURPOSE;
use wire::actors::Op;

/// Numbers of an answer, by their bits. A value is a row of one.
pub trait Numbers {
    /// How many.
    fn count(&self) -> usize;
    /// One of them.
    fn get(&self, index: usize) -> u64;
    /// Puts one.
    fn set(&self, index: usize, bits: u64);
    /// All.
    fn all(&self) -> Vec<u64>;
    /// Changes them.
    fn update(&self, change: &mut dyn FnMut(&mut [u64]));
}

/// Numbers and their bits. Rows are turned over here, and not where an answer is linked: here it is compiled with
/// optimisation, and once.
pub trait Bits: Copy {
    /// From bits.
    fn from_bits(bits: u64) -> Self;
    /// To bits.
    fn bits(self) -> u64;
    /// The bits of a row.
    fn of_row(row: &[Self]) -> Vec<u64>;
    /// Puts a row into another of its length.
    fn put_back(bits: &[u64], row: &mut [Self]);
}

macro_rules! bits {
    ($($number:ty: $from:expr, $to:expr;)*) => {
        $(impl Bits for $number {
            fn from_bits(bits: u64) -> Self {
                $from(bits)
            }

            fn bits(self) -> u64 {
                $to(self)
            }

            fn of_row(row: &[Self]) -> Vec<u64> {
                row.iter().map(|number| number.bits()).collect()
            }

            fn put_back(bits: &[u64], row: &mut [Self]) {
                row.iter_mut().zip(bits).for_each(|(number, &bits)| *number = Self::from_bits(bits));
            }
        })*
    };
}
bits! {
    u64: std::convert::identity, std::convert::identity;
    i64: u64::cast_signed, i64::cast_unsigned;
    u32: |bits| bits as u32, u64::from;
    f64: f64::from_bits, f64::to_bits;
}

/// Makes the numbers of an answer, from `from`.
pub type Makes = fn(&[u64]) -> Result<Box<dyn Numbers>, String>;

/// An answer behind its adapter.
#[derive(Debug, Clone, Copy)]
pub struct Driver(pub Makes);

/// Serves the judge with an answer.
pub fn run(makes: Makes) {
    serve(&Cast(Driver(makes)));
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_value {
    ($answer:ident) => {
        use $answer::number::{Number, ShareError};
        use $answer::processes::value::{SharedArray, SharedValue};
        use $crate::q5_sharing_data::driver::value::{self as driver, Bits, Numbers};
        use $crate::q5_sharing_data::words::value as words;

        struct Value<T: Number>(SharedValue<T>);
        struct Array<T: Number>(SharedArray<T>);

        /// Puts numbers back as far as they were changed, also when a change panics.
        struct Back<'a, T: Bits> {
            numbers: &'a mut [T],
            all: Vec<u64>,
        }

        impl<T: Bits> Drop for Back<'_, T> {
            fn drop(&mut self) {
                T::put_back(&self.all, self.numbers);
            }
        }

        impl<T: Number + Bits> Numbers for Value<T> {
            fn count(&self) -> usize {
                1
            }

            fn get(&self, _index: usize) -> u64 {
                self.0.get().bits()
            }

            fn set(&self, _index: usize, bits: u64) {
                self.0.set(T::from_bits(bits));
            }

            fn all(&self) -> Vec<u64> {
                vec![self.0.get().bits()]
            }

            fn update(&self, change: &mut dyn FnMut(&mut [u64])) {
                let mut wanted = None;
                let got = self.0.update(|number| {
                    let mut one = [number.bits()];
                    change(&mut one);
                    wanted = Some(one[0]);
                    T::from_bits(one[0])
                });
                assert!(
                    Some(got.bits()) == wanted,
                    "`update` returned something else than `change` has made"
                );
            }
        }

        impl<T: Number + Bits> Numbers for Array<T> {
            fn count(&self) -> usize {
                self.0.len()
            }

            fn get(&self, index: usize) -> u64 {
                self.0.get(index).bits()
            }

            fn set(&self, index: usize, bits: u64) {
                self.0.set(index, T::from_bits(bits));
            }

            fn all(&self) -> Vec<u64> {
                T::of_row(&self.0.to_vec())
            }

            fn update(&self, change: &mut dyn FnMut(&mut [u64])) {
                self.0.update(|numbers| {
                    let all = T::of_row(numbers);
                    let mut back = Back { numbers, all };
                    change(&mut back.all);
                });
            }
        }

        fn of<T: Number + Bits>(from: &[u64]) -> Result<Box<dyn Numbers>, String> {
            let why = |ShareError(why)| why;
            match *from {
                [words::VALUE, _, bits] => {
                    Ok(Box::new(Value(SharedValue::new(T::from_bits(bits)).map_err(why)?)))
                }
                [_, _, bits, count] => {
                    let numbers = vec![T::from_bits(bits); count as usize];
                    Ok(Box::new(Array(SharedArray::new(&numbers).map_err(why)?)))
                }
                _ => Err("made from three or four numbers".into()),
            }
        }

        fn main() {
            driver::run(|from| match from.get(1) {
                Some(&words::I64) => of::<i64>(from),
                Some(&words::U32) => of::<u32>(from),
                Some(&words::F64) => of::<f64>(from),
                _ => of::<u64>(from),
            })
        }
    };
}

impl Part for Driver {
    type Tool = Box<dyn Numbers>;

    fn make(&self, from: &[u64]) -> Result<Self::Tool, String> {
        (self.0)(from)
    }

    fn act(&self, numbers: &Self::Tool, actor: &Actor<'_>) {
        let called = || _ = actor.cell(words::CALLED).fetch_add(1, Ordering::Relaxed);
        // Adds one to the first half, does this, and then the same for the rest.
        let add = |between: &dyn Fn()| {
            numbers.update(&mut |all| {
                called();
                let (first, second) = all.split_at_mut(all.len().div_ceil(2));
                first.iter_mut().for_each(|number| *number += 1);
                between();
                second.iter_mut().for_each(|number| *number += 1);
            });
        };
        let panics = |work: &dyn Fn()| catch_unwind(AssertUnwindSafe(work)).err();
        actor.each(|[code, with, other]: Op| {
            let index = with as usize;
            match code {
                words::GET => return [numbers.get(index), 0],
                words::SET => numbers.set(index, other),
                words::ADD => numbers.update(&mut |all| {
                    called();
                    all[index] += other;
                }),
                words::ADD_HELD => add(&|| _ = gate::wait(with)),
                words::ADD_OFTEN => {
                    for _ in 0..with {
                        numbers.update(&mut |all| {
                            called();
                            yield_now();
                            all[other as usize] += 1;
                        });
                    }
                }
                words::ADD_PANIC => {
                    let came = panics(&|| add(&|| panic_any(ON_PURPOSE)));
                    let is_ours = came.is_some_and(|came| came.downcast_ref() == Some(&ON_PURPOSE));
                    return [is_ours.into(), 0];
                }
                words::ADD_LEAVE => add(&|| crate::actors::leave(5)),
                words::ADD_ALL => {
                    for _ in 0..with {
                        numbers.update(&mut |all| {
                            called();
                            all.iter_mut().for_each(|number| *number += 1);
                            // What comes next is the answer's: its numbers are replaced.
                            actor.cell(words::ROUNDS).fetch_add(1, Ordering::Relaxed);
                        });
                    }
                }
                words::SAME => {
                    let (mut first, mut torn) = (0, 0);
                    let enough = || actor.cell(words::ENOUGH).load(Ordering::Relaxed) > 0;
                    for _ in (0..with).take_while(|&look| look == 0 || !enough()) {
                        let all = numbers.all();
                        first = all.first().copied().unwrap_or(u64::MAX);
                        let rest = all.get(other as usize..).unwrap_or_default();
                        torn += u64::from(rest.iter().any(|number| Some(number) != rest.first()));
                    }
                    return [first, torn];
                }
                words::SET_ENDS => {
                    let (looks, last) =
                        (|| actor.cell(words::ROUNDS).load(Ordering::Relaxed), numbers.count() - 1);
                    let is_enough = || actor.cell(words::ENOUGH).load(Ordering::Relaxed) > 0;
                    for number in (1..).take_while(|_| !is_enough()) {
                        let seen = looks();
                        numbers.set(0, number);
                        numbers.set(last, number);
                        // One pair a look: who looks again after a change shall come to an end.
                        while looks() == seen && !is_enough() {
                            yield_now();
                        }
                    }
                }
                words::LOOK_AT_ENDS => {
                    let mut torn = 0;
                    for _ in 0..with {
                        actor.cell(words::ROUNDS).fetch_add(1, Ordering::Relaxed);
                        let all = numbers.all();
                        torn += u64::from(all.first() < all.last());
                    }
                    return [0, torn];
                }
                words::LEN => return [numbers.count() as u64, 0],
                words::WATCH => {
                    let before = actor.cell(words::ROUNDS).load(Ordering::Relaxed);
                    actor.watch(words::ROUNDS, before + with, other);
                }
                words::GET_OUTSIDE => return [panics(&|| _ = numbers.get(index)).is_some().into(), 0],
                words::SET_OUTSIDE => return [panics(&|| numbers.set(index, other)).is_some().into(), 0],
                _ => panic!("no such call"),
            }
            [0, 0]
        });
    }
}
