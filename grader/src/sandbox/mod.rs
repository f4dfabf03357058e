//! Where a stranger's code is compiled and run: the only module that starts it.
//!
//! Layers: a session of its own, resource limits, no inherited descriptor but the driver's, an empty
//! environment, no standard input, Landlock, a filter on system calls, namespaces where bubblewrap can
//! make them, and, when the grader was started as root, an unprivileged user of its own. [`Layers`] says
//! which of them were found to hold.
//!
//! Knows nothing of questions, messages or verdicts.

mod canary;
mod layers;
mod limits;
mod namespaces;
mod peek;
mod policy;
mod slot;
mod spawn;

pub use layers::{Layers, Rung};
pub use limits::Limits;
pub(crate) use peek::socket_waits_for_ever;
pub(crate) use slot::Slot;
pub(crate) use spawn::{Order, Running, Surroundings, own, start, start_reaper, way_in};

use crate::build::Toolchain;
use crate::error::{GraderError, Result};
use crate::scratch;
use std::path::{Path, PathBuf};
use std::thread;

/// How this process may start strangers' code.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Which layers hold.
    pub layers: Layers,
    /// The program that closes the box around others.
    init: PathBuf,
    /// Bubblewrap, if it is installed.
    bwrap: Option<PathBuf>,
    /// How the compiler is reached.
    reach: Reach,
    /// The course itself, which strangers' code has no business in.
    course: PathBuf,
}

/// How an unprivileged user reaches the toolchain.
#[derive(Debug, Clone)]
enum Reach {
    /// It can read it where it is (or we are that user).
    AsItIs { sysroot: PathBuf },
    /// In a mount namespace of its own, where the sysroot is bound to a readable folder.
    Bound { sysroot: PathBuf, at: PathBuf },
    /// By a copy in a readable folder.
    Copied { at: PathBuf },
}

impl Sandbox {
    /// Finds out what this machine allows, by trying. `course` is what strangers' code shall not
    /// see, as far as this machine can hide it; `init` is the built `sandbox-init`.
    ///
    /// # Errors
    ///
    /// A machine error if no way works to run the compiler as an unprivileged user.
    pub fn find(toolchain: &Toolchain, course: &Path, init: &Path) -> Result<Self> {
        // What a run leaves behind becomes our child, where it is found and ended.
        nix::sys::prctl::set_child_subreaper(true)
            .map_err(|error| GraderError::machine(format!("cannot adopt orphans: {error}")))?;
        let sysroot = toolchain.sysroot.clone();
        let unmeasured = Self {
            layers: Layers::here(),
            init: init.to_path_buf(),
            bwrap: namespaces::program(),
            reach: Reach::AsItIs { sysroot: sysroot.clone() },
            course: course.to_path_buf(),
        };
        if !unmeasured.layers.own_user {
            return canary::measure(unmeasured);
        }
        let base = scratch::base()?;
        let at = base.join("toolchain");
        scratch::make(&at)?;
        scratch::make(&base.join("nothing"))?;
        let reaching = |sandbox: &Self, reach: Reach| {
            let hides_course = matches!(reach, Reach::Bound { .. }) && !base.starts_with(course);
            let layers = Layers { hides_course, ..sandbox.layers.clone() };
            Self { layers, reach, ..sandbox.clone() }
        };
        let bound = Reach::Bound { sysroot: sysroot.clone(), at };
        // The compiler is tried in the very box that it will run in; while the layers are measured, in the one that is to be expected.
        let mut hoped = reaching(&unmeasured, bound.clone());
        hoped.layers.namespaces = hoped.bwrap.is_some();
        let (sandbox, hoped_for) = thread::scope(|scope| {
            let trying = scope.spawn(|| hoped.try_compiler());
            (canary::measure(unmeasured), trying.join())
        });
        let sandbox = sandbox?;
        let mut tried = Vec::new();
        for reach in [bound, Reach::AsItIs { sysroot }] {
            let sandbox = reaching(&sandbox, reach);
            if matches!(hoped_for, Ok(Ok(()))) && sandbox.layers.list() == hoped.layers.list() {
                return Ok(sandbox);
            }
            match sandbox.try_compiler() {
                Ok(()) => return Ok(sandbox),
                Err(error) => tried.push(error.to_string()),
            }
        }
        let sandbox = Self { reach: Reach::Copied { at: copy_toolchain(toolchain)? }, ..sandbox };
        sandbox.try_compiler().map(|()| sandbox).map_err(|error| {
            tried.push(error.to_string());
            GraderError::machine(format!("an unprivileged user cannot run rustc here: {}", tried.join("; ")))
        })
    }

