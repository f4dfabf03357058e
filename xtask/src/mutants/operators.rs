//! Changes that make a concurrent program wrong in the ways in which people do, one place at a time.
//!
//! Works on lines of text, so it knows neither types nor scopes: what does not compile is no mutant. Comments are left alone.

use super::{calls, lines, words};
use std::collections::BTreeSet;

/// A change of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mutant {
    /// The file.
    pub(super) file: String,
    /// Line numbers count from 1.
    pub(super) line: usize,
    /// What kind of change.
    pub(super) operator: String,
    /// The lines as they were, as [`shown`].
    pub(super) old: String,
    /// The lines as they are; empty if they are gone.
    pub(super) new: String,
    /// The whole file.
    pub(super) text: String,
}

/// Some lines, and others to stand in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) operator: &'static str,
    /// The first line; lines count from 0 here.
    pub(super) from: usize,
    /// How many.
    pub(super) count: usize,
    pub(super) new: Vec<String>,
}

impl Change {
    /// A change of one line.
    pub(super) fn line(operator: &'static str, from: usize, new: String) -> Self {
        Self { operator, from, count: 1, new: vec![new] }
    }

    /// Lines that go.
    pub(super) fn gone(operator: &'static str, from: usize, count: usize) -> Self {
        Self { operator, from, count, new: Vec::new() }
    }

    fn apply(&self, file: &str, all: &[&str]) -> Mutant {
        let old = &all[self.from..self.from + self.count];
        let new: Vec<&str> = self.new.iter().map(String::as_str).collect();
        let changed = [&all[..self.from], &new, &all[self.from + self.count..]].concat();
        Mutant {
            file: file.to_owned(),
            line: self.from + 1,
            operator: self.operator.to_owned(),
            old: shown(old),
            new: shown(&new),
            text: changed.join("\n") + "\n",
        }
    }
}

/// All mutants of a file, each once.
pub(super) fn mutants(file: &str, text: &str) -> Vec<Mutant> {
    let all: Vec<&str> = text.lines().collect();
    let code: Vec<String> = all.iter().map(|line| code(line)).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for place in 0..all.len() {
        let words = words::changes(all[place], &code[place]);
        let calls = calls::changes(all[place], &code[place]);
        let inside = words.into_iter().chain(calls).map(|(operator, new)| Change::line(operator, place, new));
        for change in inside.chain(lines::changes(&all, &code, place)) {
            let mutant = change.apply(file, &all);
            if mutant.text != text && seen.insert(mutant.text.clone()) {
                found.push(mutant);
            }
        }
    }
    found
}

/// Lines as `equivalent.txt` has them: trimmed, parted by `\n`, and with no ` | ` in them.
pub(super) fn shown(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" \\n ").replace(" | ", " ¦ ")
}

