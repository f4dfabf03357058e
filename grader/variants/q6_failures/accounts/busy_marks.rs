//! Variant: accounts are marked as busy under one lock, and a condition variable tells of marks that have gone. `fee` is asked
//! while both accounts are marked; a guard takes the marks away, also after a panic.

use crate::api::TransferError;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub struct Bank {
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    balances: Vec<u64>,
    busy: Vec<bool>,
    fees: u64,
}

struct Marks<'a> {
    bank: &'a Bank,
    accounts: [usize; 2],
}

impl Drop for Marks<'_> {
    fn drop(&mut self) {
        let mut state = self.bank.lock();
        self.accounts.iter().for_each(|&account| state.busy[account] = false);
        self.bank.freed.notify_all();
    }
}

impl Bank {
    pub fn new(balances: &[u64]) -> Self {
        let state = State { balances: balances.to_vec(), busy: vec![false; balances.len()], fees: 0 };
        Self { state: Mutex::new(state), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks both in one step: whoever has marked one account never waits for another.
    fn mark(&self, accounts: [usize; 2]) -> Result<Marks<'_>, TransferError> {
        let state = self.lock();
        if accounts.iter().any(|&account| account >= state.balances.len()) {
            return Err(TransferError::NoSuchAccount);
        }
        let is_busy = |state: &mut State| accounts.iter().any(|&account| state.busy[account]);
        let mut state = self.freed.wait_while(state, is_busy).unwrap_or_else(PoisonError::into_inner);
        accounts.iter().for_each(|&account| state.busy[account] = true);
        Ok(Marks { bank: self, accounts })
    }

    pub fn transfer(
        &self,
        from: usize,
        to: usize,
        amount: u64,
        fee: &dyn Fn(u64) -> u64,
    ) -> Result<(), TransferError> {
        let _marks = self.mark([from, to])?;
        if from == to {
            return Err(TransferError::SameAccount);
        }
        let (balance, room) = {
            let state = self.lock();
            (state.balances[from], u64::MAX - state.balances[to])
        };
        if amount > balance {
            // The fee matters only for the number in the error.
            let needed = amount.checked_add(fee(amount)).ok_or(TransferError::Overflow)?;
            return Err(TransferError::TooLittle { balance, needed });
        }
        let fee = fee(amount);
        let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
        if needed > balance {
            return Err(TransferError::TooLittle { balance, needed });
        }
        let mut state = self.lock();
        let fees = state.fees.checked_add(fee).filter(|_| amount <= room).ok_or(TransferError::Overflow)?;
        state.balances[from] -= needed;
        state.balances[to] += amount;
        state.fees = fees;
        Ok(())
    }

    pub fn balance(&self, account: usize) -> Option<u64> {
        self.lock().balances.get(account).copied()
    }

    pub fn total(&self) -> u128 {
        let state = self.lock();
        let balances: u128 = state.balances.iter().copied().map(u128::from).sum();
        balances + u128::from(state.fees)
    }

    pub fn fees(&self) -> u64 {
        self.lock().fees
    }
}
