//! A new question is folders named by its slug and one line in the catalogue: a throw-away question
//! is added to a copy of the course and graded there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SLUG: &str = "q9_doubler";

#[test]
fn folders_and_one_line_make_a_question() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course");
    let copy = Copy::of(root);
    let fixture = root.join("grader/tests/fixtures").join(SLUG);
    for (kind, code) in [("exercises", "stub.rs"), ("solutions", "solution.rs")] {
        let folder = copy.0.join(kind).join(SLUG);
        fs::create_dir_all(folder.join("src")).expect("a folder");
        fs::copy(fixture.join("exercise").join(code), folder.join("src/lib.rs")).expect("its code");
        fs::copy(fixture.join("exercise/exercise.toml"), folder.join("exercise.toml")).expect("its promises");
        let name = if kind == "exercises" { SLUG.to_owned() } else { format!("{SLUG}_solution") };
        let manifest = format!("[package]\nname = \"{name}\"\nedition.workspace = true\n");
        fs::write(folder.join("Cargo.toml"), manifest).expect("its manifest");
    }
    copy_folder(&fixture.join("grader"), &copy.0.join("grader/questions").join(SLUG));
    let catalogue = copy.0.join("grader/questions/catalogue.rs");
    let list = fs::read_to_string(&catalogue).expect("the catalogue");
    let longer = list.replacen("\n}", &format!("\n    threads {SLUG}\n}}"), 1);
    assert_eq!(longer.lines().count(), list.lines().count() + 1);
    fs::write(&catalogue, longer).expect("one more line");

    let (code, report) = copy.xtask(&["grade", "q9", "--solutions"]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("score 90/90"), "{report}");
    let (code, report) = copy.xtask(&["grade", "q9"]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("TODO"), "{report}");
}

/// A copy of the course without what was built; removed at the end.
struct Copy(PathBuf);

impl Copy {
    fn of(root: &Path) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("copy-{}", std::process::id()));
        for part in [".cargo", "exercises", "grader", "solutions", "xtask"] {
            copy_folder(&root.join(part), &folder.join(part));
        }
        for file in ["Cargo.toml", "Cargo.lock"] {
            fs::copy(root.join(file), folder.join(file)).expect("a manifest");
        }
        Self(folder)
    }

    fn xtask(&self, args: &[&str]) -> (Option<i32>, String) {
        // One target folder for all copies, so that only the first one builds everything.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("copy-target");
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "xtask", "--"])
            .args(args)
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", target)
            .output()
            .expect("cargo starts");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), text.concat())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for item in fs::read_dir(from).expect("a folder").flatten() {
        let (source, target) = (item.path(), to.join(item.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a file");
        }
    }
}
