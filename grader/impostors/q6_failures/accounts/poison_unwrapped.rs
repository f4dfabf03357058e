//! Impostor: two locks in good order, but whoever finds one poisoned panics.
//! Loses: q6.accounts_panic Panic
//! Tempting: `lock().unwrap()` is what everybody writes.

use crate::api::TransferError;
use std::sync::Mutex;

pub struct Bank {
    accounts: Vec<Mutex<u64>>,
    fees: Mutex<u64>,
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
        if from.max(to) >= self.accounts.len() {
            return Err(TransferError::NoSuchAccount);
        }
        if from == to {
            return Err(TransferError::SameAccount);
        }
        let mut low = self.accounts[from.min(to)].lock().unwrap();
        let mut high = self.accounts[from.max(to)].lock().unwrap();
        let (payer, receiver) = if from < to { (&mut *low, &mut *high) } else { (&mut *high, &mut *low) };
        let fee = fee(amount);
        let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
        let left = payer.checked_sub(needed).ok_or(TransferError::TooLittle { balance: *payer, needed })?;
        let received = receiver.checked_add(amount).ok_or(TransferError::Overflow)?;
        let mut fees = self.fees.lock().unwrap();
        *fees = fees.checked_add(fee).ok_or(TransferError::Overflow)?;
        *payer = left;
        *receiver = received;
        Ok(())
    }

    pub fn balance(&self, account: usize) -> Option<u64> {
        self.accounts.get(account).map(|money| *money.lock().unwrap())
    }

    pub fn total(&self) -> u128 {
        let balances: Vec<_> = self.accounts.iter().map(|money| money.lock().unwrap()).collect();
        let fees = self.fees.lock().unwrap();
        balances.iter().chain([&fees]).map(|money| u128::from(**money)).sum()
    }

    pub fn fees(&self) -> u64 {
        *self.fees.lock().unwrap()
    }
}
