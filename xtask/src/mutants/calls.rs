//! Operators that take a call, a condition or an assignment within a line apart.
//!
//! Knows parentheses and commas and nothing of what is called.

use super::words::with;
use std::ops::Range;

/// A changed line with its operator.
type Found = Vec<(&'static str, String)>;

/// Waits, and which of the arguments is the time.
const WAITS: &[(&str, usize)] = &[
    ("sleep(", 0),
    ("park_timeout(", 0),
    ("recv_timeout(", 0),
    ("wait_timeout(", 1),
    ("wait_timeout_while(", 1),
];

/// Atomic steps, and what they do with the number that was there.
const STEPS: &[(&str, &str)] = &[(".fetch_add(", "seen + "), (".fetch_sub(", "seen - "), (".swap(", "")];

/// The changed lines, each with its operator. `code` is the line without what is no code.
pub(super) fn changes(line: &str, code: &str) -> Found {
    let rules = [waits, catches, calls, somethings, exchanged, steps, two_locks, links, conditions, choices];
    rules.iter().flat_map(|rule| rule(line, code)).collect()
}

/// A call: where its name begins, and its arguments.
struct Call {
    at: usize,
    arguments: Vec<Range<usize>>,
    /// Behind the closing parenthesis.
    end: usize,
}

/// All calls whose name ends so, as in `sleep(`.
fn calls_of(code: &str, name: &str) -> Vec<Call> {
    let is_definition = |at: usize| code[..at].trim_end().ends_with("fn");
    let is_longer = |at: usize| code[..at].ends_with(|mark: char| mark.is_alphanumeric() || mark == '_');
    let places = code.match_indices(name).map(|(at, _)| at);
    places
        .filter(|&at| !is_definition(at) && (name.starts_with('.') || !is_longer(at)))
        .filter_map(|at| {
            let arguments = arguments(code, at + name.len())?;
            let end = arguments.last()?.end + 1;
            Some(Call { at, arguments, end })
        })
        .collect()
}

/// The arguments behind an opening parenthesis; at least one, which may be empty. `None` if they do not end in this line.
fn arguments(code: &str, open: usize) -> Option<Vec<Range<usize>>> {
    let (mut depth, mut from, mut all) = (0_usize, open, Vec::new());
    let mut in_bars = false;
    for (at, mark) in code.char_indices().skip(open) {
        match mark {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => {
                all.push(from..at);
                return Some(all);
            }
            ')' | ']' | '}' => depth -= 1,
            '|' => in_bars = !in_bars,
            ',' if depth == 0 && !in_bars => {
                all.push(from..at);
                from = at + 1 + usize::from(code[at + 1..].starts_with(' '));
            }
            _ => {}
        }
    }
    None
}

/// A time twice as long, and, where nothing brings it to an end, half as long.
fn waits(line: &str, code: &str) -> Found {
    let mut all = Vec::new();
    for &(name, place) in WAITS {
        for call in calls_of(code, name) {
            let Some(time) = call.arguments.get(place) else { continue };
            let changed =
                |how: &str| with(line, time.start, time.end, &format!("({}) {how}", &line[time.clone()]));
            all.push(("waits too long", changed("* 2")));
            if name == "sleep(" {
                all.push(("waits too short", changed("/ 2")));
            }
        }
    }
    all
}

/// A panic that is not caught, or that goes on as another one.
fn catches(line: &str, code: &str) -> Found {
    let mut all = Vec::new();
    for call in calls_of(code, "catch_unwind(AssertUnwindSafe(") {
        let body = &line[call.arguments[0].start..call.end - 1];
        let new = format!("Ok::<_, Box<dyn std::any::Any + Send>>(({body})())");
        // Two parentheses are closed: that of the wrapper and that of the call.
        all.push(("panic not caught", with(line, path_of(code, call.at), call.end + 1, &new)));
    }
    for call in calls_of(code, "resume_unwind(") {
        all.push((
            "another panic",
            with(line, path_of(code, call.at), call.end, "panic!(\"another panic\")"),
        ));
    }
    all
}

/// Where the path begins that ends in a name, as in `std::panic::catch_unwind`.
fn path_of(code: &str, name: usize) -> usize {
    let is_path = |mark: char| mark.is_alphanumeric() || mark == '_' || mark == ':';
    code[..name].trim_end_matches(is_path).len()
}

/// Calls in the place of others.
fn calls(line: &str, code: &str) -> Found {
    let mut all = Vec::new();
    for call in calls_of(code, "Arc::clone(") {
        all.push(("one of its own", with(line, call.at, call.end, "Arc::default()")));
    }
    for call in calls_of(code, ".install(") {
        let body = &line[call.arguments[0].clone()];
        all.push(("in no pool", with(line, path_of(code, call.at), call.end, &format!("({body})()"))));
    }
    for call in calls_of(code, ".num_threads(") {
        let count = call.arguments[0].clone();
        all.push((
            "off by one",
            with(line, count.start, count.end, &format!("{} + 1", &line[count.clone()])),
        ));
    }
    for call in calls_of(code, ".wait_while(") {
        let guard = &line[call.arguments[0].clone()];
        all.push(("condition left out", with(line, call.at, call.end, &format!(".wait({guard})"))));
    }
    for name in [".checked_add(", ".checked_sub(", ".checked_mul("] {
        for call in calls_of(code, name) {
            all.push(("overflow passes", with(line, call.end, call.end, ".or(Some(0))")));
        }
    }
    all
}

/// A chain of calls without one of them, or with a value where it panics.
fn links(line: &str, code: &str) -> Found {
    let mut all = Vec::new();
    for (at, _) in code.match_indices('.') {
        let length = code[at + 1..].find(|mark: char| !(mark.is_alphanumeric() || mark == '_'));
        let name = length.map_or("", |length| &code[at..at + 1 + length]);
        let open = at + name.len();
        if name.len() < 2 || !code[open..].starts_with('(') {
            continue;
        }
        let Some(end) = arguments(code, open + 1).and_then(|arguments| Some(arguments.last()?.end + 1))
        else {
            continue;
        };
        all.push(("call left out", with(line, at, end, "")));
        if [".expect", ".unwrap"].contains(&name) {
            all.push(("no panic", with(line, at, end, ".unwrap_or_default()")));
        }
    }
    all
}

/// Nothing in the place of something, where it is a value and no pattern.
fn somethings(line: &str, code: &str) -> Found {
    let is_pattern = |end: usize| {
        [" =", " |", " if ", ")"].iter().any(|mark| code[end..].starts_with(mark))
            && (code[end..].contains("=>") || code[end..].contains(" = ") || code[..end].contains("let Some"))
    };
    let values = calls_of(code, "Some(").into_iter().filter(|call| !is_pattern(call.end));
    values.map(|call| ("nothing for something", with(line, call.at, call.end, "None"))).collect()
}

/// The first two arguments of a call, or parts of a tuple, in the other order, if both are names.
fn exchanged(line: &str, code: &str) -> Found {
    if code.contains("fn ") {
        return Vec::new();
    }
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|mark| mark.is_alphanumeric() || mark == '_');
    let mut all = Vec::new();
    for (at, _) in code.match_indices('(') {
        let Some(arguments) = arguments(code, at + 1) else { continue };
        if let [first, second, ..] = arguments.as_slice()
            && is_name(&code[first.clone()])
            && is_name(&code[second.clone()])
        {
            let new = format!("{}, {}", &line[second.clone()], &line[first.clone()]);
            all.push(("arguments exchanged", with(line, first.start, second.end, &new)));
        }
    }
    all
}

