//! The commands as their users meet them: words, exit codes, and what goes to which stream.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn xtask(args: &[&str]) -> Ran {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).output().expect("xtask starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().expect("an exit code"), out: text(stdout), err: text(stderr) }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course")
}

fn impostor(name: &str) -> String {
    root().join("grader/impostors/q4_locked_list").join(name).display().to_string()
}

/// A folder for one test; removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("racecourse-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("src")).expect("a folder");
        Self(path)
    }

    fn with(self, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.join("src/lib.rs"), text).expect("a file");
        self
    }

    fn grade(&self) -> Ran {
        xtask(&["grade", "q4", "--path", &self.0.display().to_string()])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_path_without_an_answer_is_a_usage_error() {
    let gone = xtask(&["grade", "q4", "--path", "/no/such/folder"]);
    assert_eq!((gone.code, gone.out.as_str()), (2, ""));
    assert!(gone.err.contains("cannot read `/no/such/folder`"), "{}", gone.err);
    let empty = Folder::new("empty").grade();
    assert_eq!((empty.code, empty.out.as_str()), (2, ""));
    assert!(empty.err.contains("holds no answer to q4"), "{}", empty.err);
    let unknown = xtask(&["grade", "q99"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.err.contains("there is no question `q99`; there is: q1 (q1_threads_or_processes), "),
        "{}",
        unknown.err
    );
}

#[test]
fn a_file_that_is_no_answer_is_refused_with_a_reason() {
    let cases: [(&str, Vec<u8>, &str); 2] = [
        ("binary", vec![0xff, 0xfe, 0x00], "is not UTF-8 text"),
        ("huge", vec![b'/'; 10 << 20], "is too large"),
    ];
    for (name, text, reason) in cases {
        let ran = Folder::new(name).with(text).grade();
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.out.contains("REFUSED") && ran.out.contains(reason), "{}", ran.out);
    }
    let link = Folder::new("link");
    std::os::unix::fs::symlink("/etc/hostname", link.0.join("src/lib.rs")).expect("a link");
    let ran = link.grade();
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("is reached through a link"), "{}", ran.out);
}

#[test]
fn a_whole_course_and_a_single_file_are_found_too() {
    let course = Folder::new("course");
    let inside = course.0.join("exercises/q4_locked_list/src");
    fs::create_dir_all(&inside).expect("folders");
    fs::write(inside.join("lib.rs"), "nonsense").expect("a file");
    let file = inside.join("lib.rs").display().to_string();
    for ran in [course.grade(), xtask(&["grade", "q4", "--path", &file])] {
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("CompileError: the answer does not compile"), "{}", ran.out);
        assert!(ran.out.lines().count() < 15, "a short report: {}", ran.out);
    }
}

#[test]
fn the_stub_is_not_started_and_nobody_is_told_of_panics() {
    // The stub as it is handed out, wherever the working copy stands.
    let question = grader::catalogue::find("q4").expect("q4");
    let ran = Folder::new("stub").with(question.stub[0].1).grade();
    assert_eq!(ran.code, 1);
    // Nine checks, and the quiz.
    assert_eq!(ran.out.matches("TODO").count(), 10, "{}", ran.out);
    assert!(ran.out.contains("score 0/100"), "{}", ran.out);
    assert!(!format!("{}{}", ran.out, ran.err).contains("panicked"), "{}{}", ran.out, ran.err);
}

#[test]
fn json_is_one_document_and_says_what_the_report_says() {
    let ran = xtask(&["grade", "q4", "--path", &impostor("two_half_locks.rs"), "--format", "json"]);
    assert_eq!(ran.code, 1);
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON document");
    assert_eq!(report["schema"], 1);
    assert!(report["sandbox"]["limits"].is_boolean());
    let question = &report["questions"][0];
    assert_eq!(question["question"], "q4_locked_list");
    assert_eq!(question["score"], serde_json::json!({ "earned": 55, "open": 0, "possible": 90 }));
    let check = &question["checks"][0];
    assert_eq!(check["id"], "q4.no_lost_update");
    assert_eq!(check["points"], serde_json::json!({ "earned": 0, "open": 0, "possible": 20 }));
    assert_eq!((&check["verdict"], &check["fault"]), (&"fail".into(), &"Race".into()));
    assert!(check["headline"].is_string() && check["evidence"].is_array() && check["replay"].is_string());
    assert_eq!(check["in_process"], true);
    assert!(question["checks"][2]["replay"].is_null());
}

