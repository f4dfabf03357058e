//! The kit: the libraries of ours that answers are compiled and linked against, built once.
//!
//! Knows where cargo put them, by cargo's own messages and never by guessing names, and copies
//! them to a folder that an unprivileged compiler may read. `alias` holds what stands behind the
//! names `std` and `core` in the model world and what that needs; only `drivers` holds the rest,
//! so a compiler that is shown `alias` alone cannot find a driver.

use super::toolchain::Toolchain;
use crate::error::{GraderError, Result};
use crate::experiment::World;
use crate::scratch;
use serde_json::Value;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// The packages to build.
const PACKAGES: [&str; 4] = ["drivers", "drivers-model", "interleave-std", "interleave-core"];

/// Libraries that an answer's compiler must not be able to name.
const HIDDEN: [&str; 3] = ["drivers", "drivers_model", "wire"];

/// What a change of which makes the kit stale, below the course's root.
const SOURCES: [&str; 6] =
    ["Cargo.lock", "Cargo.toml", "grader/drivers", "grader/interleave", "grader/questions", "grader/wire"];

/// Prebuilt libraries.
#[derive(Debug, Clone)]
pub struct Kit {
    /// The folder with the model std and what it needs.
    pub alias: PathBuf,
    /// The folder with the drivers and what they need.
    pub drivers: PathBuf,
}

impl Kit {
    /// Finds the kit for the course at `root`, building it first if its sources have changed.
    /// Calls `building` before it builds.
    ///
    /// # Errors
    ///
    /// A course error if our own code does not compile; a machine error if files cannot be
    /// written.
    pub fn find(root: &Path, toolchain: &Toolchain, building: impl FnOnce()) -> Result<Self> {
        let kits = scratch::base()?.join("kits");
        scratch::make(&kits)?;
        let folder = kits.join(format!("{:016x}", key(root, toolchain)?));
        let kit = Kit { alias: folder.join("alias"), drivers: folder.join("drivers") };
        let complete = folder.join("complete");
        if complete.exists() {
            let _ = fs::write(&complete, ""); // its date says that it is in use
            return Ok(kit);
        }
        building();
        let libraries = build(root)?;
        for part in [&kit.alias, &kit.drivers] {
            scratch::make_listed(part)?;
        }
        for (name, path) in &libraries {
            let part = if HIDDEN.contains(&name.as_str()) { &kit.drivers } else { &kit.alias };
            let file = path.file_name().unwrap_or_default();
            // Two builders of one kit write the same bytes; a rename makes each copy whole.
            // The packages that are built by name come without a hash in their file's name.
            let (partial, whole) = (part.join(format!("{}.partial", std::process::id())), part.join(file));
            fs::copy(path, &partial)
                .and_then(|_| fs::rename(&partial, &whole))
                .map_err(|error| GraderError::file("copy", path, error))?;
        }
        fs::write(&complete, "").map_err(|error| GraderError::file("write", &complete, error))?;
        forget_old(&kits);
        Ok(kit)
    }

    /// The drivers' library for a world.
    pub fn driver(&self, world: World) -> PathBuf {
        self.drivers.join(match world {
            World::Real => "libdrivers.rlib",
            World::Model => "libdrivers_model.rlib",
        })
    }

    /// The library behind an alias: `std` or `core`.
    pub fn alias(&self, name: &str) -> PathBuf {
        self.alias.join(format!("libinterleave_{name}.rlib"))
    }
}

/// A number that changes whenever the kit would.
fn key(root: &Path, toolchain: &Toolchain) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    (root, &toolchain.version).hash(&mut hasher);
    for source in SOURCES {
        stamp(&root.join(source), &mut hasher)?;
    }
    Ok(hasher.finish())
}

fn stamp(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let failed = |error| GraderError::file("read", path, error);
    let about = fs::metadata(path).map_err(failed)?;
    if about.is_dir() {
        let mut names: Vec<PathBuf> = Vec::new();
        for item in fs::read_dir(path).map_err(failed)? {
            names.push(item.map_err(failed)?.path());
        }
        names.sort();
        return names.iter().try_for_each(|name| stamp(name, hasher));
    }
    let changed = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    (path, about.len(), changed).hash(hasher);
    Ok(())
}

/// Builds the packages; name and path of every library that cargo reports.
fn build(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--message-format=json-render-diagnostics"]).current_dir(root);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| GraderError::machine(format!("cargo does not start: {error}")))?;
    if !output.status.success() {
        return Err(GraderError::course("the drivers do not compile; the course is broken"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut libraries = Vec::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let name = message["target"]["name"].as_str().unwrap_or_default().replace('-', "_");
        for file in message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if file.ends_with(".rlib") {
                libraries.push((name.clone(), PathBuf::from(file)));
            }
        }
    }
    Ok(libraries)
}

/// Removes kits that nobody has built or found for a day: one that is in use is younger.
fn forget_old(kits: &Path) {
    const KEPT: Duration = Duration::from_secs(24 * 3600);
    for item in fs::read_dir(kits).into_iter().flatten().flatten() {
        let used = fs::metadata(item.path().join("complete")).and_then(|about| about.modified());
        let age = used.ok().and_then(|used| used.elapsed().ok());
        if age.is_some_and(|age| age > KEPT) {
            let _ = fs::remove_dir_all(item.path());
        }
    }
}
