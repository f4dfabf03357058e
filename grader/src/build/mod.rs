//! From the text of an answer to a program that the judge can talk to.
//!
//! Two boxes: the first compiles the answer and is shown neither drivers nor solutions; the second
//! links it to the prebuilt drivers and is shown no source of ours. Only our flags count: there is
//! no manifest, no build script and no cargo.

mod diagnostics;
mod kit;
mod programs;
mod toolchain;

pub use diagnostics::Diagnosis;
pub use kit::Kit;
pub(crate) use kit::programs;
pub(crate) use programs::this_program;
pub use toolchain::Toolchain;

use crate::catalogue::{self, Kind, Question, Stock};
use crate::error::{GraderError, Result};
use crate::experiment::World;
use crate::lanes::{Lanes, Load};
use crate::sandbox::{self, Limits, Order, Sandbox, Slot};
use crate::scratch::{self, Scratch};
use crate::screen;
use crate::submission::Submission;
use crate::verdict::Refusal;
use programs::Programs;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How the program that comes of an answer is called.
const PROGRAM: &str = "respondent";

/// Everything that compiling needs, found once for a grading.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// The compiler.
    pub toolchain: Toolchain,
    /// Our libraries for the questions that were asked for.
    kits: Vec<(Stock, Kit)>,
    /// How strangers' code is started.
    pub sandbox: Sandbox,
    /// Where programs are kept, if they are.
    kept: Option<Programs>,
}

/// An answer that was compiled, or not.
#[derive(Debug)]
pub struct Built {
    /// The respondent for each world, or why there is none.
    pub real: Outcome,
    /// The same for the model world.
    pub model: Outcome,
    /// Holds the files of both.
    _scratch: Scratch,
}

/// What came of compiling in one world.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The respondent's program.
    Program(PathBuf),
    /// The compiler refused the answer.
    Error(Diagnosis),
    /// The answer compiles, but lacks something that the question asks for.
    Misfit(Diagnosis),
    /// The answer reads files or variables that are not its own.
    Refused(Refusal),
    /// Compiling failed for a reason that is nobody's line: not the answer's fault.
    Trouble(Diagnosis),
    /// Its question has no place in this world.
    NotAsked,
}

impl Workshop {
    /// Gets ready to grade these questions with the course at `root`. Calls `building` if
    /// libraries must be built first, which takes a while.
    ///
    /// # Errors
    ///
    /// A machine error if there is no compiler that works; a course error if the course's own
    /// code does not compile.
    pub fn open(root: &Path, questions: &[Question], building: impl Fn()) -> Result<Self> {
        scratch::forget_dead();
        let toolchain = Toolchain::find()?;
        let mut kits: Vec<(Stock, Kit)> = Vec::new();
        for stock in questions.iter().flat_map(Question::pieces).map(|piece| piece.stock) {
            if !kits.iter().any(|(known, _)| *known == stock) {
                kits.push((stock, Kit::find(root, &toolchain, stock, &building)?));
            }
        }
        let init = kits.first().map(|(_, kit)| kit.init.clone());
        let init = init.ok_or_else(|| GraderError::bug("no kit was asked for"))?;
        let sandbox = Sandbox::find(&toolchain, root, &init)?;
        Ok(Self { toolchain, kits, sandbox, kept: None })
    }

    /// Has programs kept from now on, and found again by whoever does this later: for answers that are built again as they
    /// are, not for those of a class.
    ///
    /// # Errors
    ///
    /// A machine error if there is no place for them.
    pub fn keep_programs(&mut self) -> Result<()> {
        self.kept = Some(Programs::open()?);
        Ok(())
    }

    /// Whether programs are kept: then somebody waits for one answer, and no other is graded meanwhile.
    pub(crate) fn keeps_programs(&self) -> bool {
        self.kept.is_some()
    }

