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

/// The sentences of a piece's checks: what stands in quotes, as far as no part of it is filled in.
fn sentences(piece: &Question) -> BTreeSet<String> {
    let folder = root().join("grader/questions").join(piece.slug).join(piece.part.as_deref().unwrap_or(""));
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
fn solution_lines(piece: &Question) -> BTreeSet<String> {
    let lines = |folder: &str| -> BTreeSet<String> {
        let texts = piece.files.iter().map(|file| read(&root().join(folder).join(piece.slug).join(file)));
        let lines: Vec<String> =
            texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        lines.iter().map(|line| line.trim().to_owned()).filter(|line| line.len() >= 40).collect()
    };
    &lines("solutions") - &lines("exercises")
}

/// How many markers there are: of sentences, of lines.
type Markers = (usize, usize);

/// Builds and grades one impostor of a piece, and finds no marker in what comes of it.
fn nothing_is_given_away(workshop: &Workshop, piece: &Question, judge: &str) -> Markers {
    let (mut sentences, lines) = (sentences(piece), solution_lines(piece));
    // Markers are what the judge's own program holds: so the search finds them where they are.
    sentences.retain(|words| judge.contains(words.as_str()));

    // What it is told about its faults must not give away the solution.
    let samples = bank::samples(root(), piece).expect("the bank");
    let lost = |sample: &bank::Sample| match &sample.expected {
        bank::Expected::Loses(lost) => lost.len(),
        _ => 0,
    };
    let sample = samples.iter().max_by_key(|sample| lost(sample)).expect("an impostor");
    assert!(lost(sample) >= 1, "{} has no impostor", piece.driver());
    let answer = sample.read(root(), piece).expect("a sample").expect("an answer");
    // What the answer says itself, as it is told to, is no secret.
    let own_words: String = answer.files.iter().map(|(_, text)| text.as_str()).collect();
    sentences.retain(|words| !own_words.contains(words.as_str()));
    let built = build::build(workshop, piece, &answer).expect("built");
    for world in [experiment::World::Real, experiment::World::Model] {
        let Outcome::Program(program) = built.outcome(world) else { continue };
        let program = text_of(program);
        let found: Vec<_> =
            sentences.iter().chain(&lines).filter(|words| program.contains(words.as_str())).collect();
        assert!(found.is_empty(), "{}, {world:?}: {found:#?}", piece.driver());
    }
    let graded = grade::judge_built(workshop, piece, &built, Settings::new(7), &|_| ()).expect("graded");
    let report = Report { layers: workshop.sandbox.layers.clone(), questions: vec![graded] };
    for text in [report::human(&report, Style::Plain), report::json(&report).to_string()] {
        // What the impostor shares with the solution is its own.
        let found: Vec<_> = lines
            .iter()
            .filter(|line| text.contains(line.as_str()) && !own_words.contains(line.as_str()))
            .collect();
        assert!(found.is_empty(), "{}: {found:#?}", piece.driver());
    }
    (sentences.len(), lines.len())
}

#[test]
fn checks_and_solutions_are_in_no_respondent_and_in_no_report() {
    let judge = text_of(&std::env::current_exe().expect("a path"));
    let questions = catalogue::questions().expect("the catalogue");
    let workshop = Workshop::open(root(), &questions, || ()).expect("this machine can grade");
    for question in &questions {
        let markers: Vec<Markers> =
            question.pieces().iter().map(|piece| nothing_is_given_away(&workshop, piece, &judge)).collect();
        let sum = |one: fn(&Markers) -> usize| markers.iter().map(one).sum::<usize>();
        assert!(sum(|both| both.0) >= 8 && sum(|both| both.1) >= 20, "{}: {markers:?}", question.slug);
        assert!(markers.iter().all(|both| both.1 >= 4), "{}: {markers:?}", question.slug);
    }
}
