//! A look at the text of an answer before anything is compiled: what no answer needs is refused, with
//! its line and the reason.
//!
//! Hygiene, not a boundary: whoever wants to slip through will, and meets the box and the judge. It saves
//! honest students a puzzling verdict, and instructors a look at the plainest of tricks. It walks over
//! tokens, so comments and texts in quotes may say what they like. Knows nothing of verdicts and types.

use crate::catalogue::{Kind, Question};
use crate::submission::Submission;
use crate::verdict::Refusal;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::str::FromStr;

/// How many places are shown.
const SHOWN: usize = 3;

/// Attributes that reach beyond the answer's own module: into linking, or to other files.
const ATTRIBUTES: &[&str] = &[
    "no_mangle",
    "export_name",
    "link",
    "link_name",
    "link_section",
    "linkage",
    "used",
    "naked",
    "path",
    "global_allocator",
    "panic_handler",
    "no_std",
    "no_core",
    "no_main",
];

/// Macros that read what is not the answer's.
const READING: &[&str] = &["include", "include_str", "include_bytes", "env", "option_env"];

/// Macros that are machine code.
const MACHINE: &[&str] = &["asm", "global_asm", "naked_asm"];

/// Letters of other scripts that look like one of ours: an identifier in which both stand together is
/// read as another than it is.
const LOOK_ALIKES: &str = "аАВсСеЕНһіІјЈкКМоОрРԛѕЅТуԝхХѵԁӏοΟΑΒΕΖΗΙΚΜΝΡΤΥΧνϳ";

/// A token of an answer, and where it stands.
#[derive(Debug)]
struct Spot {
    token: Token,
    line: usize,
    in_attribute: bool,
}

/// A token, with groups laid flat.
#[derive(Debug)]
enum Token {
    Word(String),
    Mark(char),
    Open,
    Close,
    Literal,
}

/// What is refused somewhere.
#[derive(Debug)]
struct Found {
    line: usize,
    what: String,
    why: &'static str,
}

/// Looks at every file of a submission; `None` if there is nothing to object to. What is no Rust is left
/// to the compiler, which explains it better.
#[must_use]
pub fn screen(question: &Question, submission: &Submission) -> Option<Refusal> {
    submission.files.iter().find_map(|(path, text)| {
        let found = look(question.kind, text);
        let first = found.first()?;
        let shown = found.iter().take(SHOWN);
        let mut evidence: Vec<String> =
            shown.map(|place| format!("{path}:{}: {}", place.line, line_of(text, place.line))).collect();
        if let Some(more @ 1..) = found.len().checked_sub(SHOWN) {
            evidence.push(format!("and in {more} more places"));
        }
        evidence.push(first.why.to_owned());
        Some(Refusal { headline: format!("{} is not allowed in an answer", first.what), evidence })
    })
}

fn line_of(text: &str, number: usize) -> &str {
    text.lines().nth(number.saturating_sub(1)).unwrap_or_default().trim()
}

/// Everything that is refused, in the order of the text.
fn look(kind: Kind, text: &str) -> Vec<Found> {
    let hidden = hidden_marks(text);
    if !hidden.is_empty() {
        return hidden;
    }
    // In a thread of its own: the lexer remembers all texts that a thread has ever given to it.
    let tokens = std::thread::scope(|scope| {
        let lexing = scope.spawn(|| TokenStream::from_str(text).ok().map(flat));
        lexing.join().ok().flatten()
    });
    let Some(tokens) = tokens else { return Vec::new() };
    let mut found: Vec<Found> = Vec::new();
    for (place, spot) in tokens.iter().enumerate() {
        if let Some((what, why)) = refused(kind, spot, &tokens[..place], &tokens[place + 1..]) {
            found.push(Found { line: spot.line, what, why });
        }
    }
    found
}

/// Marks that make a text be read in another order than it is compiled.
fn hidden_marks(text: &str) -> Vec<Found> {
    let turns = |letter: char| matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains(turns));
    let found = lines.map(|(line, _)| Found {
        line,
        what: "a mark that turns the direction of a text".to_owned(),
        why: "Such marks are not seen in an editor: what is read is not what is compiled. Delete them, or \
              write them as \\u{...}.",
    });
    found.collect()
}

