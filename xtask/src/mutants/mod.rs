//! `mutants`: are the checks as good as they should be? Each reference solution is made wrong at one place at a time, and
//! graded: a mutant that keeps full marks is a hole in a check, or no fault at all, and then a line in
//! `grader/mutants/equivalent.txt` says why.

mod operators;

use crate::{course, shell};
use clap::ArgMatches;
use grader::build::Workshop;
use grader::catalogue::{Kind, Question};
use grader::exit::Exit;
use grader::grade::{self, Settings};
use grader::submission::{self, Submission};
use grader::verdict::Verdict;
use grader::{GraderError, Result, bank, lanes};
use operators::Mutant;
use std::fs;
use std::thread;

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It does not compile.
    NotViable,
    /// It lost points, for this check and fault.
    Killed(String),
    /// The judge could not say.
    Unsure,
    /// It has full marks, and somebody has said why that is right.
    Equivalent(String),
    /// It has full marks.
    Survived,
}

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let questions = course::questions(flags)?;
    let part = flags.get_one::<String>("part");
    let reasons = reasons()?;
    let workshop = course::workshop(&questions)?;
    let (mut killed, mut viable, mut explained) = (0, 0, 0);
    let threads = |piece: &Question| piece.kind == Kind::Threads;
    for piece in questions.iter().flat_map(Question::pieces).filter(threads) {
        if part.is_some_and(|part| piece.part_name() != part) {
            continue;
        }
        let folder = course::root().join("solutions").join(piece.slug);
        let Ok(answer) = submission::read(&piece, &folder)? else {
            return Err(GraderError::course(format!("the solution of {} is refused", piece.driver())));
        };
        let fates = judge_all(&workshop, &piece, &answer, &reasons)?;
        let count = |is_it: fn(&Fate) -> bool| fates.iter().filter(|(_, fate)| is_it(fate)).count();
        let dead = count(|fate| matches!(fate, Fate::Killed(_)));
        let equal = count(|fate| matches!(fate, Fate::Equivalent(_)));
        let all = fates.len() - count(|fate| *fate == Fate::NotViable);
        shell::report(&format!(
            "{}: {all} mutants that compile, {dead} killed, {equal} equivalent, {} left",
            piece.driver(),
            all - dead - equal
        ));
        for (mutant, fate) in &fates {
            let Mutant { file, line, operator, old, new, .. } = mutant;
            match fate {
                Fate::Survived | Fate::Unsure => {
                    let word = if *fate == Fate::Unsure { "unsure" } else { "survived" };
                    shell::report(&format!("  {word}: {file}:{line} {operator}\n    - {old}\n    + {new}"));
                }
                Fate::Killed(by) if flags.get_flag("all") => {
                    shell::report(&format!("  {by}: {file}:{line} {operator}: {new}"));
                }
                Fate::Equivalent(why) if flags.get_flag("all") => {
                    shell::report(&format!("  equivalent: {file}:{line} {operator}: {new}\n    {why}"));
                }
                _ => {}
            }
        }
        killed += dead;
        viable += all;
        explained += equal;
    }
    let share = 100.0 * killed as f64 / (viable - explained).max(1) as f64;
    shell::report(&format!(
        "{killed} of {} mutants killed ({share:.1} %), {explained} more are equivalent",
        viable - explained
    ));
    Ok(if killed + explained == viable { Exit::Full } else { Exit::Lost })
}

/// Why some mutants are no faults: the piece, the old line, the new line, the reason, parted by ` | `.
fn reasons() -> Result<Vec<[String; 4]>> {
    let path = course::root().join("grader/mutants/equivalent.txt");
    let text = fs::read_to_string(&path).map_err(|error| GraderError::file("read", &path, error))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| {
        let parts: Vec<String> = line.split(" | ").map(|part| part.trim().to_owned()).collect();
        parts
            .try_into()
            .map_err(|_| GraderError::course(format!("`{}`: `{line}` has not four parts", path.display())))
    });
    parts.collect()
}

/// Judges the mutants of an answer, several at a time.
fn judge_all(
    workshop: &Workshop,
    piece: &Question,
    answer: &Submission,
    reasons: &[[String; 4]],
) -> Result<Vec<(Mutant, Fate)>> {
    // Further files of a part are another part's own.
    let own = answer.files.iter().take(if piece.part.is_some() { 1 } else { usize::MAX });
    let mutants: Vec<Mutant> = own.flat_map(|(file, text)| operators::mutants(file, text)).collect();
    let lanes = thread::available_parallelism().map_or(1, usize::from);
    let fates = lanes::for_each(mutants.len(), lanes, |place| {
        judge(workshop, piece, answer, &mutants[place], reasons)
    })?;
    Ok(mutants.into_iter().zip(fates).collect())
}

fn judge(
    workshop: &Workshop,
    piece: &Question,
    answer: &Submission,
    mutant: &Mutant,
    reasons: &[[String; 4]],
) -> Result<Fate> {
    let mut changed = answer.clone();
    for (file, text) in &mut changed.files {
        if *file == mutant.file {
            text.clone_from(&mutant.text);
        }
    }
    let settings = Settings { lanes: 1, ..Settings::new(course::fresh_seed()?) };
    let report = grade::grade(workshop, piece, &Ok(changed), settings, &|_| ())?;
    let first = |is_it: fn(&Verdict) -> bool| report.checks.iter().find(|check| is_it(&check.verdict));
    if let Some(check) = first(|verdict| matches!(verdict, Verdict::Fail(_) | Verdict::Refused(_))) {
        let cell = bank::cell(&check.verdict);
        let fate = if cell == "CompileError" {
            Fate::NotViable
        } else {
            Fate::Killed(format!("{} {cell}", check.id))
        };
        return Ok(fate);
    }
    if first(|verdict| matches!(verdict, Verdict::Inconclusive(_))).is_some() {
        return Ok(Fate::Unsure);
    }
    let name = piece.driver();
    let known = reasons
        .iter()
        .find(|[whose, old, new, _]| *whose == name && *old == mutant.old && *new == mutant.new);
    Ok(known.map_or(Fate::Survived, |[.., why]| Fate::Equivalent(why.clone())))
}
