//! Answers that try to get marks, or to do harm, by other means than a right list. Each is the
//! reference solution with one thing changed; `LIFO` ones are wrong besides, so that a trick that
//! works would show as marks that they must not have.

use grader::build::Workshop;
use grader::catalogue;
use grader::grade::{self, Settings};
use grader::report::QuestionReport;
use grader::sandbox::Layers;
use grader::submission::{self, Submission};
use grader::verdict::{Refusal, Verdict};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course")
}

fn solution() -> String {
    fs::read_to_string(root().join("solutions/q4_locked_list/src/lib.rs")).expect("the solution")
}

/// The solution with its removals taken from the wrong end.
fn lifo() -> String {
    change(&solution(), "pop_front", "pop_back")
}

fn change(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the solution has no `{from}` any more");
    text.replace(from, to)
}

/// Puts statements at the beginning of `NumberList::new`.
fn in_new(text: &str, statements: &str) -> String {
    change(text, "        Self::default()\n", &format!("        {statements}\n        Self::default()\n"))
}

fn grade(text: String) -> QuestionReport {
    grade_submission(&Ok(Submission { files: vec![("src/lib.rs".into(), text)] }))
}

fn grade_submission(answer: &Result<Submission, Refusal>) -> QuestionReport {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    let question = catalogue::find("q4").expect("q4");
    let workshop = WORKSHOP.get_or_init(|| {
        Workshop::open(root(), std::slice::from_ref(&question), || ()).expect("this machine can grade")
    });
    grade::grade(workshop, &question, answer, Settings::new(7), &|_| ()).expect("graded")
}

/// The verdict on one check in one word.
fn verdict(report: &QuestionReport, check: &str) -> String {
    let check = report.checks.iter().find(|report| report.id == check).expect("a check");
    grader::bank::cell(&check.verdict)
}

fn assert_all(text: String, wanted: &[&str]) {
    let report = grade(text);
    for check in &report.checks {
        let got = grader::bank::cell(&check.verdict);
        assert!(wanted.contains(&got.as_str()), "{}: {got}, not {wanted:?}: {:?}", check.id, check.verdict);
    }
}

#[test]
fn what_no_answer_needs_is_refused_with_its_line() {
    for (added, headline) in [
        ("pub fn leave() { std::process::exit(0) }", "`process::exit` is not allowed in an answer"),
        (
            "pub fn who<T>() -> &'static str { std::any::type_name::<T>() }",
            "`type_name` is not allowed in an answer",
        ),
        (
            "#[export_name = \"memcmp\"] pub fn equal() {}",
            "the attribute `export_name` is not allowed in an answer",
        ),
        ("pub const A: &str = include_str!(\"lib.rs\");", "`include_str!` is not allowed in an answer"),
    ] {
        let report = grade(format!("{}\n{added}\n", solution()));
        let Verdict::Refused(refusal) = &report.checks[0].verdict else {
            panic!("{:?}", report.checks[0].verdict)
        };
        assert_eq!(refusal.headline, headline);
        let line = solution().lines().count() + 2;
        assert_eq!(refusal.evidence[0], format!("src/lib.rs:{line}: {added}"));
    }
}

#[test]
fn code_before_main_is_refused() {
    let constructor = "\nextern \"C\" fn early() { std::process::exit(0) }\n\
        #[used]\n#[unsafe(link_section = \".init_array\")]\nstatic EARLY: extern \"C\" fn() = early;\n";
    let text = change(&lifo(), "#![forbid(unsafe_code)]", "") + constructor;
    assert_all(text, &["Refused"]);
}

#[test]
fn unsafe_code_is_refused_even_if_allowed_by_the_answer() {
    let block = "\npub fn peek(at: *const u8) -> u8 { unsafe { *at } }\n";
    assert_all(change(&lifo(), "#![forbid(unsafe_code)]", "") + block, &["Refused"]);
    assert_all(change(&lifo(), "#![forbid(unsafe_code)]", "#![allow(unsafe_code)]") + block, &["Refused"]);
}