/// All tokens in the order of the text. A group is opened and closed by tokens of its own, however deep:
/// what walks over them needs no stack.
fn flat(stream: TokenStream) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::new();
    let mut open = vec![(stream.into_iter(), 0, false)];
    while let Some((rest, end, in_attribute)) = open.last_mut() {
        let in_attribute = *in_attribute;
        let Some(tree) = rest.next() else {
            let end = *end;
            open.pop();
            if !open.is_empty() {
                spots.push(Spot { token: Token::Close, line: end, in_attribute });
            }
            continue;
        };
        let line = tree.span().start().line;
        let token = match tree {
            TokenTree::Ident(word) => Token::Word(plain(word.to_string())),
            TokenTree::Punct(mark) => Token::Mark(mark.as_char()),
            TokenTree::Literal(_) => Token::Literal,
            TokenTree::Group(group) => {
                let opens = group.delimiter() == Delimiter::Bracket && begins_attribute(&spots);
                let end = group.span_close().start().line;
                open.push((group.stream().into_iter(), end, in_attribute || opens));
                Token::Open
            }
        };
        spots.push(Spot { token, line, in_attribute });
    }
    spots
}

/// `r#path` is another way to write `path`; of a keyword it makes a name, and stays as it is.
fn plain(word: String) -> String {
    match word.strip_prefix("r#") {
        Some(name) if !["unsafe", "extern"].contains(&name) => name.to_owned(),
        _ => word,
    }
}

/// Whether a bracket after these tokens is that of an attribute.
fn begins_attribute(before: &[Spot]) -> bool {
    let mut marks = before.iter().rev().map(|spot| match spot.token {
        Token::Mark(mark) => mark,
        _ => ' ',
    });
    match marks.next() {
        Some('!') => marks.next() == Some('#'),
        mark => mark == Some('#'),
    }
}

/// What is refused at this word, between what stands before and after it, and why.
fn refused(kind: Kind, spot: &Spot, before: &[Spot], after: &[Spot]) -> Option<(String, &'static str)> {
    let Token::Word(word) = &spot.token else { return None };
    let word = word.as_str();
    let is_called = matches!(marks(after), [Some('!'), None]) && opens(after.get(1));
    let is_in_path = ends_with_path(before);
    let is_macro = is_called || is_in_path && word.contains('_');
    let (what, why) = match word {
        "unsafe" => ("`unsafe`".into(), "No question of this course needs `unsafe`: say it with std."),
        "extern" => (
            "`extern`".into(),
            "An answer calls nothing outside of Rust, and names the crates that it may use as they are.",
        ),
        _ if spot.in_attribute && ATTRIBUTES.contains(&word) => (
            format!("the attribute `{word}`"),
            "It changes how the program is put together, which is the grader's business.",
        ),
        _ if READING.contains(&word) && is_macro => (
            format!("`{word}!`"),
            "An answer stands in its own files, and reads nothing else when it is compiled.",
        ),
        _ if MACHINE.contains(&word) && (is_called || is_in_path) => {
            (format!("`{word}!`"), "No question of this course needs machine code: say it with std.")
        }
        _ if word.starts_with("ioctl_") && is_macro => {
            (format!("`{word}!`"), "It hides `unsafe` code, which no question of this course needs.")
        }
        _ => match foreign_letter(word) {
            Some(odd) => (
                format!(
                    "the name `{word}`, whose `{odd}` (U+{:04X}) is of another alphabet,",
                    u32::from(odd)
                ),
                "It looks like a name that it is not. Type it again, in one alphabet.",
            ),
            None if kind == Kind::Threads => return refused_of_threads(word, before, after),
            None => return None,
        },
    };
    Some((what, why))
}

/// What is refused only where an answer runs in two worlds, and is one process in both.
fn refused_of_threads(word: &str, before: &[Spot], after: &[Spot]) -> Option<(String, &'static str)> {
    if word == "process" && marks(after) == [Some(':'), Some(':')] {
        let rest = after.get(2..).unwrap_or_default();
        // The word itself, or those of a list; of a long one its beginning must do.
        let list = rest.iter().take(64).take_while(|spot| !matches!(spot.token, Token::Close));
        let count = if opens(rest.first()) { 64 } else { 1 };
        let leaves = list.take(count).find_map(|spot| match &spot.token {
            Token::Word(word) => ["exit", "abort"].into_iter().find(|leaving| leaving == word),
            _ => None,
        });
        let why = "It ends the whole program at once, for everybody who uses your code. Return instead.";
        return leaves.map(|leaving| (format!("`process::{leaving}`"), why));
    }
    let is_asked_of =
        ends_with_path(before) || matches!(before.last(), Some(Spot { token: Token::Mark('.'), .. }));
    let asks = match word {
        "type_name" | "type_name_of_val" | "TypeId" => true,
        "type_id" => is_asked_of,
        _ => false,
    };
    asks.then(|| (format!("`{word}`"), "An answer does the same, whatever stands behind the names of std."))
}

/// The next two tokens, as far as they are marks.
fn marks(after: &[Spot]) -> [Option<char>; 2] {
    [0, 1].map(|place| match after.get(place)?.token {
        Token::Mark(mark) => Some(mark),
        _ => None,
    })
}

