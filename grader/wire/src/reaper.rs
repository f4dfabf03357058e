//! What the judge and the reaper say to each other.
//!
//! The reaper (`sandbox-init`) stands between the judge and a respondent: it is the parent of the
//! respondent and adopts everything that the respondent leaves behind. Respondents come one after the
//! other, each once the last one is gone with all that was below it. The reaper's socket is its standard
//! input, which never reaches a stranger's code; when the judge closes it, the reaper ends everything,
//! and itself.

use crate::codec::{Malformed, Reader, Writer};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The first argument of a `sandbox-init` that stays as the reaper.
pub const REAP: &str = "--reap";

/// From the judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A respondent shall be started. Three descriptors come along: the socket that it finds at
    /// [`DRIVER_FD`](crate::DRIVER_FD), its standard output and its standard error.
    LetIn {
        /// With these arguments `sandbox-init` closes the box around a program, and becomes it.
        args: Vec<OsString>,
    },
    /// Everything shall be ended.
    Clear,
}

impl Wish {
    /// The longest wish, in bytes: some paths, none longer than the kernel takes.
    pub const MAX_BYTES: usize = 128 * 1024;

    /// Writes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Wish::LetIn { args } => {
                to.number(0);
                to.list(args, |to, arg| to.bytes(arg.as_bytes()));
            }
            Wish::Clear => to.number(1),
        }
        to.finish()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the bytes are not exactly one wish.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(bytes);
        let wish = match from.number()? {
            0 => Wish::LetIn {
                args: from.list(|from| from.bytes().map(|bytes| OsStr::from_bytes(bytes).to_owned()))?,
            },
            1 => Wish::Clear,
            _ => return Err(Malformed),
        };
        from.finish()?;
        Ok(wish)
    }
}

/// From the reaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The respondent runs.
    Started {
        /// Its number, in the process namespace of the reaper.
        pid: u64,
    },
    /// The respondent could not be started: a fault of ours or of the machine.
    NotStarted {
        /// Why.
        why: String,
    },
    /// The respondent has ended and was waited for.
    Ended {
        /// The raw wait status, as `wait(2)` gives it.
        status: u64,
        /// How many other processes the reaper had to wait for, up to that moment.
        strays: u64,
        /// How many others still run.
        left: u64,
    },
    /// Everything has ended, as [`Wish::Clear`] asks.
    Gone {
        /// How many processes the reaper has waited for since the respondent was started, itself left out.
        strays: u64,
    },
    /// The reaper stands, and a respondent can be let in.
    Ready,
}

impl Notice {
    /// The longest notice, in bytes.
    pub const MAX_BYTES: usize = 4096;

    /// Writes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Notice::Started { pid } => {
                to.number(0);
                to.number(*pid);
            }
            Notice::NotStarted { why } => {
                to.number(1);
                to.text(&why.chars().take(500).collect::<String>());
            }
            Notice::Ended { status, strays, left } => {
                to.number(2);
                to.number(*status);
                to.number(*strays);
                to.number(*left);
            }
            Notice::Gone { strays } => {
                to.number(3);
                to.number(*strays);
            }
            Notice::Ready => to.number(4),
        }
        to.finish()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the bytes are not exactly one notice.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(bytes);
        let notice = match from.number()? {
            0 => Notice::Started { pid: from.number()? },
            1 => Notice::NotStarted { why: from.text()? },
            2 => Notice::Ended { status: from.number()?, strays: from.number()?, left: from.number()? },
            3 => Notice::Gone { strays: from.number()? },
            4 => Notice::Ready,
            _ => return Err(Malformed),
        };
        from.finish()?;
        Ok(notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_comes_back_as_it_went() {
        for notice in [
            Notice::Started { pid: 7 },
            Notice::NotStarted { why: "no such file".into() },
            Notice::Ended { status: 0x9f00, strays: 1, left: 2 },
            Notice::Gone { strays: 3 },
            Notice::Ready,
        ] {
            assert_eq!(Notice::from_bytes(&notice.to_bytes()), Ok(notice));
        }
        assert_eq!(Notice::from_bytes(b"clear"), Err(Malformed));
    }

    #[test]
    fn every_wish_comes_back_as_it_went() {
        let odd = OsStr::from_bytes(b"/tmp/\xff").to_owned();
        for wish in [Wish::LetIn { args: vec!["--".into(), odd] }, Wish::Clear] {
            let bytes = wish.to_bytes();
            assert_eq!(Wish::from_bytes(&bytes), Ok(wish));
            assert_eq!(Wish::from_bytes(&bytes[1..]), Err(Malformed));
        }
    }
}
