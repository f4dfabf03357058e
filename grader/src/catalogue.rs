//! The questions: what `exercise.toml` says of each, and the rules of its checks.
//!
//! Everything is compiled in, so that nobody changes points by editing a file beside the answer.

use crate::error::{GraderError, Result};
use crate::experiment::Rules;
use crate::trial::TrialRules;
use toml::de::{DeTable, DeValue};

mod rules {
    //! The rules of all questions, a module each.
    macro_rules! questions {
        ($($kind:ident $slug:ident)*) => {
            $(pub(crate) mod $slug {
                //! The rules of one question.
                #[path = "checks.rs"]
                pub(crate) mod checks;
                #[path = "words.rs"]
                #[allow(dead_code, unreachable_pub, reason = "the driver uses the other half")]
                pub(crate) mod words;
            })*
        };
    }
    include!("../questions/catalogue.rs");
}

/// What a question's `checks.rs` brings along.
pub(crate) struct Source {
    /// The text of `exercise.toml`.
    pub(crate) exercise: &'static str,
    /// The rules of its checks, together or part by part.
    pub(crate) guides: &'static [Guide],
    /// The files that the grader brings along: path and text.
    pub(crate) given: &'static [(&'static str, &'static str)],
    /// The stub as it is handed out: path and text.
    pub(crate) stub: &'static [(&'static str, &'static str)],
}

/// One question of the course, or one part of it.
#[derive(Clone)]
pub struct Question {
    /// The part, if this is one and not the whole question.
    pub part: Option<String>,
    /// Its parts, if it has any: each is compiled and judged apart from the others.
    pub parts: Vec<Part>,
    /// Its name everywhere: folder, package, module, command line.
    pub slug: &'static str,
    /// Its short name, as in `q4`.
    pub short: String,
    /// What it is about.
    pub title: String,
    /// About how long it takes, in minutes, if that is known.
    pub minutes: Option<u32>,
    /// Threads or processes.
    pub kind: Kind,
    /// Which of our libraries it is compiled against.
    pub stock: Stock,
    /// The crates that answers may use.
    pub crates: Vec<String>,
    /// Whether arithmetic that overflows panics by itself, as in a debug build.
    pub overflow_checks: bool,
    /// The files that are read from a submission.
    pub files: Vec<String>,
    /// The files that the grader brings along: path and text.
    pub given: Vec<(&'static str, &'static str)>,
    /// The stub as it is handed out: path and text.
    pub stub: &'static [(&'static str, &'static str)],
    /// Its promises, in the order of the report.
    pub checks: Vec<Check>,
    /// From a nudge to the shape of the answer.
    pub hints: Vec<String>,
    /// What full marks do not prove.
    pub proves_not: Vec<String>,
}

/// A part of a question.
#[derive(Clone)]
pub struct Part {
    /// Its name, as in `semaphore`.
    pub name: String,
    /// Its files: they use nothing of the other parts.
    pub files: Vec<String>,
    /// Threads or processes.
    pub kind: Kind,
    /// Which of our libraries it is compiled against.
    pub stock: Stock,
    /// The crates that it may use.
    pub crates: Vec<String>,
    /// Whether arithmetic that overflows panics by itself.
    pub overflow_checks: bool,
    /// Given files of its own: no part has them that does not name them.
    pub given: Vec<String>,
    /// From a nudge to the shape of the answer.
    pub hints: Vec<String>,
}

/// One promise, worth points.
#[derive(Clone)]
pub struct Check {
    /// The part that it belongs to, if the question has parts.
    pub part: Option<String>,
    /// As in `q4.no_lost_update`.
    pub id: String,
    /// The promise in words.
    pub title: String,
    /// What it is worth.
    pub points: u32,
    /// How it is judged: one rule.
    pub(crate) guide: Guide,
}

/// What a question is about, which decides how its answers are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Threads: run in the real world and in the model.
    Threads,
    /// Processes: run in the real world, below a reaper.
    Processes,
}

/// A set of our libraries that answers are compiled against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stock {
    /// For threads: both worlds.
    Threads,
    /// For processes: what is light.
    Processes,
    /// For processes that share data: the whole toolkit and heavy crates, `stock = "sharing"` in `exercise.toml`.
    Sharing,
}

impl Stock {
    fn of(kind: Kind, part: &DeTable<'_>) -> Self {
        match kind {
            _ if text_of(part, "stock").as_deref() == Some("sharing") => Stock::Sharing,
            Kind::Threads => Stock::Threads,
            Kind::Processes => Stock::Processes,
        }
    }
}