/// An atomic step as a look and a change, between which others may come.
fn steps(line: &str, code: &str) -> Found {
    let mut all = Vec::new();
    for &(name, seen) in STEPS {
        for call in calls_of(code, name) {
            let [amount, _] = call.arguments.as_slice() else { continue };
            let is_place = |mark: char| mark.is_alphanumeric() || mark == '_' || mark == '.';
            let start = code[..call.at].trim_end_matches(is_place).len();
            let (place, amount) = (&line[start..call.at], &line[amount.clone()]);
            let order = "std::sync::atomic::Ordering::SeqCst";
            let new = format!(
                "{{ let seen = {place}.load({order}); {place}.store({seen}{amount}, {order}); seen }}"
            );
            all.push(("in two steps", with(line, start, call.end, &new)));
        }
    }
    all
}

/// A change under a lock as a look under it and a change under it taken again.
fn two_locks(line: &str, code: &str) -> Found {
    let statement = code.trim();
    let Some((place, rest)) = [" += ", " -= "].iter().find_map(|mark| statement.split_once(mark)) else {
        return Vec::new();
    };
    let Some(amount) = rest.strip_suffix(';').filter(|_| place.contains("lock(")) else { return Vec::new() };
    let sign = if statement.contains(" += ") { '+' } else { '-' };
    let at = code.len() - code.trim_start().len();
    vec![("in two steps", format!("{}let seen = {place}; {place} = seen {sign} {amount};", &line[..at]))]
}

/// A condition turned round, or without one half.
fn conditions(line: &str, code: &str) -> Found {
    let mut all = Vec::new();
    for word in ["if ", "while "] {
        for (at, _) in code.match_indices(word) {
            let from = at + word.len();
            let rest = &code[from..];
            // A match guard ends at its arrow, any other condition at its block.
            let Some(length) = rest.find(" =>").or_else(|| rest.find(" {")) else { continue };
            let condition = &line[from..from + length];
            if rest.contains(" =>") {
                all.push(("condition left out", with(line, at - usize::from(at > 0), from + length, "")));
            }
            if rest.starts_with("let ") || condition.contains('{') {
                continue;
            }
            if word == "if "
                && !condition.starts_with('!')
                && !condition.contains(" == ")
                && !condition.contains(" != ")
            {
                all.push(("opposite", with(line, from, from + length, &format!("!({condition})"))));
            }
            for both in [" && ", " || "] {
                if let Some((left, right)) = condition.split_once(both) {
                    all.push(("condition left out", with(line, from, from + length, left)));
                    all.push(("condition left out", with(line, from, from + length, right)));
                }
            }
        }
    }
    all
}

/// The two arms of an `if` that stands on one line, exchanged.
fn choices(line: &str, code: &str) -> Found {
    let Some(middle) = code.find(" } else { ") else { return Vec::new() };
    let (Some(open), Some(close)) = (code[..middle].rfind("{ "), code[middle + 10..].find(" }")) else {
        return Vec::new();
    };
    let (first, second) = (&line[open + 2..middle], &line[middle + 10..middle + 10 + close]);
    let new = format!("{second} }} else {{ {first}");
    vec![("arms exchanged", with(line, open + 2, middle + 10 + close, &new))]
}
