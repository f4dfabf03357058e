//! Variant: no lock at all. A thread owns the money and does what it is sent; it ends when the bank is dropped.

use crate::api::TransferError;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

type Job = Box<dyn FnOnce(&mut Vec<u64>) + Send>;

/// The fees are the last of the numbers.
pub struct Bank {
    jobs: Option<Sender<Job>>,
    owner: Option<JoinHandle<()>>,
}

fn own(mut money: Vec<u64>, jobs: Receiver<Job>) {
    jobs.into_iter().for_each(|job| job(&mut money));
}

impl Bank {
    pub fn new(balances: &[u64]) -> Self {
        let (jobs, to_do) = channel();
        let money = [balances, &[0]].concat();
        Self { jobs: Some(jobs), owner: Some(thread::spawn(move || own(money, to_do))) }
    }

    fn ask<A: Send + 'static>(&self, job: impl FnOnce(&mut Vec<u64>) -> A + Send + 'static) -> A {
        let (answer, answered) = channel();
        let job: Job = Box::new(move |money| drop(answer.send(job(money))));
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).expect("the owner lives as long as the bank");
        answered.recv().expect("the owner answers")
    }

    pub fn transfer(
        &self,
        from: usize,
        to: usize,
        amount: u64,
        fee: &dyn Fn(u64) -> u64,
    ) -> Result<(), TransferError> {
        if from == to && self.balance(from).is_some() {
            return Err(TransferError::SameAccount);
        }
        let fee = fee(amount);
        self.ask(move |money| {
            let fees = money.len() - 1;
            if from >= fees || to >= fees {
                return Err(TransferError::NoSuchAccount);
            }
            let needed = amount.checked_add(fee).ok_or(TransferError::Overflow)?;
            let balance = money[from];
            if balance < needed {
                return Err(TransferError::TooLittle { balance, needed });
            }
            if money[to].checked_add(amount).is_none() || money[fees].checked_add(fee).is_none() {
                return Err(TransferError::Overflow);
            }
            money[from] -= needed;
            money[to] += amount;
            money[fees] += fee;
            Ok(())
        })
    }

    pub fn balance(&self, account: usize) -> Option<u64> {
        self.ask(move |money| money[..money.len() - 1].get(account).copied())
    }

    pub fn total(&self) -> u128 {
        self.ask(|money| money.iter().map(|&money| u128::from(money)).sum())
    }

    pub fn fees(&self) -> u64 {
        self.ask(|money| money[money.len() - 1])
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
        }
    }
}
