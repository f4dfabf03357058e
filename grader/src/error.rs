//! Errors of the grader itself. Never a student's fault, and never worth a point.

use std::fmt;
use std::path::Path;

/// Why the grader could not do its work.
#[derive(Debug)]
pub struct GraderError {
    /// Who has to act.
    pub kind: ErrorKind,
    message: String,
}

/// Who has to act, and the exit code that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller: wrong arguments, a folder that is not there.
    Usage,
    /// The machine: no toolchain, no space, no rights.
    Machine,
    /// The course: its own files are broken.
    Course,
    /// We: a bug in the grader.
    Bug,
}

/// The grader's own result.
pub type Result<T> = std::result::Result<T, GraderError>;

impl GraderError {
    /// The caller has to act.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Usage, message: message.into() }
    }

    /// The machine is not fit.
    pub fn machine(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Machine, message: message.into() }
    }

    /// The course's own files are broken.
    pub fn course(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Course, message: message.into() }
    }

    /// The grader is broken.
    pub fn bug(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Bug, message: message.into() }
    }

    /// Something that we wanted to do with a file failed: "failed to `doing` `path`: cause".
    pub fn file(doing: &str, path: &Path, cause: impl fmt::Display) -> Self {
        Self::machine(format!("failed to {doing} `{}`: {cause}", path.display()))
    }
}

impl fmt::Display for GraderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GraderError {}
