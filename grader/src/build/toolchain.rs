//! The Rust compiler of this machine: the toolchain's own `rustc`, never the rustup proxy.
//!
//! Knows where it lies and which version it is; compiles nothing.

use crate::error::{GraderError, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A toolchain.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The folder that holds `bin/rustc` and `lib/rustlib`.
    pub sysroot: PathBuf,
    /// What `rustc -vV` prints.
    pub version: String,
}

impl Toolchain {
    /// Asks the `rustc` on the path.
    ///
    /// # Errors
    ///
    /// A machine error if there is none that works.
    pub fn find() -> Result<Self> {
        let sysroot = PathBuf::from(ask(Path::new("rustc"), &["--print", "sysroot"])?);
        let version = ask(&sysroot.join("bin/rustc"), &["-vV"])?;
        Ok(Self { sysroot, version })
    }
}

fn ask(rustc: &Path, args: &[&str]) -> Result<String> {
    let failed = |why: String| {
        GraderError::machine(format!("`{}` does not work here: {why}; install Rust 1.95", rustc.display()))
    };
    let output = Command::new(rustc).args(args).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