/// A line in which comments, attributes, imports and the insides of strings are blanks, each byte at its place.
fn code(line: &str) -> String {
    let start = line.trim_start();
    if ["#", "use ", "pub use "].iter().any(|mark| start.starts_with(mark)) {
        return " ".repeat(line.len());
    }
    let mut code = Vec::with_capacity(line.len());
    let (mut in_string, mut escaped) = (false, false);
    for (place, &byte) in line.as_bytes().iter().enumerate() {
        if !in_string && line.as_bytes()[place..].starts_with(b"//") {
            break;
        }
        let is_edge = byte == b'"' && !escaped;
        code.push(if is_edge || !in_string && byte.is_ascii() { byte } else { b' ' });
        in_string ^= is_edge;
        escaped = in_string && byte == b'\\' && !escaped;
    }
    code.resize(line.len(), b' ');
    String::from_utf8(code).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operators and new lines of the mutants.
    fn found(text: &str) -> Vec<(String, String)> {
        mutants("src/a.rs", text).into_iter().map(|mutant| (mutant.operator, mutant.new)).collect()
    }

    fn has(text: &str, operator: &str, new: &str) {
        let all = found(text);
        assert!(all.contains(&(operator.into(), new.into())), "{operator}: `{new}` is none of {all:#?}");
    }

    #[test]
    fn comments_strings_imports_and_attributes_are_left_alone() {
        let text = "//! while it waits\n#[test]\nuse std::sync::{a, b};\nlet a = \"1 == 2\"; // 3 < 4\n";
        let all = found(text);
        assert_eq!(all, [("other words".to_owned(), "let a = \"other\"; // 3 < 4".to_owned())]);
    }

    #[test]
    fn every_mutant_differs_from_the_file_and_from_the_others() {
        let text = "fn f() {\n    while *free == 0 {\n        wait();\n    }\n    all.notify_all();\n}\n";
        let all = mutants("src/a.rs", text);
        let texts: BTreeSet<&str> = all.iter().map(|mutant| mutant.text.as_str()).collect();
        assert_eq!(texts.len(), all.len());
        assert!(!texts.contains(text));
    }

    #[test]
    fn each_rule_changes_what_it_is_for() {
        let cases = [
            ("while *free == 0 {", "if for while", "if *free == 0 {"),
            ("while *free == 0 {", "off by one", "while *free == 1 {"),
            ("x -= 1;", "off by one", "x -= 0;"),
            ("a.0 += 1_u8;", "off by one", "a.0 += 2_u8;"),
            ("all.notify_all();", "one for all", "all.notify_one();"),
            ("let _alone = a.lock();", "guard dropped at once", "let _ = a.lock();"),
            ("if a.is_zero() {", "opposite", "if !(a.is_zero()) {"),
            ("if a && b {", "condition left out", "if a {"),
            ("while !a && b {", "condition left out", "while b {"),
            ("Err(_) if n < m => {", "condition left out", "Err(_) => {"),
            ("sleep(f(x));", "waits too long", "sleep((f(x)) * 2);"),
            ("sleep(x);", "waits too short", "sleep((x) / 2);"),
            ("s = c.wait_timeout(s, left);", "waits too long", "s = c.wait_timeout(s, (left) * 2);"),
            (
                "match catch_unwind(AssertUnwindSafe(|| f(&mut x))) {",
                "panic not caught",
                "match Ok::<_, Box<dyn std::any::Any + Send>>((|| f(&mut x))()) {",
            ),
            (
                "let a = panic::catch_unwind(AssertUnwindSafe(f));",
                "panic not caught",
                "let a = Ok::<_, Box<dyn std::any::Any + Send>>((f)());",
            ),
            ("pool.install(f)", "in no pool", "(f)()"),
            ("a.num_threads(n);", "off by one", "a.num_threads(n + 1);"),
            ("resume_unwind(panic)", "another panic", "panic!(\"another panic\")"),
            ("let a = Arc::clone(&b);", "one of its own", "let a = Arc::default();"),
            ("s = c.wait_while(s, |s| s.a).unwrap();", "condition left out", "s = c.wait(s).unwrap();"),
            ("a.replace(Some(b.c()))", "nothing for something", "a.replace(None)"),
            ("a.f(from, to, x)", "arguments exchanged", "a.f(to, from, x)"),
            (
                "let t = self.n.fetch_add(1, O);",
                "in two steps",
                "let t = { let seen = self.n.load(std::sync::atomic::Ordering::SeqCst); self.n.store(seen + 1, std::sync::atomic::Ordering::SeqCst); seen };",
            ),
            ("*self.lock() += 1;", "in two steps", "let seen = *self.lock(); *self.lock() = seen + 1;"),
            ("log(failure);", "called twice", "{ let _ = log(failure); log(failure) };"),
            ("let a = b.or_else(c);", "call left out", "let a = b;"),
            ("let a = b.expect(c);", "no panic", "let a = b.unwrap_or_default();"),
            ("for a in 1..b.c() {", "off by one", "for a in 1..=b.c() {"),
            ("let x = if a { b } else { c };", "arms exchanged", "let x = if a { c } else { b };"),
            ("a.checked_add(b).ok_or(c)?", "overflow passes", "a.checked_add(b).or(Some(0)).ok_or(c)?"),
        ];
        for (old, operator, new) in cases {
            has(&format!("{old}\n"), operator, new);
        }
    }

    #[test]
    fn whole_lines_go_or_change_places() {
        has(
            "    let mut n = self.lock();\n    *n = f(*n);\n",
            "works on a copy",
            "let n = &mut (*self.lock()).clone();",
        );
        has("    let mut n = self.lock();\n    *n = f(*n);\n", "statement left out", "");
        has("    a.join();\n    b = false;\n", "other order", "b = false; \\n a.join();");
        has("a = 1;\nif b {\n    c();\n}\nd\n", "moved past a block", "if b { \\n c(); \\n } \\n a = 1;");
        has("if b {\n    c();\n}\nd\n", "block left out", "");
        has("    let _a = b();\n    c()\n}\n", "done afterwards", "let end = c(); \\n let _a = b(); \\n end");
        has("A => b(),\nC ¦ D => e,\n", "arms exchanged", "A => e, \\n C ¦ D => b(),");
        has(
            "fn drop(&mut self) {\n}\n",
            "not after a panic",
            "fn drop(&mut self) { \\n if std::thread::panicking() { return; }",
        );
        has(
            "    let mut n = self.lock();\n    let m = f(*n);\n    *n = m;\n",
            "lock let go in between",
            "drop(n); n = self.lock(); \\n *n = m;",
        );
    }

    #[test]
    fn what_cannot_be_noticed_is_left_alone() {
        let cases = [
            ("let _a = b();\n    Ok(())\n}\n", "done afterwards"),
            ("let _a = b();\n    c\n}\n", "done afterwards"),
            ("let held = |n| n;\n    a(held(1));\n", "called twice"),
            ("fn held() {}\nlet a = held();\n", "called twice"),
            ("    a = 1;\n    b = 2;\n", "other order"),
        ];
        for (text, operator) in cases {
            assert!(found(text).iter().all(|(name, _)| name != operator), "{text}");
        }
    }

    #[test]
    fn one_lock_of_two_cannot_be_let_go_before_it_is_taken() {
        let all = found("    let n = self.lock();\n}\nfn f() {\n    g();\n");
        assert!(all.iter().all(|(operator, _)| operator != "lock let go in between"), "{all:#?}");
    }
}
