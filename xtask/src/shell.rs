//! The only place that prints: reports to standard output, everything else to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where printing happens")]

use grader::report::Style;
use grader::{GraderError, Result};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The longest line that is read from a person.
const MAX_LINE_BYTES: u64 = 4096;

/// Prints a report. A reader that has gone away is no error.
pub(crate) fn report(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Asks for a line. Nothing at the end of the input.
pub(crate) fn ask(prompt: &str) -> Result<Option<String>> {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(prompt.as_bytes()).and_then(|()| out.flush());
    let mut line = Vec::new();
    match std::io::stdin().lock().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(String::from_utf8_lossy(&line).into_owned())),
        Err(error) => Err(GraderError::machine(format!("failed to read standard input: {error}"))),
    }
}

/// Whether a person can be asked again.
pub(crate) fn is_asked_at_a_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Says something to a person.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Says what went wrong; in JSON too, where a program reads.
pub(crate) fn error(error: &GraderError, json: bool) {
    say(&format!("error: {error}"));
    if json {
        let kind = format!("{:?}", error.kind).to_lowercase();
        report(&json!({ "schema": 1, "error": { "kind": kind, "message": error.to_string() } }).to_string());
    }
}

/// Prints help, or what is wrong with the command line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { grader::exit::Exit::Usage.code() } else { 0 })
}

/// Colours, unless somebody or something does not want them.
pub(crate) fn style() -> Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && std::io::stdout().is_terminal() { Style::Colour } else { Style::Plain }
}

/// Progress for work that takes longer than a second: silent before that, then a line that is
/// overwritten on a terminal, or a line every few seconds elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    last: Mutex<Option<Instant>>,
    terminal: bool,
}

impl Progress {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), last: Mutex::new(None), terminal: std::io::stderr().is_terminal() }
    }

    /// Says what is going on.
    pub(crate) fn tell(&self, what: &str) {
        let pause = if self.terminal { Duration::from_millis(100) } else { Duration::from_secs(5) };
        let Ok(mut last) = self.last.lock() else { return };
        let due = last.is_none_or(|last| last.elapsed() >= pause);
        if self.started.elapsed() < Duration::from_secs(1) || !due {
            return;
        }
        *last = Some(Instant::now());
        if self.terminal {
            eprint!("\r\u{1b}[2K{what}");
        } else {
            eprintln!("{what}");
        }
    }

    /// Removes what is still on the terminal.
    pub(crate) fn end(&self) {
        if self.terminal && self.last.lock().is_ok_and(|last| last.is_some()) {
            eprint!("\r\u{1b}[2K");
        }
    }
}
