//! The rendezvous: how a task tells the judge that it has begun.
//!
//! A check-in is one datagram on the rendezvous socket; with it comes the writing end of a fresh
//! pipe, the gate. Who sent it is what the kernel says of the sender, never what the message says.
//! The gate opens when the judge writes eight bytes to it: a random number that the task adds to
//! its answer, so that a task which does not wait gives a wrong answer.

use crate::codec::{Malformed, Reader, Writer};

/// A task has begun and waits at its gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// Which task, in the numbers of the challenge.
    pub task: u64,
    /// The thread that runs it, as far as the sender knows; a hint, to be looked up in the kernel.
    pub thread: u64,
}

impl CheckIn {
    /// The longest check-in, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Writes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.number(self.task);
        to.number(self.thread);
        to.finish()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the bytes are not exactly one check-in.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(bytes);
        let check_in = CheckIn { task: from.number()?, thread: from.number()? };
        from.finish()?;
        Ok(check_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_in_comes_back_as_it_went_and_nothing_else_is_one() {
        let check_in = CheckIn { task: 7, thread: u64::MAX };
        let bytes = check_in.to_bytes();
        assert!(bytes.len() <= CheckIn::MAX_BYTES);
        assert_eq!(CheckIn::from_bytes(&bytes), Ok(check_in));
        assert_eq!(CheckIn::from_bytes(&bytes[1..]), Err(Malformed));
        assert_eq!(CheckIn::from_bytes(&[bytes.as_slice(), &[0]].concat()), Err(Malformed));
    }
}
