//! What an attack is given, and what it answers.
//!
//! Knows how the grader names the victims on the command line, not what is done to them.

use nix::errno::Errno;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Evidence: of having reached the aim, or of what stood in the way.
pub(crate) type Tried = Result<String, Stopped>;

/// What stood in the way: the name of an error, or a word.
#[derive(Debug)]
pub(crate) struct Stopped(pub(crate) String);

impl From<Errno> for Stopped {
    fn from(error: Errno) -> Self {
        Stopped(format!("{error:?}"))
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) => Errno::from_raw(number).into(),
            None => Stopped(format!("{:?}", error.kind())),
        }
    }
}

/// Calls that are made with arguments which are refused once the caller has been found worthy: then such
/// a refusal shows that nothing else stands in the way.
pub(crate) fn unless(result: Result<i64, Errno>, worthy: &[Errno]) -> Tried {
    match result {
        Ok(_) => Ok("done".into()),
        Err(error) if worthy.contains(&error) => Ok(format!("{error:?}")),
        Err(error) => Err(error.into()),
    }
}

/// The victims: `name=value` on the command line.
#[derive(Debug)]
pub(crate) struct Target {
    words: HashMap<String, String>,
}

impl Target {
    pub(crate) fn from_args(args: impl Iterator<Item = String>) -> Self {
        let words = args.filter_map(|arg| arg.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())));
        Self { words: words.collect() }
    }

    fn word(&self, name: &str) -> &str {
        self.words.get(name).map_or("", String::as_str)
    }

    /// A file or folder among the victims.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        Path::new(self.word("folder")).join(name)
    }

    /// The name of the abstract socket.
    pub(crate) fn folder(&self) -> &str {
        self.word("folder")
    }

    /// A process that stands for the judge.
    pub(crate) fn pid(&self) -> i32 {
        self.word("pid").parse().unwrap_or(i32::MAX)
    }

    /// The judge. Nothing may be done to it that changes anything.
    pub(crate) fn judge(&self) -> i32 {
        self.word("judge").parse().unwrap_or(i32::MAX)
    }

    /// A port on which somebody listens.
    pub(crate) fn port(&self, name: &str) -> u16 {
        self.word(name).parse().unwrap_or_default()
    }

    /// A word that no other attack has.
    pub(crate) fn tag(&self) -> &str {
        self.word("tag")
    }

    /// A name in `/dev/shm` that no other attack has.
    pub(crate) fn shared_memory(&self, kind: &str) -> PathBuf {
        Path::new("/dev/shm").join(format!("racecourse-{kind}-{}", self.word("tag")))
    }
}

/// The folder of the run, where everything may be written.
pub(crate) fn scratch() -> PathBuf {
    std::env::temp_dir()
}