/// A marking guide.
#[derive(Clone, Copy)]
pub(crate) enum Guide {
    /// For threads.
    Threads(&'static [Rules]),
    /// For processes.
    Processes(&'static [TrialRules]),
}

impl Guide {
    /// The guide to one check alone.
    fn of(self, check: &str) -> Option<Guide> {
        Some(match self {
            Guide::Threads(all) => Guide::Threads(one(all, |rules| rules.check == check)?),
            Guide::Processes(all) => Guide::Processes(one(all, |rules| rules.check == check)?),
        })
    }

    fn len(self) -> usize {
        match self {
            Guide::Threads(all) => all.len(),
            Guide::Processes(all) => all.len(),
        }
    }
}

fn one<T>(all: &'static [T], is_it: impl Fn(&T) -> bool) -> Option<&'static [T]> {
    all.iter().position(is_it).map(|place| &all[place..=place])
}

impl Check {
    /// The rules, if it is about threads.
    pub(crate) fn rules(&self) -> Option<&'static Rules> {
        match self.guide {
            Guide::Threads(rules) => rules.first(),
            Guide::Processes(_) => None,
        }
    }

    /// The rules, if it is about processes.
    pub(crate) fn trial_rules(&self) -> Option<&'static TrialRules> {
        match self.guide {
            Guide::Threads(_) => None,
            Guide::Processes(rules) => rules.first(),
        }
    }

    /// The id without its question, as in `no_lost_update`.
    pub fn name(&self) -> &str {
        self.id.split_once('.').map_or(self.id.as_str(), |(_, name)| name)
    }
}

impl Question {
    /// What is compiled and judged for itself: the parts, or the question if it has none.
    #[must_use]
    pub fn pieces(&self) -> Vec<Question> {
        if self.parts.is_empty() {
            return vec![self.clone()];
        }
        self.parts.iter().map(|part| self.piece(part)).collect()
    }

    /// The same with this part alone; nothing if it has none of that name.
    #[must_use]
    pub fn only(&self, part: &str) -> Option<Question> {
        let parts: Vec<Part> = self.parts.iter().filter(|known| known.name == part).cloned().collect();
        let piece = self.piece(parts.first()?);
        let Question { files, given, checks, .. } = piece;
        Some(Question { parts, files, given, checks, ..self.clone() })
    }

    fn piece(&self, part: &Part) -> Question {
        let own = |check: &&Check| check.part.as_ref() == Some(&part.name);
        let names = |part: &Part, path: &str| part.given.iter().any(|given| given == path);
        let of_another = |path: &str| !names(part, path) && self.parts.iter().any(|part| names(part, path));
        Question {
            part: Some(part.name.clone()),
            parts: Vec::new(),
            kind: part.kind,
            stock: part.stock,
            crates: part.crates.clone(),
            overflow_checks: part.overflow_checks,
            hints: part.hints.clone(),
            files: part.files.clone(),
            given: self.given.iter().copied().filter(|(path, _)| !of_another(path)).collect(),
            checks: self.checks.iter().filter(own).cloned().collect(),
            ..self.clone()
        }
    }

    /// The piece that a check belongs to.
    #[must_use]
    pub fn piece_of(&self, check: &Check) -> Question {
        let part = self.parts.iter().find(|part| check.part.as_ref() == Some(&part.name));
        part.map_or_else(|| self.clone(), |part| self.piece(part))
    }

    /// The name of the part; of a whole question its slug.
    #[must_use]
    pub fn part_name(&self) -> &str {
        self.part.as_deref().unwrap_or(self.slug)
    }

    /// Its name for the drivers: slug, or short name and part.
    #[must_use]
    pub fn driver(&self) -> String {
        self.part.as_ref().map_or_else(|| self.slug.to_owned(), |part| format!("{}_{part}", self.short))
    }

    /// The crate root of a part alone: the modules of its files, and of those that the grader brings along.
    /// Nothing for a question without parts, which has its own.
    #[must_use]
    pub fn root(&self) -> Option<String> {
        self.part.as_ref()?;
        let given = self.given.iter().map(|&(path, _)| path).filter(|path| *path != ROOT);
        let paths = given.chain(self.files.iter().map(String::as_str));
        let modules = paths.filter_map(|path| path.strip_prefix("src/")?.strip_suffix(".rs")).map(module);
        Some(modules.collect())
    }
}

/// The file in which a crate begins.
pub const ROOT: &str = "src/lib.rs";

/// `threads/queue` as declarations of modules.
fn module(path: &str) -> String {
    match path.split_once('/') {
        Some((folder, rest)) => format!("pub mod {folder} {{\n{}}}\n", module(rest)),
        None => format!("pub mod {path};\n"),
    }
}

/// All questions, in the order of the course.
///
/// # Errors
///
/// A course error if an `exercise.toml` and the rules beside it do not fit together.
pub fn questions() -> Result<Vec<Question>> {
    macro_rules! questions {
        ($($kind:ident $slug:ident)*) => {
            [$((stringify!($slug), stringify!($kind), rules::$slug::checks::SOURCE)),*]
        };
    }
    let sources = include!("../questions/catalogue.rs");
    let questions = sources.into_iter().map(|(slug, kind, source)| {
        // Of a mixed one each part says what it is; threads is what it is by itself.
        let kind = if kind == "processes" { Kind::Processes } else { Kind::Threads };
        read(slug, kind, source)
    });
    questions.collect()
}

/// Finds a question by its slug or its short name.
///
/// # Errors
///
/// A usage error that lists what there is.
pub fn find(name: &str) -> Result<Question> {
    let all = questions()?;
    let known = all.iter().map(|q| format!("{} ({})", q.short, q.slug)).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|q| q.slug == name || q.short == name)
        .ok_or_else(|| GraderError::usage(format!("there is no question `{name}`; there is: {known}")))
}

