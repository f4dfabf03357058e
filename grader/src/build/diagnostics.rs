//! The compiler's messages, cut down to what a learner needs: the first error, where it is, and
//! what to do about it.
//!
//! Reads the JSON that `rustc --error-format=json` prints; runs nothing.

use crate::sandbox::Limits;
use serde_json::Value;

/// The first error of a compilation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// The message, without its place.
    pub message: String,
    /// The error's code or the lint's name, if it has one.
    pub code: String,
    /// Place, source line, and the compiler's advice: three lines at most.
    pub lines: Vec<String>,
    /// Whether the compiler blames no line of any file: the trouble is with files, the linker or
    /// the machine, hardly with the answer.
    pub blames_nobody: bool,
    /// The signal with which the compiler ended by a fault of its own.
    pub crash: Option<i32>,
}

impl Diagnosis {
    /// What to say when the compiler was ended by a signal; `output` is what it had said by then.
    pub(super) fn stopped_by(&mut self, signal: i32, limits: &Limits, output: &str) {
        let out_of_memory = ["memory allocation of", "out of memory", "LLVM ERROR"];
        let (message, blames_nobody) = match signal {
            nix::libc::SIGXCPU => {
                (format!("it takes more than {} s of processor time to compile", limits.cpu_s), false)
            }
            nix::libc::SIGXFSZ => {
                (format!("it compiles to more than {} MiB", limits.file_bytes >> 20), false)
            }
            nix::libc::SIGABRT if out_of_memory.iter().any(|words| output.contains(words)) => {
                (format!("it takes more than {} MiB of memory to compile", limits.data_bytes >> 20), false)
            }
            nix::libc::SIGABRT | nix::libc::SIGSEGV | nix::libc::SIGILL | nix::libc::SIGBUS => {
                self.crash = Some(signal);
                (format!("the compiler crashes on it (signal {signal})"), true)
            }
            // Somebody else ended it: whoever guards the machine's memory, for example.
            _ => (format!("the compiler was ended by signal {signal}"), true),
        };
        self.message = message;
        self.lines.clear();
        self.blames_nobody = blames_nobody;
    }
}

/// Picks the first error out of the compiler's output.
pub(crate) fn first_error(output: &str) -> Diagnosis {
    let messages = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut errors = messages.filter(|message| {
        let level = message["level"].as_str().unwrap_or_default();
        level.starts_with("error") && !message["spans"].as_array().is_none_or(Vec::is_empty)
    });
    match errors.next() {
        Some(error) => diagnose(&error),
        None => Diagnosis { message: without_place(output), blames_nobody: true, ..Diagnosis::default() },
    }
}

fn diagnose(error: &Value) -> Diagnosis {
    let spans = error["spans"].as_array().map_or(&[][..], Vec::as_slice);
    let span = spans.iter().find(|span| span["is_primary"] == true).or(spans.first());
    let mut lines = Vec::new();
    if let Some(span) = span {
        let file = span["file_name"].as_str().unwrap_or_default();
        let text = span["text"][0]["text"].as_str().unwrap_or_default().trim();
        lines.push(format!("{file}:{}: {text}", span["line_start"]));
        if let Some(label) = span["label"].as_str() {
            lines.push(label.to_owned());
        }
    }
    let helps = error["children"].as_array().into_iter().flatten();
    let mut helps = helps.filter(|child| child["level"] == "help" || child["level"] == "note");
    if let Some(help) = helps.find_map(|child| child["message"].as_str()) {
        lines.push(format!("the compiler says: {}", help.lines().next().unwrap_or_default()));
    }
    lines.truncate(3);
    Diagnosis {
        message: error["message"].as_str().unwrap_or_default().to_owned(),
        code: error["code"]["code"].as_str().unwrap_or_default().to_owned(),
        lines,
        ..Diagnosis::default()
    }
}

/// The first error without a place; the last line if the compiler did not speak JSON.
fn without_place(output: &str) -> String {
    let messages = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut errors =
        messages.filter(|message| message["level"].as_str().unwrap_or_default().starts_with("error"));
    if let Some(message) = errors.find_map(|error| error["message"].as_str().map(str::to_owned)) {
        return message;
    }
    let line = output.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or("the compiler gave no reason".into(), |line| line.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_remain_of_a_long_story() {
        let output = r#"{"message":"unused","level":"warning","spans":[]}
{"message":"mismatched types","code":{"code":"E0308"},"level":"error","spans":[{"file_name":"src/lib.rs","line_start":7,"is_primary":true,"label":"expected `u64`","text":[{"text":"    let a: u64 = true;"}]}],"children":[{"level":"help","message":"try this"}]}
{"message":"aborting due to 1 previous error","level":"error","spans":[],"children":[]}"#;
        assert_eq!(
            first_error(output),
            Diagnosis {
                message: "mismatched types".into(),
                code: "E0308".into(),
                lines: vec![
                    "src/lib.rs:7: let a: u64 = true;".into(),
                    "expected `u64`".into(),
                    "the compiler says: try this".into()
                ],
                ..Diagnosis::default()
            }
        );
    }

    #[test]
    fn a_compiler_that_crashes_is_quoted() {
        assert_eq!(first_error("memory allocation failed\n\n").message, "memory allocation failed");
    }
}
