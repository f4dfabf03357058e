//! Operators that exchange words of a line for others.
//!
//! A word is exchanged wherever it stands, one place at a time; what it means there is not looked at.

/// What is exchanged: the operator's name, the old words, the new ones.
const SWAPS: &[(&str, &str, &str)] = &[
    ("one for all", "notify_all()", "notify_one()"),
    ("if for while", "while ", "if "),
    ("weaker ordering", "Ordering::Acquire", "Ordering::Relaxed"),
    ("weaker ordering", "Ordering::Release", "Ordering::Relaxed"),
    ("weaker ordering", "Ordering::AcqRel", "Ordering::Relaxed"),
    ("weaker ordering", "Ordering::SeqCst", "Ordering::Relaxed"),
    ("weaker ordering", "(Acquire)", "(std::sync::atomic::Ordering::Relaxed)"),
    ("weaker ordering", ", Release)", ", std::sync::atomic::Ordering::Relaxed)"),
    ("weaker ordering", ", AcqRel)", ", std::sync::atomic::Ordering::Relaxed)"),
    ("poison not healed", ".unwrap_or_else(PoisonError::into_inner)", ".unwrap()"),
    ("guard dropped at once", "let _", "let _ ="),
    ("off by one", " < ", " <= "),
    ("off by one", " <= ", " < "),
    ("off by one", " > ", " >= "),
    ("off by one", " >= ", " > "),
    ("off by one", "..=", ".."),
    ("other end", "pop_front()", "pop_back()"),
    ("other end", "push_back(", "push_front("),
    ("other end", ".push(", ".insert(0, "),
    ("other end", ".last()", ".first()"),
    ("first left out", ".iter()", ".iter().skip(1)"),
    ("first left out", ".into_iter()", ".into_iter().skip(1)"),
    ("opposite", " == ", " != "),
    ("opposite", " != ", " == "),
    ("opposite", "true", "false"),
    ("opposite", "false", "true"),
    ("opposite", "is_some()", "is_none()"),
    ("opposite", "is_none()", "is_some()"),
    ("opposite", "is_ok()", "is_err()"),
    ("opposite", "is_err()", "is_ok()"),
    ("opposite", "if !", "if "),
    ("opposite", "while !", "while "),
    ("any for all", ".all(", ".any("),
    ("all for any", ".any(", ".all("),
    ("and for or", " && ", " || "),
    ("or for and", " || ", " && "),
    ("left where it was", ".take()", ".clone()"),
    ("one after the other", ".par_iter()", ".iter()"),
    ("no wait", ".recv()", ".try_recv()"),
    ("other words", ".to_owned()", ".to_owned() + \"other\""),
    ("break for continue", "continue", "break"),
    ("continue for break", "break", "continue"),
];

/// The changed lines, each with its operator. `code` is the line without what is no code.
pub(super) fn changes(line: &str, code: &str) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for &(operator, old, new) in SWAPS {
        for (at, _) in code.match_indices(old) {
            if old == ".to_owned()" && code[..at].ends_with('"') {
                continue; // a text in quotes has a rule of its own
            }
            let mut end = at + old.len();
            if operator == "guard dropped at once" {
                // Up to the `=`, whatever the name is.
                let Some(equals) = code[end..].find(" =") else { continue };
                end += equals + 2;
            }
            all.push((operator, with(line, at, end, new)));
        }
    }
    all.extend(numbers(line, code));
    all.extend(ranges(line, code));
    all.extend(strings(line, code));
    all
}

/// A line with something else at one place.
pub(super) fn with(line: &str, from: usize, to: usize, new: &str) -> String {
    format!("{}{new}{}", &line[..from], &line[to..])
}

/// One more and one less for each number.
fn numbers(line: &str, code: &str) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let bytes = code.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_name =
            at > 0 && (is_word(bytes[at - 1]) || bytes[at - 1] == b'.' && !code[..at].ends_with(".."));
        let number = code[at..at + length].parse::<u64>();
        if let (Ok(number), false) = (number, is_name) {
            let near = [number.checked_add(1), number.checked_sub(1)];
            let new = near.into_iter().flatten().map(|near| with(line, at, at + length, &near.to_string()));
            all.extend(new.map(|new| ("off by one", new)));
        }
        at += length.max(1);
    }
    all
}

/// A range with its end, where it was without.
fn ranges(line: &str, code: &str) -> Vec<(&'static str, String)> {
    let is_value = |mark: char| mark.is_alphanumeric() || mark == '_' || mark == ')';
    let is_range = |at: usize| code[..at].ends_with(is_value) && code[at + 2..].starts_with(is_value);
    let places = code.match_indices("..").map(|(at, _)| at).filter(|&at| is_range(at));
    places.map(|at| ("off by one", with(line, at, at + 2, "..="))).collect()
}

/// Other words for each text, but for the message of a panic, which is read by nobody.
fn strings(line: &str, code: &str) -> Vec<(&'static str, String)> {
    if ["expect(", "assert", "panic!(", "unreachable!("].iter().any(|mark| code.contains(mark)) {
        return Vec::new();
    }
    let edges: Vec<usize> = code.match_indices('"').map(|(at, _)| at).collect();
    let pairs = edges.chunks_exact(2);
    pairs.map(|pair| ("other words", with(line, pair[0] + 1, pair[1], "other"))).collect()
}