    /// The folders of the libraries, which are others whenever our own code is.
    pub(crate) fn kits(&self) -> Vec<&Path> {
        self.kits.iter().map(|(_, kit)| kit.drivers.as_path()).collect()
    }

    /// The libraries for what is compiled against this stock.
    ///
    /// # Errors
    ///
    /// A bug of ours if it was not asked for at [`Workshop::open`].
    pub fn kit(&self, stock: Stock) -> Result<&Kit> {
        let kit = self.kits.iter().find(|(known, _)| *known == stock);
        kit.map(|(_, kit)| kit).ok_or_else(|| GraderError::bug("a kit that nobody asked for"))
    }
}

impl Built {
    /// What came of compiling for `world`.
    pub fn outcome(&self, world: World) -> &Outcome {
        match world {
            World::Real => &self.real,
            World::Model => &self.model,
        }
    }
}

/// Screens an answer and compiles it for both worlds, at the same time.
///
/// # Errors
///
/// A machine error if the compiler cannot be run.
pub fn build(workshop: &Workshop, question: &Question, submission: &Submission) -> Result<Built> {
    build_in(&Lanes::new(World::BOTH.len()), workshop, question, submission)
}

/// As [`build`], in lanes that others use too.
pub(crate) fn build_in(
    lanes: &Lanes,
    workshop: &Workshop,
    question: &Question,
    submission: &Submission,
) -> Result<Built> {
    let kept = workshop.kept.as_ref().map(|kept| {
        let kit = workshop.kit(question.stock)?.drivers.as_path();
        let compiler = workshop.toolchain.version.as_str();
        Ok((kept, kept.origin(question.driver(), &submission.files, kit, compiler)))
    });
    let kept = kept.transpose()?;
    if let Some(built) = kept.as_ref().and_then(|(kept, origin)| kept.find(origin)) {
        return Ok(built);
    }
    let built = compile(lanes, workshop, question, submission)?;
    if let Some((kept, origin)) = kept {
        kept.keep(&origin, &built);
    }
    Ok(built)
}

fn compile(
    lanes: &Lanes,
    workshop: &Workshop,
    question: &Question,
    submission: &Submission,
) -> Result<Built> {
    let scratch = Scratch::new("build")?;
    if let Some(refusal) = screen::screen(question, submission) {
        return Ok(Built { real: Outcome::Refused(refusal), model: Outcome::NotAsked, _scratch: scratch });
    }
    let source = scratch.path().join("source");
    lay_out(&source, question, submission)?;
    // Before the two builds begin: both read it, and neither may find it half written.
    write(&harness(&scratch), &format!("drivers::{}!(answer);\n", question.driver()))?;
    if question.kind == Kind::Processes {
        let real = lanes.run(Load::Whole, || build_for(workshop, question, &scratch, World::Real))?;
        return Ok(Built { real, model: Outcome::NotAsked, _scratch: scratch });
    }
    let (real, model) = std::thread::scope(|scope| {
        let one = |world| lanes.run(Load::Whole, || build_for(workshop, question, &scratch, world));
        let model = scope.spawn(move || one(World::Model));
        let real = one(World::Real);
        (real, model.join())
    });
    let model = model.unwrap_or_else(|_| Err(GraderError::bug("the building thread panicked")))?;
    Ok(Built { real: real?, model, _scratch: scratch })
}

/// Writes the submitted files, then ours over them.
fn lay_out(source: &Path, question: &Question, submission: &Submission) -> Result<()> {
    let given = question.given.iter().map(|&(path, text)| (path, text));
    let submitted = submission.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let root = question.root();
    let root = root.as_deref().map(|text| (catalogue::ROOT, text));
    scratch::make(source)?;
    for (path, text) in submitted.chain(given).chain(root) {
        let path = source.join(path);
        scratch::make(path.parent().unwrap_or(source))?;
        write(&path, text)?;
    }
    Ok(())
}

/// The program that links an answer to its driver.
fn harness(scratch: &Scratch) -> PathBuf {
    scratch.path().join("harness.rs")
}

