//! Variant: a readers-writer lock whose writer works on a copy and puts it in place as a whole.

use crate::api::TransferError;
use std::sync::{PoisonError, RwLock};

pub struct Bank(RwLock<(Vec<u64>, u64)>);

impl Bank {
    pub fn new(balances: &[u64]) -> Self {
        Self(RwLock::new((balances.to_vec(), 0)))
    }

    fn look<A>(&self, look: impl FnOnce(&[u64], u64) -> A) -> A {
        let money = self.0.read().unwrap_or_else(PoisonError::into_inner);
        look(&money.0, money.1)
    }

    pub fn transfer(
        &self,
        from: usize,
        to: usize,
        amount: u64,
        fee: &dyn Fn(u64) -> u64,
    ) -> Result<(), TransferError> {
        let accounts = self.look(|balances, _| balances.len());
        if from.max(to) >= accounts {
            return Err(TransferError::NoSuchAccount);
        }
        if from == to {
            return Err(TransferError::SameAccount);
        }
        let fee = fee(amount);
        let mut money = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (mut balances, taken) = money.clone();
        let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
        let short = TransferError::TooLittle { balance: balances[from], needed };
        balances[from] = balances[from].checked_sub(needed).ok_or(short)?;
        balances[to] = balances[to].checked_add(amount).ok_or(TransferError::Overflow)?;
        *money = (balances, taken.checked_add(fee).ok_or(TransferError::Overflow)?);
        Ok(())
    }

    pub fn balance(&self, account: usize) -> Option<u64> {
        self.look(|balances, _| balances.get(account).copied())
    }

    pub fn total(&self) -> u128 {
        self.look(|balances, fees| balances.iter().chain([&fees]).map(|&money| money as u128).sum())
    }

    pub fn fees(&self) -> u64 {
        self.look(|_, fees| fees)
    }
}
