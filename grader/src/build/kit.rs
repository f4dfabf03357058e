//! The kit: the libraries of ours that answers are compiled and linked against, built once.
//!
//! Knows where cargo put them, by cargo's own messages and never by guessing names, and copies
//! them to a folder that an unprivileged compiler may read. `alias` holds what stands behind the
//! names `std` and `core` in the model world and what that needs; only `drivers` holds the rest,
//! so a compiler that is shown `alias` alone cannot find a driver.

use super::toolchain::Toolchain;
use crate::catalogue::Stock;
use crate::error::{GraderError, Result};
use crate::experiment::World;
use crate::scratch;
use serde_json::Value;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// What kits there are: each holds what the answers of one kind of question need, so that nobody
/// waits for libraries of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Parts {
    name: &'static str,
    /// The packages to build.
    packages: &'static [&'static str],
    /// The package with the drivers of questions about processes, if it is one of them.
    process_driver: &'static str,
    /// Libraries that an answer's compiler must not be able to name.
    hidden: &'static [&'static str],
    /// What a change of which makes the kit stale, below the course's root.
    sources: &'static [&'static str],
}

const THREADS: Parts = Parts {
    name: "threads",
    packages: &["drivers", "drivers-model", "interleave-std", "interleave-core", "sandbox-init"],
    process_driver: "",
    hidden: &["drivers", "drivers_model", "wire"],
    sources: &[
        "Cargo.lock",
        "Cargo.toml",
        "grader/drivers/Cargo.toml",
        "grader/drivers/src",
        "grader/drivers/model",
        "grader/interleave",
        "grader/questions",
        "grader/procs",
        "grader/sandbox-init",
        "grader/wire",
    ],
};

const PROCESSES: Parts = Parts {
    name: "processes",
    packages: &["drivers-processes", "held-pool", "sandbox-init", "toolkit"],
    process_driver: "drivers_processes",
    hidden: &["drivers_processes", "drivers_faults", "wire"],
    sources: &[
        "Cargo.lock",
        "Cargo.toml",
        "exercises/toolkit",
        "grader/drivers/faults",
        "grader/drivers/held_pool",
        "grader/drivers/processes",
        "grader/questions",
        "grader/procs",
        "grader/sandbox-init",
        "grader/wire",
        "solutions/q2_process_pool/src",
    ],
};

/// Does not name the toolkit: that of [`PROCESSES`] has the same file name without a hash, and less in it.
const SHARING: Parts = Parts {
    name: "sharing",
    packages: &["drivers-sharing", "sandbox-init"],
    process_driver: "drivers_sharing",
    hidden: &["drivers_sharing", "drivers_faults", "wire"],
    sources: &[
        "Cargo.lock",
        "Cargo.toml",
        "exercises/toolkit",
        "grader/drivers/faults",
        "grader/drivers/processes",
        "grader/drivers/sharing",
        "grader/questions",
        "grader/procs",
        "grader/sandbox-init",
        "grader/wire",
    ],
};

impl Parts {
    fn of(stock: Stock) -> Parts {
        match stock {
            Stock::Threads => THREADS,
            Stock::Processes => PROCESSES,
            Stock::Sharing => SHARING,
        }
    }
}

/// Prebuilt libraries.
#[derive(Debug, Clone)]
pub struct Kit {
    /// The folder with the model std and what it needs.
    pub alias: PathBuf,
    /// The folder with the drivers and what they need.
    pub drivers: PathBuf,
    /// The program that closes the box around a compiler or a respondent.
    pub init: PathBuf,
    /// The driver of questions about processes.
    pub process_driver: PathBuf,
    /// Which file holds which crate.
    crates: PathBuf,
}