#[test]
fn what_lies_beside_the_answer_does_nothing() {
    let folder = std::env::temp_dir().join(format!("racecourse-test-beside-{}", std::process::id()));
    let mark = folder.join("mark");
    let runs = format!("fn main() {{ std::fs::write({mark:?}, \"ran\").unwrap() }}");
    // Whatever cargo or rustup would heed, or run, or take for the tests or for the given files.
    for (file, text) in [
        ("src/lib.rs", lifo()),
        ("src/api.rs", "compile_error!(\"not the grader's\");".into()),
        ("src/main.rs", runs.clone()),
        ("build.rs", runs.clone()),
        ("tests/forged.rs", runs),
        (
            "Cargo.toml",
            "[package]\nname = \"forged\"\nbuild = \"build.rs\"\n[lib]\npath = \"src/main.rs\"\n".into(),
        ),
        ("Cargo.lock", "no lock".into()),
        (
            ".cargo/config.toml",
            "[build]\nrustc-wrapper = \"/bin/false\"\nrustflags = [\"--cap-lints\"]\n".into(),
        ),
        ("rust-toolchain.toml", "[toolchain]\npath = \"/nowhere\"\n".into()),
        ("exercise.toml", "[[checks]]\nid = \"q4.history\"\npoints = 90\n".into()),
    ] {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let question = catalogue::find("q4").expect("q4");
    let answer = submission::read(&question, &folder).expect("an answer");
    let (beside, alone) = (grade_submission(&answer), grade(lifo()));
    let has_run = mark.exists();
    fs::remove_dir_all(&folder).expect("removed");
    assert!(!has_run);
    assert_eq!(beside.score().earned, alone.score().earned);
    assert_eq!(verdict(&beside, "q4.history"), "WrongOrder");
}

#[test]
fn leaving_with_success_is_no_success() {
    assert_all(
        in_new(&lifo(), "use std::process as leaving; if std::env::args().count() > 0 { leaving::exit(0) }"),
        &["EarlyExit"],
    );
}

#[test]
fn a_printed_report_decides_nothing() {
    let report =
        grade(in_new(&lifo(), "println!(\"score 90/90\"); eprintln!(\"{}\", r#\"{\"schema\":1}\"#);"));
    assert_eq!(verdict(&report, "q4.history"), "WrongOrder");
    assert_eq!(report.score().earned, 75);
}

#[test]
fn writing_to_every_descriptor_forges_nothing() {
    // Closing messages, run records and plain text: whatever a judge might wait for.
    let writes = "for fd in 0..256 {\n            use std::io::Write;\n            let path = format!(\"/proc/self/fd/{fd}\");\n            \
        if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(path) {\n                \
        for kind in 0u64..7 { let _ = file.write_all(&[kind.to_le_bytes(), [0; 8]].concat()); }\n            }\n        }";
    let report = grade(in_new(&lifo(), writes));
    assert_eq!(verdict(&report, "q4.history"), "WrongOrder");
}

#[test]
fn safe_code_that_breaks_the_language_forges_nothing() {
    // A hole in the compiler's rules on lifetimes makes any value of any other: here files of numbers.
    let hole = "
fn shorter<'a, 'b, T: 'static>(_: &'a &'b (), value: &'b mut T) -> &'a mut T { value }
fn longer<'a, T: 'static>(value: &'a mut T) -> &'static mut T {
    let any: for<'x> fn(&'static &'x (), &'x mut T) -> &'static mut T = shorter;
    any(&&(), value)
}
enum Either<A, B> { One(Option<Box<A>>), Other(Option<Box<B>>) }
#[inline(never)]
fn turned<A: 'static, B: 'static>(value: A) -> B {
    let mut either: Either<A, B> = std::hint::black_box(Either::Other(None));
    let Either::Other(place) = &mut either else { unreachable!() };
    let place = longer(place);
    either = Either::One(Some(Box::new(value)));
    std::hint::black_box(&mut either);
    let turned = *place.take().unwrap();
    std::mem::forget(either);
    turned
}
";
    // Closing messages, run records and nonsense, to whatever is open.
    let writes = "for fd in 3..64_i32 {
            use std::io::Write;
            let mut file: std::fs::File = turned::<i32, std::fs::File>(fd);
            for kind in 0_u64..7 { let _ = file.write(&[kind.to_le_bytes(), [0xff; 8]].concat()); }
            std::mem::forget(file);
        }";
    let report = grade(in_new(&lifo(), writes) + hole);
    assert_eq!(report.score().earned, 0, "{:?}", report.checks);
    assert!(
        report.checks.iter().all(|check| matches!(check.verdict, Verdict::Fail(_))),
        "{:?}",
        report.checks
    );
}

