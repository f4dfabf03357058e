//! CPython's `multiprocessing.Pool`, in one process that measures on request, so that the start of the
//! interpreter is not counted. It does not know what the requests mean.

use crate::figures::Figures;
use crate::{Result, TASKS, Trouble};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running interpreter. Dropping it closes its input, at which it ends.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Peer {
    /// `None` where there is no interpreter.
    pub(crate) fn start() -> Option<Self> {
        let mut process = Command::new("python3")
            .args(["-c", include_str!("peer.py")])
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

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn question_8(&mut self, figures: &mut Figures, workers: usize) -> Result<()> {
        let times = self.ask("q8", workers)?;
        for (measure, us) in ["q8_total_us", "q8_map_us"].into_iter().zip(times) {
            figures.note(measure, "python", workers, us);
        }
        Ok(())
    }

    pub(crate) fn tiny(&mut self, figures: &mut Figures, workers: usize) -> Result<()> {
        for (measure, what) in [("tiny_each_us", "each"), ("tiny_chunked_us", "chunked")] {
            for us in self.ask(what, workers)? {
                figures.note(measure, "python", workers, us);
            }
        }
        Ok(())
    }

    fn ask(&mut self, what: &str, workers: usize) -> Result<Vec<f64>> {
        let requests = self.requests.as_mut().ok_or("the peer has been dismissed")?;
        writeln!(requests, "{what} {workers} {TASKS}")?;
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