fn read(slug: &'static str, kind: Kind, source: &'static Source) -> Result<Question> {
    let broken = |what: &str| GraderError::course(format!("exercise.toml of {slug}: {what}"));
    let table = DeTable::parse(source.exercise).map_err(|error| broken(&error.to_string()))?;
    let table = table.get_ref();
    let text = |key: &str| text_of(table, key).ok_or_else(|| broken(&format!("`{key}` is missing")));
    let mut checks = Vec::new();
    for check in tables_of(table, "check") {
        let part = |key: &str| text_of(check, key).ok_or_else(|| broken(&format!("a check lacks `{key}`")));
        let id = part("id")?;
        let guide = source.guides.iter().find_map(|guide| guide.of(&id));
        let guide = guide.ok_or_else(|| broken(&format!("no rules for `{id}`")))?;
        let points = number_of(check, "points").ok_or_else(|| broken("a check lacks `points`"))?;
        checks.push(Check { part: text_of(check, "part"), id, title: part("title")?, points, guide });
    }
    if texts_of(table, "given").iter().ne(source.given.iter().map(|(path, _)| path)) {
        return Err(broken("`given` does not list the files that the grader brings along"));
    }
    if checks.len() != source.guides.iter().map(|guide| guide.len()).sum::<usize>() {
        return Err(broken("there are rules without a check"));
    }
    let parts = tables_of(table, "part").map(|part| {
        let is_of_processes = text_of(part, "world").as_deref() == Some("processes");
        let kind = if is_of_processes { Kind::Processes } else { kind };
        Some(Part {
            name: text_of(part, "name")?,
            files: texts_of(part, "files"),
            kind,
            stock: Stock::of(kind, part),
            crates: texts_of(part, "crates"),
            overflow_checks: has_overflow_checks(part),
            given: texts_of(part, "given"),
            hints: texts_of(part, "hints"),
        })
    });
    let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(|| broken("a part lacks `name`"))?;
    let known = |check: &Check| match &check.part {
        Some(part) => parts.iter().any(|known| known.name == *part),
        None => parts.is_empty(),
    };
    if !checks.iter().all(known) {
        return Err(broken("a check belongs to no part"));
    }
    let mut files = texts_of(table, "files");
    for file in parts.iter().flat_map(|part| &part.files) {
        if !files.contains(file) {
            files.push(file.clone());
        }
    }
    Ok(Question {
        part: None,
        parts,
        slug,
        short: text("short")?,
        title: text("title")?,
        minutes: number_of(table, "minutes"),
        kind,
        stock: Stock::of(kind, table),
        crates: texts_of(table, "crates"),
        overflow_checks: has_overflow_checks(table),
        files,
        given: source.given.to_vec(),
        stub: source.stub,
        checks,
        hints: tables_of(table, "hint").filter_map(|hint| text_of(hint, "text")).collect(),
        proves_not: texts_of(table, "proves_not"),
    })
}

pub(crate) fn text_of(table: &DeTable<'_>, key: &str) -> Option<String> {
    Some(table.get(key)?.get_ref().as_str()?.to_owned())
}

/// They are off only where a promise is about overflow itself.
fn has_overflow_checks(table: &DeTable<'_>) -> bool {
    table.get("overflow_checks").and_then(|value| value.get_ref().as_bool()) != Some(false)
}

fn number_of(table: &DeTable<'_>, key: &str) -> Option<u32> {
    table.get(key)?.get_ref().as_integer()?.as_str().parse().ok()
}

pub(crate) fn texts_of(table: &DeTable<'_>, key: &str) -> Vec<String> {
    let items = table.get(key).and_then(|value| value.get_ref().as_array());
    items.into_iter().flatten().filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

pub(crate) fn tables_of<'t, 's>(table: &'t DeTable<'s>, key: &str) -> impl Iterator<Item = &'t DeTable<'s>> {
    let items = table.get(key).and_then(|value| value.get_ref().as_array());
    items.into_iter().flatten().filter_map(|item| match item.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_whole() {
        for question in questions().expect("the course is sound") {
            let points: u32 = question.checks.iter().map(|check| check.points).sum();
            // A question with parts may still lack some.
            let whole = question.parts.is_empty() || ["q1", "q7"].contains(&question.short.as_str());
            assert!(points == 90 || !whole && points < 90, "{}: the quiz brings the other 10", question.slug);
            for piece in question.pieces() {
                assert_eq!(piece.hints.len(), 3, "{}", piece.driver());
                assert!(!piece.checks.is_empty() && !piece.files.is_empty(), "{}", piece.driver());
            }
            assert!(!question.proves_not.is_empty(), "{}", question.slug);
            for check in &question.checks {
                assert!(check.id.starts_with(&format!("{}.", question.short)), "{}", check.id);
            }
        }
    }

    #[test]
    fn an_unknown_question_is_a_usage_error_that_lists_the_known() {
        let error = find("q99").err().expect("there is no q99");
        assert!(error.to_string().contains("q4 (q4_locked_list)"), "{error}");
    }
}