#[test]
fn there_is_no_socket_to_sleep_in() {
    let sleeps = "{ use std::io::Read; let (mut end, _other) = std::os::unix::net::UnixStream::pair().unwrap();
            end.set_read_timeout(Some(std::time::Duration::from_millis(1))).unwrap(); let _ = end.read(&mut [0]); }";
    assert_eq!(verdict(&grade(in_new(&solution(), sleeps)), "q4.two_threads"), "Panic");
}

#[test]
fn taking_over_the_panic_hook_hides_no_panic() {
    let text = change(&lifo(), "unwrap_or_else(PoisonError::into_inner)\n    }", "unwrap()\n    }");
    let text = in_new(&text, "std::panic::set_hook(Box::new(|_| ()));");
    assert_eq!(verdict(&grade(text), "q4.panics"), "Panic");
}

#[test]
fn our_crates_cannot_be_named() {
    for name in ["drivers", "interleave", "wire", "drivers_model"] {
        let report = grade(lifo() + &format!("\nuse {name} as _;\n"));
        assert_eq!(verdict(&report, "q4.history"), "CompileError", "{name}");
    }
    // In the model world there are libraries to find; there too only `std` and `core` have names.
    assert_eq!(verdict(&grade(lifo() + "\nuse interleave_std as _;\n"), "q4.history"), "CompileError");
}

#[test]
fn a_type_of_its_own_that_equals_everything_equals_nothing() {
    let own = "mod api {\n    #[derive(Debug, Clone, Copy, Eq)]\n    pub enum Event { Added(u64), Removed(u64), Empty }\n    \
        impl PartialEq for Event { fn eq(&self, _: &Self) -> bool { true } }\n}";
    let report = grade(change(&lifo(), "mod api;", own));
    assert_eq!(verdict(&report, "q4.history"), "WrongOrder");
}

#[test]
fn an_endless_loop_uses_up_its_processor_time() {
    let text = change(
        &solution(),
        "let mut state = self.lock();\n        state.numbers.push_back",
        "loop { if std::hint::black_box(false) { break; } }\n        let mut state = self.lock();\n        state.numbers.push_back",
    );
    let report = grade(text);
    assert_eq!(verdict(&report, "q4.no_lost_update"), "Timeout");
    assert_eq!(report.score().earned, 0);
}

#[test]
fn a_flood_of_output_is_stopped() {
    let flood = "for _ in 0..1 { println!(\"{}\", \"x\".repeat(100 << 20)); }";
    assert_all(in_new(&solution(), flood), &["OutputFlood", "pass"]);
    let report = grade(in_new(&solution(), flood));
    assert_eq!(verdict(&report, "q4.history"), "OutputFlood");
}

#[test]
fn a_process_that_is_started_is_seen_and_ended() {
    let starts = "let child = std::process::Command::new(\"/bin/sleep\").arg(\"1007\").spawn(); drop(child);";
    // In the box no program but its own can be executed, so nothing comes of it.
    let outcomes = ["StartedProcess", "pass"];
    let report = grade(in_new(&solution(), starts));
    assert!(outcomes.contains(&verdict(&report, "q4.history").as_str()));
    assert!(!is_running("1007"), "the child is still there");
    let orphan = "let _ = std::process::Command::new(\"/bin/sh\").args([\"-c\", \"/bin/sleep 1008 & exit\"]).status();";
    let report = grade(in_new(&solution(), orphan));
    assert!(outcomes.contains(&verdict(&report, "q4.history").as_str()));
    assert!(!is_running("1008"), "the orphan is still there");
    let itself =
        "let _ = std::env::current_exe().and_then(|own| std::process::Command::new(own).spawn()).map(drop);";
    assert_eq!(verdict(&grade(in_new(&solution(), itself)), "q4.history"), "StartedProcess");
}