impl Kit {
    /// Finds the kit for the course at `root`, building it first if its sources have changed.
    /// Calls `building` before it builds.
    ///
    /// # Errors
    ///
    /// A course error if our own code does not compile; a machine error if files cannot be
    /// written.
    pub fn find(root: &Path, toolchain: &Toolchain, stock: Stock, building: &dyn Fn()) -> Result<Self> {
        let parts = Parts::of(stock);
        let kits = scratch::base()?.join("kits");
        scratch::make(&kits)?;
        let folder = kits.join(format!("{}-{:016x}", parts.name, key(root, toolchain, parts)?));
        let kit = Kit {
            alias: folder.join("alias"),
            drivers: folder.join("drivers"),
            init: folder.join("sandbox-init"),
            process_driver: folder.join("drivers").join(format!("lib{}.rlib", parts.process_driver)),
            crates: folder.join("crates"),
        };
        let complete = folder.join("complete");
        if complete.exists() {
            let _ = fs::write(&complete, ""); // its date says that it is in use
            return Ok(kit);
        }
        building();
        let (mut libraries, programs) = build(root, parts.packages)?;
        for part in [&kit.alias, &kit.drivers] {
            scratch::make_listed(part)?;
        }
        // Of two versions of a crate answers get the newer one: the other came along with something.
        libraries.sort_by_key(|library| std::cmp::Reverse(library.version));
        let mut crates = String::new();
        for Library { name, path, .. } in &libraries {
            let part = if parts.hidden.contains(&name.as_str()) { &kit.drivers } else { &kit.alias };
            // The packages that are built by name come without a hash in their file's name.
            let file = path.file_name().unwrap_or_default();
            copy(path, &part.join(file))?;
            if path.extension().is_some_and(|extension| extension == "rlib") {
                crates += &format!("{name} {}\n", file.to_string_lossy());
            }
        }
        for path in &programs {
            copy(path, &folder.join(path.file_name().unwrap_or_default()))?;
        }
        let partial = kit.crates.with_extension(std::process::id().to_string());
        fs::write(&partial, crates)
            .and_then(|()| fs::rename(&partial, &kit.crates))
            .map_err(|error| GraderError::file("write", &partial, error))?;
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

    /// The library of a crate that answers may use.
    ///
    /// # Errors
    ///
    /// A course error if the kit does not hold it.
    pub fn library(&self, name: &str) -> Result<PathBuf> {
        // Answers that use a pool are graded with one that can be held.
        let name = if name == "q2_process_pool" { "held_pool" } else { name };
        let list = fs::read_to_string(&self.crates)
            .map_err(|error| GraderError::file("read", &self.crates, error))?;
        let file = list.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let file = file.ok_or_else(|| GraderError::course(format!("no kit holds the crate `{name}`")))?;
        Ok(self.alias.join(file))
    }

    /// The library behind an alias: `std` or `core`.
    pub fn alias(&self, name: &str) -> PathBuf {
        self.alias.join(format!("libinterleave_{name}.rlib"))
    }
}

/// Copies a file whole: two builders of one kit write the same bytes, and a rename shows them at once.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let partial = to.with_extension(format!("{}.partial", std::process::id()));
    fs::copy(from, &partial)
        .and_then(|_| fs::rename(&partial, to))
        .map_err(|error| GraderError::file("copy", from, error))
}

/// A number that changes whenever the kit would.
fn key(root: &Path, toolchain: &Toolchain, parts: Parts) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    (root, &toolchain.version).hash(&mut hasher);
    for source in parts.sources {
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

/// A library that cargo has built.
struct Library {
    name: String,
    version: [u64; 3],
    path: PathBuf,
}

/// Builds packages of ours; every program that comes of them.
///
/// # Errors
///
/// A course error if they do not compile.
pub(crate) fn programs(root: &Path, packages: &[&str]) -> Result<Vec<PathBuf>> {
    Ok(build(root, packages)?.1)
}

/// Builds the packages; every library and every program that cargo reports.
fn build(root: &Path, packages: &[&str]) -> Result<(Vec<Library>, Vec<PathBuf>)> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--message-format=json-render-diagnostics"]).current_dir(root);
    for package in packages {
        cargo.args(["--package", package]);
    }
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| GraderError::machine(format!("cargo does not start: {error}")))?;
    if !output.status.success() {
        return Err(GraderError::course("our own code does not compile; the course is broken"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let (mut libraries, mut programs) = (Vec::new(), Vec::new());
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        let name = message["target"]["name"].as_str().unwrap_or_default().replace('-', "_");
        let version = version(message["package_id"].as_str().unwrap_or_default());
        for file in message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            // The compiler loads what derives traits from a shared library.
            if file.ends_with(".rlib") || file.ends_with(".so") {
                libraries.push(Library { name: name.clone(), version, path: PathBuf::from(file) });
            }
        }
        let is_ours = message["target"]["kind"][0] == "bin";
        programs.extend(message["executable"].as_str().filter(|_| is_ours).map(PathBuf::from));
    }
    Ok((libraries, programs))
}

/// The version at the end of a package's id, as in `…#nix@0.31.4` or `…/wire#0.1.0`.
fn version(id: &str) -> [u64; 3] {
    let text = id.rsplit(['#', '@']).next().unwrap_or_default();
    let mut numbers = text.split(['.', '-', '+']).map(|number| number.parse().unwrap_or(0));
    [(); 3].map(|()| numbers.next().unwrap_or(0))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_is_larger() {
        let [old, new] = ["registry+index#nix@0.23.2", "registry+index#nix@0.31.4"].map(version);
        assert_eq!((old, new), ([0, 23, 2], [0, 31, 4]));
        assert!(old < new && version("path+file:///course/grader/wire#0.1.0") == [0, 1, 0]);
    }
}
