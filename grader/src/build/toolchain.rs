//! The Rust compiler of this machine: the toolchain's own `rustc`, never the rustup proxy.
//!
//! Knows where it lies and which version it is; compiles nothing.

use crate::error::{GraderError, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// A toolchain.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The folder that holds `bin/rustc` and `lib/rustlib`.
    pub sysroot: PathBuf,
    /// What `rustc -vV` prints.
    pub version: String,
}

impl Toolchain {
    /// Asks the `rustc` that lies beside the cargo which has started us, if one has; otherwise the one on the path, which
    /// may be rustup's and takes longer.
    ///
    /// # Errors
    ///
    /// A machine error if there is none that works.
    pub fn find() -> Result<Self> {
        let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name("rustc"));
        let rustc = beside.filter(|rustc| rustc.is_file()).unwrap_or_else(|| "rustc".into());
        let (sysroot, version) = thread::scope(|scope| {
            let version = scope.spawn(|| ask(&rustc, &["-vV"]));
            (ask(&rustc, &["--print", "sysroot"]), version.join())
        });
        let version = version.unwrap_or_else(|_| Err(GraderError::bug("the asking thread panicked")))?;
        Ok(Self { sysroot: sysroot?.into(), version })
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
