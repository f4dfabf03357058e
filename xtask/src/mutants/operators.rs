//! Changes that make a concurrent program wrong in the ways in which people do, one line at a time.
//!
//! Works on lines of text, so it knows neither types nor scopes: what does not compile is no mutant. Comments are left alone.

/// A change of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// The file.
    pub(crate) file: String,
    /// Line numbers count from 1.
    pub(crate) line: usize,
    /// What kind of change.
    pub(crate) operator: &'static str,
    /// The line as it was, trimmed.
    pub(crate) old: String,
    /// The line as it is, trimmed; empty if it is gone.
    pub(crate) new: String,
    /// The whole file.
    pub(crate) text: String,
}

/// Replaces one text by another, wherever it stands.
struct Swap(&'static str, &'static str, &'static str);

/// What is replaced: the operator's name, the old words, the new ones.
const SWAPS: &[Swap] = &[
    Swap("one for all", "notify_all()", "notify_one()"),
    Swap("if for while", "while ", "if "),
    Swap("weaker ordering", "Ordering::Acquire", "Ordering::Relaxed"),
    Swap("weaker ordering", "Ordering::Release", "Ordering::Relaxed"),
    Swap("weaker ordering", "Ordering::AcqRel", "Ordering::Relaxed"),
    Swap("weaker ordering", "Ordering::SeqCst", "Ordering::Relaxed"),
    Swap("poison not healed", ".unwrap_or_else(PoisonError::into_inner)", ".unwrap()"),
    Swap("off by one", " < ", " <= "),
    Swap("off by one", " <= ", " < "),
    Swap("off by one", " > ", " >= "),
    Swap("off by one", " >= ", " > "),
    Swap("off by one", " == 0", " == 1"),
    Swap("off by one", "-= 1", "-= 0"),
    Swap("off by one", "+= 1", "+= 2"),
    Swap("off by one", " + 1", ""),
    Swap("other end", "pop_front()", "pop_back()"),
    Swap("other end", "push_back(", "push_front("),
    Swap("opposite", " == ", " != "),
    Swap("opposite", " != ", " == "),
    Swap("opposite", "true", "false"),
    Swap("opposite", "false", "true"),
    Swap("opposite", "is_some()", "is_none()"),
    Swap("opposite", "is_none()", "is_some()"),
    Swap("opposite", "if !", "if "),
    Swap("opposite", "while !", "while "),
    Swap("and for or", " && ", " || "),
    Swap("or for and", " || ", " && "),
    Swap("whole limit again", ".saturating_sub(start.elapsed())", ""),
];

/// Statements that are left out: the operator's name, and what the line must hold. It must be a statement of its own.
const DROPS: &[(&str, &[&str])] = &[
    ("no wake-up", &["notify_one();", "notify_all();", "unpark();"]),
    ("no join", &[".join();"]),
    ("lock held longer", &["drop("]),
    ("step left out", &[" = true;", " = false;", " = None;", " += 1;", " -= 1;", ".clear();", ".set("]),
];

/// All mutants of a file.
pub(crate) fn mutants(file: &str, text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (place, &line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        if code.trim().is_empty() || code.trim_start().starts_with(['#', '/']) || code.contains("use ") {
            continue;
        }
        let mut add = |operator: &'static str, new: Option<String>| {
            let mut changed: Vec<&str> = lines.clone();
            let kept = new.clone().unwrap_or_default();
            match &new {
                Some(_) => changed[place] = &kept,
                None => drop(changed.remove(place)),
            }
            all.push(Mutant {
                file: file.to_owned(),
                line: place + 1,
                operator,
                old: line.trim().to_owned(),
                new: kept.trim().to_owned(),
                text: changed.join("\n") + "\n",
            });
        };
        for Swap(operator, old, new) in SWAPS {
            for (at, _) in code.match_indices(old) {
                add(operator, Some(format!("{}{new}{}", &line[..at], &line[at + old.len()..])));
            }
        }
        let statement = code.trim();
        let whole =
            statement.ends_with(';') && !statement.starts_with("let ") && !statement.starts_with("return");
        let ignored = statement.starts_with("let _ =");
        if (whole || ignored) && balanced(statement) {
            let named = DROPS.iter().find(|(_, marks)| marks.iter().any(|mark| code.contains(mark)));
            add(named.map_or("statement left out", |(operator, _)| operator), None);
        }
        if let Some(copy) = copied(line) {
            add("works on a copy", Some(copy));
        }
        if let Some(next) = lines.get(place + 1)
            && takes_lock(line)
            && takes_lock(next)
        {
            let mut changed = lines.clone();
            changed.swap(place, place + 1);
            all.push(Mutant {
                file: file.to_owned(),
                line: place + 1,
                operator: "other order of locks",
                old: line.trim().to_owned(),
                new: next.trim().to_owned(),
                text: changed.join("\n") + "\n",
            });
        }
    }
    all
}

fn takes_lock(line: &str) -> bool {
    line.trim_start().starts_with("let ") && line.contains("lock(") && line.trim_end().ends_with(';')
}

/// A guard, `let mut NAME = LOCK;`, replaced by a copy of what it guards.
fn copied(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("let mut ")?;
    let (name, lock) = rest.strip_suffix(';')?.split_once(" = ")?;
    let is_lock = lock.contains("lock(") && balanced(lock);
    is_lock.then(|| format!("{before}let {name} = &mut (*{lock}).clone();"))
}

/// Whether a statement stands on one line.
fn balanced(statement: &str) -> bool {
    let count = |mark: char| statement.matches(mark).count();
    count('(') == count(')') && count('{') == count('}') && !statement.starts_with(['.', ')', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_a_mutant_of_its_own_and_comments_are_none() {
        let text = "fn f() {\n    // while it waits\n    while *free == 0 {\n        wait();\n    }\n    all.notify_all();\n}\n";
        let found = mutants("src/a.rs", text);
        let kinds: Vec<&str> = found.iter().map(|mutant| mutant.operator).collect();
        let expected =
            ["if for while", "off by one", "opposite", "statement left out", "one for all", "no wake-up"];
        assert_eq!(kinds, expected);
        assert_eq!(found[0].new, "if *free == 0 {");
        assert_eq!(found[5].text.lines().count(), text.lines().count() - 1);
        assert!(found.iter().all(|mutant| mutant.text != text));
    }

    #[test]
    fn a_guard_becomes_a_copy_and_a_statement_goes() {
        let found =
            mutants("src/a.rs", "    let mut number = self.lock();\n    *number = change(*number);\n");
        assert_eq!(found[0].new, "let number = &mut (*self.lock()).clone();");
        assert_eq!((found[1].operator, found[1].new.as_str()), ("statement left out", ""));
    }

    #[test]
    fn two_locks_in_a_row_are_swapped() {
        let text = "    let a = lock(&first);\n    let b = lock(&second);\n";
        let found = mutants("src/a.rs", text);
        assert_eq!(found[0].text, "    let b = lock(&second);\n    let a = lock(&first);\n");
    }
}