/// Whether a process with this argument runs.
fn is_running(argument: &str) -> bool {
    fs::read_dir("/proc").expect("/proc").flatten().any(|item| {
        let line = fs::read(item.path().join("cmdline")).unwrap_or_default();
        line.split(|&byte| byte == 0).any(|word| word == argument.as_bytes())
            && line.starts_with(b"/bin/sleep")
    })
}

#[test]
fn a_process_that_was_waited_for_is_seen_too() {
    let runs = "let _ = std::env::current_exe().and_then(|own| std::process::Command::new(own).status());";
    assert_eq!(verdict(&grade(in_new(&solution(), runs)), "q4.history"), "StartedProcess");
}

#[test]
fn a_program_that_is_started_inherits_no_way_to_the_judge() {
    // If the child saw a socket, the list would lose its numbers.
    let asks = "let sees = std::process::Command::new(\"/bin/ls\").args([\"-l\", \"/proc/self/fd\"]).output();\n        \
        if sees.is_ok_and(|seen| String::from_utf8_lossy(&seen.stdout).contains(\"socket:\")) { return Self { state: Mutex::new(State { numbers: VecDeque::from([1]), history: Vec::new() }) } }";
    assert_all(in_new(&solution(), asks), &["StartedProcess", "pass"]);
}

#[test]
fn what_the_compiler_reads_besides_the_answer_is_refused() {
    let theirs = root().join("solutions/q4_locked_list/src/lib.rs");
    let plain = format!("#[path = {theirs:?}]\nmod theirs;\npub use theirs::*;\n");
    assert_all(plain, &["Refused"]);
    // From here on in a way that the screen does not see.
    let borrowed = format!(
        "macro_rules! at {{ ($place:meta) => {{ #[$place] mod theirs; }} }}\nat!(path = {theirs:?});\npub use theirs::*;\n"
    );
    // Hidden, it does not compile; visible, it is refused.
    assert_all(borrowed, &["CompileError", "Refused"]);
    let call = "\nmacro_rules! call { ($name:ident, $what:literal) => { $name!($what) } }\n";
    let secret = "pub const SECRET: &str = call!(include_str, \"/etc/hostname\");\n";
    assert_all(solution() + call + secret, &["CompileError", "Refused"]);
    // What the compiler may read for itself is still not the answer's.
    let system = "pub const SYSTEM: &str = call!(include_str, \"/usr/lib/os-release\");\n";
    assert_all(solution() + call + system, &["Refused"]);
    let variable = "pub const WHO: Option<&str> = call!(option_env, \"HOME\");\n";
    assert_all(solution() + call + variable, &["Refused"]);
    // Without an end, from a device, and from standard input, which is empty.
    for device in ["/dev/zero", "/dev/stdin", "/proc/self/environ"] {
        let endless = format!("pub const ALL: &[u8] = call!(include_bytes, {device:?});\n");
        assert_all(solution() + call + &endless, &["CompileError", "Refused"]);
    }
}

#[test]
fn an_answer_that_takes_the_compiler_for_ever_does_not_compile() {
    let doubles = "macro_rules! doubles { ($($x:tt)*) => { doubles!($($x)* $($x)*); } }\n";
    let bomb = format!("#![recursion_limit = \"1000\"]\n{}\n{doubles}doubles!(a);\n", solution());
    let report = grade(bomb);
    let Verdict::Fail(finding) = &report.checks[0].verdict else { panic!("{:?}", report.checks[0].verdict) };
    assert!(finding.headline.contains("it takes more than"), "{}", finding.headline);
}

#[test]
fn a_compiler_that_runs_out_of_memory_or_crashes_says_so() {
    // The type doubles in size 40 times.
    let nested = (0..40).map(|n| format!("type T{} = (T{n}, T{n});\n", n + 1)).collect::<String>();
    let huge = format!("{}\ntype T0 = u8;\n{nested}pub fn huge(t: T40) -> T40 {{ t }}\n", solution());
    assert_all(huge, &["CompileError"]);
    let deep = "(".repeat(60_000) + "0" + &")".repeat(60_000);
    assert_all(format!("{}\npub const DEEP: u64 = {deep};\n", solution()), &["CompileError"]);
    let spins = "\n#[allow(long_running_const_eval)]\npub const SPIN: u64 = { let mut n = 0; while n < u64::MAX { n += 1 } n };\n";
    assert_all(solution() + spins, &["CompileError"]);
}

