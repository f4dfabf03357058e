//! CPython in one process that measures on request, so that the start of the interpreter is not counted. It does not know what
//! the requests mean.

use crate::{Result, Trouble};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running interpreter. Dropping it closes its input, at which it ends.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Peer {
    /// Starts an interpreter with this program, which first writes its version, then a line of figures for each line that it
    /// reads. `None` where there is no interpreter.
    #[must_use]
    pub fn start(program: &str) -> Option<Self> {
        let mut process = Command::new("python3")
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take()?);
        let mut peer = Self { process, requests, answers, version: String::new() };
        peer.version = peer.line().ok()?;
        Some(peer)
    }

    /// The interpreter's own version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Has it measure, and returns its figures. Blocks until they are there.
    ///
    /// # Errors
    ///
    /// If it ends instead, or answers something else than numbers.
    pub fn ask(&mut self, request: &str) -> Result<Vec<f64>> {
        let requests = self.requests.as_mut().ok_or("the peer has been dismissed")?;
        writeln!(requests, "{request}")?;
        self.line()?.split(' ').map(|word| word.parse().map_err(Trouble::from)).collect()
    }

    /// The next line; the end is an error. A peer that hangs is ended by its own alarm.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(Trouble::from("python3 ended early")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.process.wait();
    }
}