fn opens(spot: Option<&Spot>) -> bool {
    matches!(spot, Some(Spot { token: Token::Open, .. }))
}

/// Whether these tokens end with `::`.
fn ends_with_path(before: &[Spot]) -> bool {
    before.len() >= 2 && before[before.len() - 2..].iter().all(|spot| matches!(spot.token, Token::Mark(':')))
}

/// A letter that looks like one of ours, among ours.
fn foreign_letter(word: &str) -> Option<char> {
    let is_mixed = word.contains(|letter: char| letter.is_ascii_alphabetic());
    word.chars().find(|&letter| is_mixed && looks_like_ours(letter))
}

fn looks_like_ours(letter: char) -> bool {
    LOOK_ALIKES.contains(letter) || matches!(letter, '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(kind: Kind, text: &str) -> Vec<String> {
        look(kind, text).into_iter().map(|found| format!("{} {}", found.line, found.what)).collect()
    }

    #[test]
    fn what_no_answer_needs_is_found_with_its_line() {
        for (text, expected) in [
            ("fn f() {\n    unsafe { g() }\n}", "2 `unsafe`"),
            ("macro_rules! m { () => { unsafe {} } }", "1 `unsafe`"),
            ("extern crate alloc;", "1 `extern`"),
            ("#[unsafe(no_mangle)]\nfn f() {}", "1 `unsafe`"),
            ("#[cfg_attr(all(), path = \"other.rs\")]\nmod other;", "1 the attribute `path`"),
            ("#![no_main]", "1 the attribute `no_main`"),
            ("const A: &str = include_str!(\"a\");", "1 `include_str!`"),
            ("use std::option_env as o;", "1 `option_env!`"),
            ("#[r#path = \"other.rs\"]\nmod other;", "1 the attribute `path`"),
            ("const A: &str = r#include_str!(\"a\");", "1 `include_str!`"),
            ("fn f() { std::r#process::r#exit(0) }", "1 `process::exit`"),
            ("const A: &str = env![\"HOME\"];", "1 `env!`"),
            ("fn f() { core::arch::asm!(\"nop\") }", "1 `asm!`"),
            ("nix::ioctl_read!(f, 1, 2, u8);", "1 `ioctl_read!`"),
            ("fn f() {\n\n    std::process::exit(0)\n}", "3 `process::exit`"),
            ("use std::{process::{Command, abort}, thread};", "1 `process::abort`"),
            ("fn f<T>() -> &'static str { std::any::type_name::<T>() }", "1 `type_name`"),
            ("fn f<T: std::any::Any>(t: T) { t.type_id(); }", "1 `type_id`"),
        ] {
            let found = what(Kind::Threads, text);
            assert_eq!(found.first().map(String::as_str), Some(expected), "{text}");
        }
        let turned = what(Kind::Threads, "// ok\n// a\u{202e}b\n");
        assert_eq!(turned, ["2 a mark that turns the direction of a text"]);
        let mixed = what(Kind::Processes, "fn l\u{435}n() {}");
        assert_eq!(mixed, ["1 the name `l\u{435}n`, whose `\u{435}` (U+0435) is of another alphabet,"]);
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for text in [
            "// unsafe\n/* extern */ const A: &str = \"include_str!(process::exit)\";",
            "use std::env; fn f(path: &str) { if path != \"used\" { env::args(); } }",
            "fn f(process: u8, exit: u8) -> u8 { process + exit }",
            "fn f() { std::process::id(); } // exit",
            "fn gr\u{f6}\u{df}e(\u{394}t: f64, \u{447}\u{438}\u{441}\u{43b}\u{43e}: u8) {}",
            "struct A { type_id: u8 } fn f(link: &A) { let A { type_id } = link; }",
            "#[derive(Debug)] #[doc = \"path\"] struct A;",
            "fn f() { let unsafe_code = 1; let r#unsafe = 2; }",
            "this is no Rust (",
        ] {
            assert_eq!(what(Kind::Threads, text), Vec::<String>::new(), "{text}");
        }
        // A child may end itself; and only threads run in two worlds.
        assert!(what(Kind::Processes, "fn f() { std::process::exit(0) }").is_empty());
    }

    #[test]
    fn depth_and_length_are_no_trouble() {
        let deep = "(".repeat(120_000) + &")".repeat(120_000);
        assert!(what(Kind::Threads, &format!("const A: () = {deep};")).is_empty());
        let many = "#[path] ".repeat(30_000);
        assert_eq!(what(Kind::Threads, &many).len(), 30_000);
        assert_eq!(what(Kind::Threads, &"process::{".repeat(20_000)).len(), 0);
    }
}