#[test]
fn memory_without_an_end_is_stopped() {
    let grows = "let mut all: Vec<Vec<u8>> = Vec::new(); loop { all.push(vec![1; 1 << 20]); if all.len() > 1 << 20 { break; } }";
    let report = grade(in_new(&solution(), grows));
    assert!(["OutOfMemory", "EarlyExit", "Timeout"].contains(&verdict(&report, "q4.history").as_str()));
    assert_eq!(report.score().earned, 0);
}

#[test]
fn descriptors_left_open_are_counted() {
    let leaks = "std::mem::forget(std::fs::File::open(\"/dev/null\"));";
    let report = grade(in_new(&solution(), leaks));
    assert_eq!(verdict(&report, "q4.history"), "FdLeak");
    assert!(format!("{:?}", report.checks).contains("open: /dev/null"), "{:?}", report.checks);
}

#[test]
fn shared_memory_left_behind_is_seen_and_removed() {
    let path = format!("/dev/shm/racecourse-test-{}", std::process::id());
    let leaks = format!("let _ = std::fs::write({path:?}, [1]);");
    let got = verdict(&grade(in_new(&solution(), &leaks)), "q4.history");
    // Without a user of its own for each run nobody can tell whose it is.
    let own_user = Layers::here().own_user;
    assert_eq!(got, if own_user { "ShmLeak" } else { "pass" });
    assert_eq!(Path::new(&path).exists(), !own_user);
    let _ = fs::remove_file(&path);
}

#[test]
fn waiting_for_what_never_comes_is_a_proven_hang_or_a_doubt() {
    // A lock that is taken twice: the model world says so, with the line.
    let text = change(
        &solution(),
        "self.lock().numbers.len()",
        "{ let _held = self.lock(); self.lock().numbers.len() }",
    );
    assert_eq!(verdict(&grade(text), "q4.counts"), "SelfDeadlock");
}

#[test]
fn std_that_the_explorer_does_not_know_is_a_gap_and_costs_nothing() {
    // Old, but still std; the explorer does not have it.
    let gap = "\n/// Rests.\n#[allow(deprecated)]\npub fn rest() { std::thread::sleep_ms(1) }\n";
    let report = grade(solution() + gap);
    assert_eq!(verdict(&report, "q4.history"), "EngineGap");
    assert_eq!((report.score().earned, report.score().open), (0, 90));
    // A wrong answer stays wrong: the real world says so.
    assert_eq!(verdict(&grade(lifo() + gap), "q4.history"), "WrongOrder");
}

#[test]
fn what_does_not_compile_says_why_in_three_lines() {
    let report = grade(change(&solution(), "VecDeque<u64>", "VecDeque<u32>"));
    let Verdict::Fail(finding) = &report.checks[0].verdict else { panic!("{:?}", report.checks[0].verdict) };
    assert!(
        finding.headline.starts_with("the answer does not compile: mismatched types"),
        "{}",
        finding.headline
    );
    assert!((1..=3).contains(&finding.evidence.len()), "{:?}", finding.evidence);
    assert!(finding.evidence[0].starts_with("src/lib.rs:"), "{:?}", finding.evidence);
}

#[test]
fn what_lacks_a_method_is_told_so() {
    let report = grade(change(&solution(), "pub fn is_empty", "pub fn has_nothing"));
    let Verdict::Fail(finding) = &report.checks[0].verdict else { panic!("{:?}", report.checks[0].verdict) };
    assert!(finding.headline.contains("does not offer what the question asks for"), "{}", finding.headline);
    assert!(finding.headline.contains("is_empty"), "{}", finding.headline);
}

#[test]
fn no_process_finds_what_another_one_has_left() {
    // Boxes are used again: this answer would lose its marks in one in which its own file still lies.
    let remembers = r#"let me = std::process::id().to_string();
        match std::fs::read_to_string("was-here") {
            Ok(who) => assert_eq!(who, me, "somebody was here"),
            Err(_) => std::fs::write("was-here", &me).expect("room for a file"),
        }"#;
    assert_all(in_new(&solution(), remembers), &["pass"]);
}