/// Writes a file that the compiler's user can read.
fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o644)))
        .map_err(|error| GraderError::file("write", path, error))
}

fn build_for(workshop: &Workshop, question: &Question, scratch: &Scratch, world: World) -> Result<Outcome> {
    let slot = Slot::take(&workshop.sandbox.layers)?;
    let folder = scratch.path().join(world.letter().to_string());
    scratch::make(&folder)?;
    slot.give(&folder)?;
    if let Some(diagnosis) = twice(|| compile_answer(workshop, question, scratch, &folder, &slot, world))? {
        return Ok(if diagnosis.blames_nobody {
            Outcome::Trouble(diagnosis)
        } else {
            Outcome::Error(diagnosis)
        });
    }
    if let Some(refusal) = foreign_input(question, &folder)? {
        return Ok(Outcome::Refused(refusal));
    }
    let harness = harness(scratch);
    match twice(|| link(workshop, question, &harness, &folder, &slot, world))? {
        Some(diagnosis) if diagnosis.blames_nobody => Ok(Outcome::Trouble(diagnosis)),
        Some(diagnosis) => Ok(Outcome::Misfit(diagnosis)),
        None => Ok(Outcome::Program(folder.join(PROGRAM))),
    }
}

/// Once more if the first failure blames no line: a full disk or a killed linker may have passed. A
/// compiler that crashes in the same way again does so because of the answer.
fn twice(compile: impl Fn() -> Result<Option<Diagnosis>>) -> Result<Option<Diagnosis>> {
    let first = match compile()? {
        Some(diagnosis) if diagnosis.blames_nobody => diagnosis,
        outcome => return Ok(outcome),
    };
    let mut second = compile()?;
    if let Some(diagnosis) = &mut second
        && diagnosis.crash.is_some()
        && diagnosis.crash == first.crash
    {
        diagnosis.blames_nobody = false;
    }
    Ok(second)
}

/// Box 1. `Some` if the compiler refuses.
fn compile_answer(
    workshop: &Workshop,
    question: &Question,
    scratch: &Scratch,
    folder: &Path,
    slot: &Slot,
    world: World,
) -> Result<Option<Diagnosis>> {
    let mut args = common_args(workshop, question);
    args.extend(["--crate-type=rlib", "--crate-name=answer", catalogue::ROOT].map(OsString::from));
    args.extend(["-Funsafe_code", "-Flong_running_const_eval", "-Awarnings"].map(OsString::from));
    args.push("--emit=link,dep-info".into());
    args.push(joined("--out-dir=", folder));
    if world == World::Model {
        // As in a release: what is only asserted for debugging is no promise kept. The real world keeps these assertions.
        args.push("-Cdebug-assertions=off".into());
    }
    let checks = if question.overflow_checks { "-Coverflow-checks=on" } else { "-Coverflow-checks=off" };
    args.push(checks.into());
    let kit = workshop.kit(question.stock)?;
    if world == World::Model || !question.crates.is_empty() {
        args.push(joined("-Ldependency=", &kit.alias));
    }
    if world == World::Model {
        for name in ["std", "core"] {
            args.extend(extern_crate(name, &kit.alias(name)));
        }
    }
    for name in &question.crates {
        args.extend(extern_crate(name, &kit.library(name)?));
    }
    let mut reads = vec![];
    if world == World::Model || !question.crates.is_empty() {
        reads.push(kit.alias.as_path());
    }
    rustc(workshop, slot, reads, &scratch.path().join("source"), folder, args)
}

