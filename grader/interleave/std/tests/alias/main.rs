//! The alias as a student's file meets it: compiled by `rustc` with `--extern std=…` and `--extern core=…`.

mod coverage;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Programs that must not notice the difference.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alias");

/// Many more, which are also run under schedules.
const DIFFERENTIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alias/differential/main.rs");

/// All builds of a crate beside this test: other commands of cargo leave theirs in the same folder.
fn rlibs(name: &str) -> impl Iterator<Item = PathBuf> {
    let prefix = format!("lib{name}-");
    let built = std::fs::read_dir(deps()).expect("the folder of this test can be read");
    built.filter_map(Result::ok).map(|entry| entry.path()).filter(move |path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with(&prefix) && file.ends_with(".rlib")
    })
}

/// The newest build of a crate.
fn newest(name: &str) -> PathBuf {
    let time = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).ok();
    rlibs(name).max_by_key(time).expect("cargo has built the crate for this test")
}

/// The build of a crate that another build was made with, which names it by the hash in its file name. With another
/// one there would be two schedulers in one program.
fn dependency(name: &str, of: &Path) -> PathBuf {
    let bytes = std::fs::read(of).expect("a build can be read");
    let is_named = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash).as_bytes();
        bytes.windows(hash.len()).any(|window| window == hash)
    };
    rlibs(name).find(is_named).expect("what a crate was built with lies beside it")
}

/// `--extern name=path`.
fn external(name: &str, path: &Path) -> [OsString; 2] {
    let mut value = OsString::from(format!("{name}="));
    value.push(path);
    ["--extern".into(), value]
}

fn deps() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a file");
    test.parent().expect("a file has a folder").to_owned()
}

fn with_alias() -> Vec<OsString> {
    let core = newest("interleave_core");
    let std = dependency("interleave_std", &core);
    let mut search = OsString::from("dependency=");
    search.push(deps());
    let externals = [external("std", &std), external("core", &core)].concat();
    externals.into_iter().chain(["-L".into(), search]).collect()
}

/// The scheduler that the alias was built with, for a program that may name it.
fn with_engine() -> [OsString; 2] {
    let std = dependency("interleave_std", &newest("interleave_core"));
    external("interleave", &dependency("interleave", &std))
}