    /// The same without some layers, as on a machine that does not have them: what can be reached from
    /// inside is measured anew. `names` are those of [`Layers::list`], in lower case.
    ///
    /// # Errors
    ///
    /// A usage error for a layer that cannot be left out; a machine error if nothing can be run.
    pub fn without<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Result<Self> {
        for name in names {
            match name {
                "namespaces" => self.bwrap = None,
                "landlock" => self.layers.landlock = false,
                "seccomp" => self.layers.seccomp = false,
                _ => return Err(GraderError::usage(format!("`{name}` cannot be left out"))),
            }
        }
        canary::measure(self)
    }

    /// The same with other layers put on, of those that were found here.
    pub(crate) fn with(&self, layers: Layers) -> Self {
        Self { layers, ..self.clone() }
    }

    /// The toolchain's folder, as the sandboxed compiler sees it.
    pub(crate) fn sysroot(&self) -> &Path {
        match &self.reach {
            Reach::AsItIs { sysroot } => sysroot,
            Reach::Bound { at, .. } | Reach::Copied { at } => at,
        }
    }

    /// What is shown where, in the mount namespace of one process: the toolchain at a readable
    /// place (to the compiler), and nothing where the course lies.
    fn binds(&self, compiler: bool) -> Result<Vec<(PathBuf, PathBuf)>> {
        let mut binds = Vec::new();
        if let (Reach::Bound { sysroot, at }, true) = (&self.reach, compiler) {
            binds.push((sysroot.clone(), at.clone()));
        }
        if self.layers.hides_course {
            binds.push((scratch::base()?.join("nothing"), self.course.clone()));
        }
        Ok(binds)
    }

    fn try_compiler(&self) -> Result<()> {
        let folder = scratch::Scratch::new("try")?;
        let order = Order {
            program: &self.sysroot().join("bin/rustc"),
            args: vec!["-V".into()],
            reads: Vec::new(),
            folder: folder.path(),
            temporary: folder.path(),
            limits: Limits::COMPILER,
            sees_processes: false,
            compiler: true,
        };
        let output = start(self, &Slot::take(&self.layers)?, &order)?.output(4096)?;
        if output.status.success() {
            return Ok(());
        }
        Err(GraderError::machine(output.text.lines().next().unwrap_or("rustc fails").to_owned()))
    }
}

/// Makes a readable copy of what compiling and linking need, once for each version.
fn copy_toolchain(toolchain: &Toolchain) -> Result<PathBuf> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    toolchain.version.hash(&mut hasher);
    let copy = scratch::base()?.join(format!("toolchain-{:016x}", hasher.finish()));
    let complete = copy.join("complete");
    if complete.exists() {
        return Ok(copy);
    }
    let host = toolchain.version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    for part in ["bin".to_owned(), "lib".to_owned(), format!("lib/rustlib/{host}")] {
        scratch::make_listed(&copy.join(&part))?;
    }
    copy_file(&toolchain.sysroot.join("bin/rustc"), &copy.join("bin/rustc"))?;
    let lib = toolchain.sysroot.join("lib");
    for item in std::fs::read_dir(&lib).map_err(|e| GraderError::file("read", &lib, e))?.flatten() {
        if item.file_name().to_string_lossy().contains(".so") {
            copy_file(&item.path(), &copy.join("lib").join(item.file_name()))?;
        }
    }
    let libraries = format!("lib/rustlib/{host}");
    copy_folder(&toolchain.sysroot.join(&libraries), &copy.join(&libraries))?;
    std::fs::write(&complete, "").map_err(|error| GraderError::file("write", &complete, error))?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    scratch::make_listed(to)?;
    for item in std::fs::read_dir(from).map_err(|e| GraderError::file("read", from, e))?.flatten() {
        let (source, target) = (item.path(), to.join(item.file_name()));
        if source.is_dir() { copy_folder(&source, &target)? } else { copy_file(&source, &target)? }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).map_err(|error| GraderError::file("copy", from, error))
}
