//! Impostor: balances under a lock, the fees in an atomic number beside it.
//! Loses: q6.accounts_one_step Race, q6.accounts_panic Race
//! Tempting: a counter is what atomics are made for.

use crate::api::TransferError;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Bank {
    balances: Mutex<Vec<u64>>,
    fees: AtomicU64,
}

impl Bank {
    pub fn new(balances: &[u64]) -> Self {
        Self { balances: Mutex::new(balances.to_vec()), fees: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.balances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn transfer(
        &self,
        from: usize,
        to: usize,
        amount: u64,
        fee: &dyn Fn(u64) -> u64,
    ) -> Result<(), TransferError> {
        let fee = fee(amount);
        let mut balances = self.lock();
        if from.max(to) >= balances.len() {
            return Err(TransferError::NoSuchAccount);
        }
        if from == to {
            return Err(TransferError::SameAccount);
        }
        let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
        let balance = balances[from];
        let left = balance.checked_sub(needed).ok_or(TransferError::TooLittle { balance, needed })?;
        let received = balances[to].checked_add(amount).ok_or(TransferError::Overflow)?;
        let taken = self.fees.load(SeqCst).checked_add(fee).ok_or(TransferError::Overflow)?;
        balances[from] = left;
        balances[to] = received;
        self.fees.store(taken, SeqCst);
        Ok(())
    }

    pub fn balance(&self, account: usize) -> Option<u64> {
        self.lock().get(account).copied()
    }

    pub fn total(&self) -> u128 {
        let held: u128 = self.lock().iter().map(|&money| u128::from(money)).sum();
        held + u128::from(self.fees.load(SeqCst))
    }

    pub fn fees(&self) -> u64 {
        self.fees.load(SeqCst)
    }
}
