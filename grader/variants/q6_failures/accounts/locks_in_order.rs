//! Variant: a lock for each account, taken in the order of the numbers; `fee` is asked while both are held.
//!
//! Poison is healed: nothing had been changed when `fee` panicked.

use crate::api::TransferError;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Bank {
    accounts: Vec<Mutex<u64>>,
    /// Locked after the accounts.
    fees: Mutex<u64>,
}

fn lock(money: &Mutex<u64>) -> MutexGuard<'_, u64> {
    money.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bank {
    pub fn new(balances: &[u64]) -> Self {
        Self { accounts: balances.iter().copied().map(Mutex::new).collect(), fees: Mutex::new(0) }
    }

    pub fn transfer(
        &self,
        from: usize,
        to: usize,
        amount: u64,
        fee: &dyn Fn(u64) -> u64,
    ) -> Result<(), TransferError> {
        let account = |number: usize| self.accounts.get(number).ok_or(TransferError::NoSuchAccount);
        account(from).and(account(to))?;
        if from == to {
            return Err(TransferError::SameAccount);
        }
        let (mut payer, mut receiver);
        if from < to {
            payer = lock(&self.accounts[from]);
            receiver = lock(&self.accounts[to]);
        } else {
            receiver = lock(&self.accounts[to]);
            payer = lock(&self.accounts[from]);
        }
        let fee = fee(amount);
        let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
        let left = payer.checked_sub(needed).ok_or(TransferError::TooLittle { balance: *payer, needed })?;
        let received = receiver.checked_add(amount).ok_or(TransferError::Overflow)?;
        let mut fees = lock(&self.fees);
        let taken = fees.checked_add(fee).ok_or(TransferError::Overflow)?;
        *payer = left;
        *receiver = received;
        *fees = taken;
        Ok(())
    }

    pub fn balance(&self, account: usize) -> Option<u64> {
        self.accounts.get(account).map(|money| *lock(money))
    }

    pub fn total(&self) -> u128 {
        let balances: Vec<_> = self.accounts.iter().map(lock).collect();
        let fees = lock(&self.fees);
        balances.iter().chain([&fees]).map(|money| u128::from(**money)).sum()
    }

    pub fn fees(&self) -> u64 {
        *lock(&self.fees)
    }
}
