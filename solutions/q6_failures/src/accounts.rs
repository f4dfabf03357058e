//! A bank whose rule for fees may panic: all money under one lock, and no foreign code under it.

use crate::api::TransferError;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Accounts, numbered from 0, and the fees that the bank has taken. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Bank {
    ledger: Mutex<Ledger>,
}

/// What changes together.
#[derive(Debug)]
struct Ledger {
    balances: Vec<u64>,
    fees: u64,
}

impl Bank {
    /// Opens an account for each of these balances; the bank has taken no fees yet.
    pub fn new(balances: &[u64]) -> Self {
        Self { ledger: Mutex::new(Ledger { balances: balances.to_vec(), fees: 0 }) }
    }

    /// Takes `amount` and a fee from account `from`, puts `amount` into account `to`, and keeps the fee.
    ///
    /// # Errors
    ///
    /// A refused transfer changes nothing.
    ///
    /// # Panics
    ///
    /// If `fee` panics.
    pub fn transfer(
        &self,
        from: usize,
        to: usize,
        amount: u64,
        fee: &dyn Fn(u64) -> u64,
    ) -> Result<(), TransferError> {
        // Before anything is locked or changed: a panic finds nothing half done, a slow `fee` holds up nobody, and a fee
        // that is asked under the lock of one account cannot wait for the lock of another.
        let fee = fee(amount);
        self.lock().transfer(from, to, amount, fee)
    }

    /// Says what is in an account; `None` if it does not exist.
    pub fn balance(&self, account: usize) -> Option<u64> {
        self.lock().balances.get(account).copied()
    }

    /// Adds up all balances and all fees taken.
    pub fn total(&self) -> u128 {
        // One guard for the whole sum: between two locks a transfer could slip from what is added to what is not.
        let ledger = self.lock();
        ledger.balances.iter().chain([&ledger.fees]).map(|&money| u128::from(money)).sum()
    }

    /// Says what the bank has taken in fees.
    pub fn fees(&self) -> u64 {
        self.lock().fees
    }

    /// Nothing panics between two changes of the ledger: poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Computes everything first and changes afterwards: whatever refuses has touched nothing.
    fn transfer(&mut self, from: usize, to: usize, amount: u64, fee: u64) -> Result<(), TransferError> {
        let held = |account: usize| self.balances.get(account).copied().ok_or(TransferError::NoSuchAccount);
        let (payer, receiver) = (held(from)?, held(to)?);
        if from == to {
            return Err(TransferError::SameAccount);
        }
        let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
        let left = payer.checked_sub(needed).ok_or(TransferError::TooLittle { balance: payer, needed })?;
        let received = receiver.checked_add(amount).ok_or(TransferError::Overflow)?;
        let fees = self.fees.checked_add(fee).ok_or(TransferError::Overflow)?;
        self.balances[from] = left;
        self.balances[to] = received;
        self.fees = fees;
        Ok(())
    }
}
