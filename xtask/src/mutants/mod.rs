//! `mutants`: are the checks as good as they should be? Right answers are made wrong at one place at a time, and graded: a
//! mutant that keeps full marks is a hole in a check, or no fault at all, and then a line in
//! `grader/mutants/equivalent.txt` says why.
//!
//! Knows neither how a line is changed (`operators`, `generic`) nor how a mutant is judged (`fates`).

mod calls;
mod fates;
mod generic;
mod lines;
mod operators;
mod sources;
mod words;

use crate::{course, shell};
use clap::ArgMatches;
use fates::{Bench, Fate};
use grader::Result;
use grader::catalogue::{Kind, Question};
use grader::exit::Exit;
use operators::Mutant;

/// How many mutants came to what.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    all: usize,
    viable: usize,
    noticed: usize,
    equivalent: usize,
}

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let questions = course::questions(flags)?;
    let part = flags.get_one::<String>("part");
    let is_meant = |piece: &Question| {
        // Questions that are about processes as a whole take a minute a mutant.
        (piece.kind == Kind::Threads || piece.part.is_some())
            && part.is_none_or(|part| piece.part_name() == part)
    };
    let bench = Bench::open(&questions)?;
    // Apart, since the operators are made for threads: where processes share pipes, much of what they change does no harm.
    let mut sums = [("parts about threads", Tally::default()), ("parts about processes", Tally::default())];
    for piece in questions.iter().flat_map(Question::pieces).filter(is_meant) {
        let mut of_piece = Tally::default();
        let sources = sources::of(&piece, flags.get_flag("variants"))?;
        for source in &sources {
            let mutants = if flags.get_flag("generic") {
                generic::mutants(&piece, source)?
            } else {
                source.own.iter().flat_map(|(file, text)| operators::mutants(file, text)).collect()
            };
            let fates = course::with_progress(|tell| bench.judge_all(&piece, source, &mutants, tell))?;
            let tally = Tally::of(&fates);
            shell::report(&tally.line(&source.name));
            mutants.iter().zip(&fates).for_each(|(mutant, fate)| tell(mutant, fate, flags.get_flag("all")));
            of_piece.add(tally);
        }
        if sources.len() > 1 {
            shell::report(&of_piece.line(&format!("{} and its variants", piece.driver())));
        }
        sums[usize::from(piece.kind != Kind::Threads)].1.add(of_piece);
    }
    for (name, sum) in sums.iter().filter(|(_, sum)| sum.all > 0) {
        shell::report(&sum.line(name));
    }
    Ok(if sums.iter().all(|(_, sum)| sum.survivors() == 0) { Exit::Full } else { Exit::Lost })
}

/// Shows one mutant; those that were noticed or are no faults only if `all` are wanted.
fn tell(mutant: &Mutant, fate: &Fate, all: bool) {
    let Mutant { file, line, operator, old, new, .. } = mutant;
    match fate {
        Fate::Survived | Fate::Unsure => {
            let word = if *fate == Fate::Unsure { "unsure" } else { "survived" };
            shell::report(&format!("  {word}: {file}:{line} {operator}\n    - {old}\n    + {new}"));
        }
        Fate::Noticed(by) if all => shell::report(&format!("  {by}: {file}:{line} {operator}: {new}")),
        Fate::Equivalent(why) if all => {
            shell::report(&format!("  equivalent: {file}:{line} {operator}: {new}\n    {why}"));
        }
        _ => {}
    }
}

impl Tally {
    fn of(fates: &[Fate]) -> Self {
        let count = |is_it: fn(&Fate) -> bool| fates.iter().filter(|fate| is_it(fate)).count();
        Self {
            all: fates.len(),
            viable: fates.len() - count(|fate| *fate == Fate::NotViable),
            noticed: count(|fate| matches!(fate, Fate::Noticed(_))),
            equivalent: count(|fate| matches!(fate, Fate::Equivalent(_))),
        }
    }

    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.viable += other.viable;
        self.noticed += other.noticed;
        self.equivalent += other.equivalent;
    }

    fn survivors(self) -> usize {
        self.viable - self.noticed - self.equivalent
    }

    /// One row; the share is that of the faults, which is what compiles and is not equivalent.
    fn line(self, name: &str) -> String {
        let Self { all, viable, noticed, equivalent } = self;
        let share = match viable - equivalent {
            0 => String::from("no fault to notice"),
            faults => format!("{:.1} % noticed", 100.0 * noticed as f64 / faults as f64),
        };
        format!(
            "{name}: {all} mutants, {viable} compile, {noticed} noticed, {equivalent} equivalent, {} survive ({share})",
            self.survivors()
        )
    }
}