/// What the answer makes the compiler read besides its own files: by `#[path]`, `include_str!` or
/// `env!`. The compiler itself lists it, so nothing is refused that only looks like it.
fn foreign_input(question: &Question, folder: &Path) -> Result<Option<Refusal>> {
    let path = folder.join("answer.d");
    let list = fs::read_to_string(&path).map_err(|error| GraderError::file("read", &path, error))?;
    let own = |file: &str| {
        question.files.iter().any(|own| own == file)
            || question.given.iter().any(|(own, _)| *own == file)
            || file == catalogue::ROOT
    };
    for line in list.lines() {
        let foreign = match line.strip_prefix("# env-dep:") {
            Some(variable) => variable.split('=').next().map(|name| format!("the variable `{name}`")),
            // After the rules that name what is made, each file read stands in a rule of its own.
            None => line.strip_suffix(':').filter(|file| !own(file)).map(|file| format!("the file `{file}`")),
        };
        if let Some(foreign) = foreign {
            return Ok(Some(Refusal {
                headline: format!("the answer reads {foreign} while it is compiled"),
                evidence: vec!["An answer stands in its own files, and reads nothing else.".into()],
            }));
        }
    }
    Ok(None)
}

/// Box 2. `Some` if answer and driver do not fit together.
fn link(
    workshop: &Workshop,
    question: &Question,
    harness: &Path,
    folder: &Path,
    slot: &Slot,
    world: World,
) -> Result<Option<Diagnosis>> {
    let mut args = common_args(workshop, question);
    args.extend(["--crate-type=bin", "--crate-name=respondent", "-Awarnings"].map(OsString::from));
    args.push(harness.into());
    args.push("-Cstrip=debuginfo".into());
    args.push(joined("-o", &folder.join(PROGRAM)));
    let kit = workshop.kit(question.stock)?;
    args.push(joined("-Ldependency=", &kit.alias));
    args.push(joined("-Ldependency=", &kit.drivers));
    let driver = match question.kind {
        Kind::Threads => kit.driver(world),
        Kind::Processes => kit.process_driver.clone(),
    };
    for name in &question.crates {
        args.extend(extern_crate(name, &kit.library(name)?));
    }
    args.extend(extern_crate("drivers", &driver));
    args.extend(extern_crate("answer", &folder.join("libanswer.rlib")));
    rustc(workshop, slot, vec![harness, &kit.alias, &kit.drivers], folder, folder, args)
}

fn common_args(workshop: &Workshop, question: &Question) -> Vec<OsString> {
    // Two builds at once, one for each world, leave no processor free: one unit each costs least in all. One build alone
    // is over sooner in several.
    let units = match question.kind {
        Kind::Threads => "-Ccodegen-units=1",
        Kind::Processes => "-Ccodegen-units=4",
    };
    vec![
        "--edition=2024".into(),
        "--error-format=json".into(),
        "--sysroot".into(),
        workshop.sandbox.sysroot().into(),
        "-Cdebuginfo=0".into(),
        units.into(),
        // Nobody reads it.
        "-Cembed-bitcode=no".into(),
    ]
}

fn extern_crate(name: &str, library: &Path) -> [OsString; 2] {
    ["--extern".into(), joined(&format!("{name}="), library)]
}

fn joined(start: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(start);
    argument.push(path);
    argument
}

/// Runs the compiler. `Some` with the first error if it does not succeed.
fn rustc(
    workshop: &Workshop,
    slot: &Slot,
    reads: Vec<&Path>,
    work: &Path,
    temporary: &Path,
    args: Vec<OsString>,
) -> Result<Option<Diagnosis>> {
    let program = workshop.sandbox.sysroot().join("bin/rustc");
    let order = Order {
        program: &program,
        args,
        reads,
        folder: work,
        temporary,
        limits: Limits::COMPILER,
        sees_processes: false,
        compiler: true,
    };
    let output = sandbox::start(&workshop.sandbox, slot, &order)?.output(1 << 20)?;
    if output.status.success() {
        return Ok(None);
    }
    let mut diagnosis = diagnostics::first_error(&output.text);
    if let Some(signal) = output.signal {
        diagnosis.stopped_by(signal, &Limits::COMPILER, &output.text);
    }
    Ok(Some(diagnosis))
}
