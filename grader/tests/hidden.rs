//! What an answer, and whoever reads a report, must not get to see: the checks and the solutions.
//!
//! Markers are taken from the course itself: the sentences that checks speak of faults in, and lines of the
//! reference solutions. They are looked for in the respondents' programs and in reports.

use grader::build::{self, Outcome, Workshop};
use grader::catalogue::{self, Question};
use grader::grade::{self, Settings};
use grader::report::{self, Report, Style};
use grader::{bank, experiment};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").flatten().map(|item| item.path()).collect();
    all.retain(|path| path.extension().is_some_and(|kind| kind == "rs"));
    all
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a text")
}

/// The text that there is in a program.
fn text_of(program: &Path) -> String {
    String::from_utf8_lossy(&fs::read(program).expect("a program")).into_owned()
}

/// The sentences of a question's checks: what stands in quotes, as far as no part of it is filled in.
fn sentences(question: &Question) -> BTreeSet<String> {
    let folder = root().join("grader/questions").join(question.slug);
    // What the respondent has too: the driver, and the words that both share.
    let shared = |path: &PathBuf| path.ends_with("driver.rs") || path.ends_with("words.rs");
    let judged = files(&folder).into_iter().filter(|path| !shared(path));
    let mut all = BTreeSet::new();
    for text in judged.map(|path| read(&path)) {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let quoted = line.split('"').skip(1).step_by(2);
            all.extend(
                quoted.filter(|words| words.len() >= 24 && !words.contains(['{', '\\'])).map(str::to_owned),
            );
        }
    }
    all
}

/// Lines of the reference solution that students are not given.
fn solution_lines(question: &Question) -> BTreeSet<String> {
    let lines = |folder: PathBuf| -> BTreeSet<String> {
        let texts = files(&folder.join("src")).into_iter().map(|path| read(&path));
        let lines: Vec<String> =
            texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        lines.iter().map(|line| line.trim().to_owned()).filter(|line| line.len() >= 40).collect()
    };
    let given = lines(root().join("exercises").join(question.slug));
    &lines(root().join("solutions").join(question.slug)) - &given
}

#[test]
fn checks_and_solutions_are_in_no_respondent_and_in_no_report() {
    let own = text_of(&std::env::current_exe().expect("a path"));
    let questions = catalogue::questions().expect("the catalogue");
    let workshop = Workshop::open(root(), &questions, || ()).expect("this machine can grade");
    for question in &questions {
        let (mut sentences, lines) = (sentences(question), solution_lines(question));
        // Markers are what the judge's own program holds: so the search finds them where they are.
        sentences.retain(|words| own.contains(words.as_str()));
        assert!(lines.len() >= 20, "{}", question.slug);

        // Any impostor: what it is told about its faults must not give away the solution.
        let samples = bank::samples(root(), question).expect("the bank");
        let wrong = |sample: &&bank::Sample| matches!(&sample.expected, bank::Expected::Loses(lost) if lost.len() > 1);
        let sample = samples.iter().rfind(wrong).expect("an impostor");
        let answer = sample.read(root(), question).expect("a sample").expect("an answer");
        // What the answer says itself, as it is told to, is no secret.
        let own_words: String = answer.files.iter().map(|(_, text)| text.as_str()).collect();
        sentences.retain(|words| !own_words.contains(words.as_str()));
        assert!(sentences.len() >= 8, "{}: {sentences:#?}", question.slug);
        let built = build::build(&workshop, question, &answer).expect("built");
        for world in [experiment::World::Real, experiment::World::Model] {
            let Outcome::Program(program) = built.outcome(world) else { continue };
            let program = text_of(program);
            let found: Vec<_> =
                sentences.iter().chain(&lines).filter(|words| program.contains(words.as_str())).collect();
            assert!(found.is_empty(), "{}, {world:?}: {found:#?}", question.slug);
        }
        let graded =
            grade::judge_built(&workshop, question, &built, Settings::new(7), &|_| ()).expect("graded");
        let report = Report { layers: workshop.sandbox.layers.clone(), questions: vec![graded] };
        for text in [report::human(&report, Style::Plain), report::json(&report).to_string()] {
            // What the impostor shares with the solution is its own.
            let found: Vec<_> = lines.iter().filter(|line| text.contains(line.as_str())).collect();
            assert!(found.is_empty(), "{}: {found:#?}", question.slug);
        }
    }
}