#[test]
fn the_same_seed_tells_the_same_story_and_replay_tells_it_again() {
    let path = impostor("ab_ba_locks.rs");
    let grade = || xtask(&["grade", "q4", "--path", &path, "--seed", "5eed"]);
    let (first, second) = (grade(), grade());
    assert_eq!(first.out, second.out);
    let again =
        first.out.lines().find_map(|line| line.trim().strip_prefix("see it again:  cargo xtask replay q4 "));
    let code = again.and_then(|rest| rest.strip_suffix(&format!(" --path {path}"))).expect("a replay code");
    let replay = || xtask(&["replay", "q4", code, "--path", &path]);
    let (again, once_more) = (replay(), replay());
    assert_eq!(again.code, 1);
    assert_eq!(again.out, once_more.out);
    let story = |text: &str| -> Vec<String> {
        text.lines()
            .skip_while(|line| !line.contains("Deadlock: "))
            .take_while(|line| !line.contains("what it means"))
            .map(str::to_owned)
            .collect()
    };
    assert!(story(&first.out).len() > 10, "{}", first.out);
    assert_eq!(story(&first.out), story(&again.out));
}

#[test]
fn a_replay_of_an_answer_that_was_mended_says_so() {
    let path = root().join("solutions/q4_locked_list").display().to_string();
    let ran = xtask(&["replay", "q4", "history-m1-00005eed-3-40", "--path", &path]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("nothing goes wrong in this schedule any more"), "{}", ran.out);
    let nonsense = xtask(&["replay", "q4", "no-code"]);
    assert_eq!(nonsense.code, 2);
    assert!(nonsense.err.contains("copy it from the line"), "{}", nonsense.err);
}

#[test]
fn hints_words_and_questions_are_shown() {
    let hints: Vec<String> = ["1", "2", "3"].map(|level| xtask(&["hint", "q4", level]).out).into();
    assert!(hints[0].contains("More: cargo xtask hint q4 2"), "{}", hints[0]);
    assert!(!hints[2].contains("More:"), "{}", hints[2]);
    let part = xtask(&["hint", "q5", "2", "--part", "queue"]).out;
    assert!(part.starts_with("Hint 2 of 3 for q5: `queue`"), "{part}");
    assert!(part.contains("More: cargo xtask hint q5 3 --part queue"), "{part}");
    assert_eq!(xtask(&["hint", "q4", "4"]).code, 2);
    assert!(xtask(&["explain", "race"]).out.starts_with("# Race: "));
    assert_eq!(xtask(&["explain", "Bogus"]).code, 2);
    assert_eq!(xtask(&["explain"]).out.lines().count(), grader::fault::Fault::ALL.len());
    assert!(xtask(&["list"]).out.contains("exercises/q4_locked_list/README.md"));
}

#[test]
fn help_is_no_error_and_a_wrong_flag_is() {
    let help = xtask(&["--help"]);
    assert_eq!(help.code, 0);
    for command in ["grade", "replay", "hint", "explain", "reset", "list", "check", "bench"] {
        assert!(help.out.contains(command), "{command}: {}", help.out);
    }
    let wrong = xtask(&["grade", "--fastest"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
}

#[test]
fn signals_that_the_judge_was_started_to_ignore_are_not_ignored_in_answers() {
    // As `nohup` does, and what starts services.
    let grade = format!("trap '' HUP TERM; exec {} grade q3 --solutions", env!("CARGO_BIN_EXE_xtask"));
    let output = Command::new("sh").args(["-c", &grade]).output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
}