fn rustc(source: &Path, output: &Path, kind: &str, edition: &str, arguments: &[OsString]) -> Output {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command
        .args(["--edition", edition, "--crate-type", kind, "--cap-lints", "allow", "-o"])
        .arg(output)
        .arg(source)
        .args(arguments);
    command.output().expect("rustc can be run")
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Whether a few lines compile against the alias.
fn compiles(name: &str, lines: &str) -> Result<(), String> {
    let source = scratch(&format!("{name}.rs"));
    std::fs::write(&source, lines).expect("the scratch folder can be written to");
    let output = rustc(&source, &scratch(&format!("lib{name}.rlib")), "lib", "2024", &with_alias());
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn build_and_run(source: &str, edition: &str, alias: bool) -> String {
    let source = Path::new(SOURCES).join(source);
    let stem = source.file_stem().expect("a source has a name").to_string_lossy();
    let program = scratch(&format!("{stem}_{edition}_{}", if alias { "alias" } else { "real" }));
    let arguments = if alias { with_alias() } else { Vec::new() };
    let built = rustc(&source, &program, "bin", edition, &arguments);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let ran = Command::new(program).output().expect("the program can be run");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("the program prints text")
}

/// Every modelled call with the signatures, bounds and printed forms of the standard library, outside a schedule.
#[test]
fn an_ordinary_program_prints_the_same_with_and_without_the_alias() {
    let (real, alias) =
        (build_and_run("ordinary.rs", "2024", false), build_and_run("ordinary.rs", "2024", true));
    assert!(real.lines().count() > 30, "{real}");
    assert_eq!(real, alias);
}

/// Signatures, results, panics, poison, destructors and printed forms, under as many schedules as time allows.
#[test]
fn small_programs_come_to_the_same_on_the_real_library_and_under_every_schedule() {
    let source = Path::new(DIFFERENTIAL);
    let (real, model) = (scratch("differential_real"), scratch("differential_model"));
    let built = rustc(source, &real, "bin", "2024", &[]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let arguments = [with_alias(), with_engine().to_vec(), vec!["--cfg".into(), "model".into()]].concat();
    let built = rustc(source, &model, "bin", "2024", &arguments);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let schedules = if std::env::var_os("RACECOURSE_DEEP").is_some() { "500" } else { "20" };
    let lines = |program: &Path| {
        let ran = Command::new(program).arg(schedules).output().expect("the program can be run");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("the program prints text")
    };
    let (real, model) = (lines(&real), lines(&model));
    assert!(real.lines().count() > 240, "{real}");
    let real_lines: std::collections::BTreeSet<_> = real.lines().collect();
    let odd: Vec<&str> = model.lines().filter(|line| !real_lines.contains(line)).collect();
    assert!(odd.is_empty() && real.lines().count() == model.lines().count(), "{}", odd.join("\n"));
}

#[test]
fn no_way_to_name_a_type_leads_around_the_model() {
    for (source, edition, least) in [
        ("paths.rs", "2024", 41),
        ("paths.rs", "2021", 41),
        ("unusual.rs", "2024", 21),
        ("unusual.rs", "2021", 21),
        ("unusual.rs", "2018", 21),
        ("no_std.rs", "2024", 4),
        ("no_std.rs", "2021", 4),
    ] {
        let real = build_and_run(source, edition, false);
        assert!(!real.contains("interleave_std"), "{source} {edition}: {real}");
        let alias = build_and_run(source, edition, true);
        let missed = alias.lines().filter(|line| !line.contains("interleave_std::")).collect::<Vec<_>>();
        assert!(missed.is_empty() && alias.lines().count() >= least, "{source} {edition}: {missed:?}");
    }
}

#[test]
fn what_has_no_model_does_not_compile() {
    let unmodelled = [
        ("sleep_ms", "pub fn f() { std::thread::sleep_ms(1) }"),
        ("park_timeout_ms", "pub fn f() { std::thread::park_timeout_ms(1) }"),
        (
            "wait_timeout_ms",
            "pub fn f(c: &std::sync::Condvar, g: std::sync::MutexGuard<u8>) { c.wait_timeout_ms(g, 1); }",
        ),
        ("as_ptr", "pub fn f(a: &std::sync::atomic::AtomicU8) -> *mut u8 { a.as_ptr() }"),
        ("core_as_ptr", "pub fn f(a: &core::sync::atomic::AtomicBool) -> *mut bool { a.as_ptr() }"),
        ("once_init", "pub use std::sync::ONCE_INIT;"),
        ("atomic_init", "pub use std::sync::atomic::ATOMIC_BOOL_INIT;"),
        ("spin_loop_hint", "pub use core::sync::atomic::spin_loop_hint;"),
        (
            "compare_and_swap",
            "pub fn f(a: &std::sync::atomic::AtomicU8) { a.compare_and_swap(0, 1, std::sync::atomic::Ordering::SeqCst); }",
        ),
        (
            "spawn_unchecked",
            "pub fn f() { unsafe { let _ = std::thread::Builder::new().spawn_unchecked(|| ()); } }",
        ),
    ];
    for (name, lines) in unmodelled {
        assert!(compiles(name, lines).is_err(), "`{name}` slipped past the scheduler");
    }
    // The same form with a modelled item compiles, so it is the item that is missing above.
    assert_eq!(compiles("modelled", "pub use std::sync::Once; pub use core::sync::atomic::fence;"), Ok(()));
}

#[test]
fn the_scheduler_cannot_be_named() {
    for (name, lines) in [
        ("by_path", "pub use std::interleave::probe;"),
        ("by_crate", "extern crate interleave; pub use interleave::probe;"),
        ("by_own_name", "extern crate interleave_std; pub use interleave_std::interleave;"),
        ("rt", "pub use std::rt::Kind;"),
        ("gate", "pub use std::sync::gate::Gate;"),
        ("packet", "pub use std::thread::packet::Packet;"),
    ] {
        assert!(compiles(&format!("named_{name}"), lines).is_err(), "{name}");
    }
}

#[test]
fn auto_traits_are_those_of_the_standard_library() {
    let forbidden = [
        ("guard_send", "fn f<T: Send>() {} pub fn g() { f::<std::sync::MutexGuard<u8>>() }"),
        ("read_guard_send", "fn f<T: Send>() {} pub fn g() { f::<std::sync::RwLockReadGuard<u8>>() }"),
        ("receiver_sync", "fn f<T: Sync>() {} pub fn g() { f::<std::sync::mpsc::Receiver<u8>>() }"),
        ("mutex_sync", "fn f<T: Sync>() {} pub fn g() { f::<std::sync::Mutex<std::rc::Rc<u8>>>() }"),
        ("rwlock_sync", "fn f<T: Sync>() {} pub fn g() { f::<std::sync::RwLock<std::cell::Cell<u8>>>() }"),
        (
            "once_lock_sync",
            "fn f<T: Sync>() {} pub fn g() { f::<std::sync::OnceLock<std::cell::Cell<u8>>>() }",
        ),
        ("lazy_sync", "fn f<T: Sync>() {} pub fn g() { f::<std::sync::LazyLock<std::cell::Cell<u8>>>() }"),
        ("sender_send", "fn f<T: Send>() {} pub fn g() { f::<std::sync::mpsc::Sender<std::rc::Rc<u8>>>() }"),
        ("spawn_rc", "pub fn g(r: std::rc::Rc<u8>) { std::thread::spawn(move || drop(r)); }"),
        ("spawn_borrow", "pub fn g(r: &u8) { std::thread::spawn(move || *r); }"),
        (
            "scope_escape",
            "pub fn g() { let mut v = vec![1]; std::thread::scope(|s| { s.spawn(|| v.push(1)); v.push(2); }); }",
        ),
        ("scope_local", "pub fn g() { std::thread::scope(|s| { let v = 1; s.spawn(|| &v); }); }"),
    ];
    for (name, lines) in forbidden {
        assert!(compiles(name, lines).is_err(), "`{name}` must not compile");
    }
}
