//! Operators on whole lines: statements and blocks that go, come elsewhere, or come under another lock.
//!
//! A block is told by its indentation, so the files have to be formatted.

use super::operators::Change;

/// Statements that are left out: the operator's name, and what the line must hold.
const DROPS: &[(&str, &[&str])] = &[
    ("no wake-up", &["notify_one();", "notify_all();", "unpark();"]),
    ("no join", &[".join();"]),
    ("lock held longer", &["drop("]),
    ("goes on", &["return", "break", "continue"]),
    ("step left out", &[" = true;", " = false;", " = None;", " += 1;", " -= 1;", ".clear();", ".set("]),
];

/// What others can notice: of two steps that are neither, nobody can tell in which order they were made.
const VISIBLE: &[&str] = &[
    "lock", "wait", "notify", "drop(", "send(", "recv", "join", "store(", "load(", "fetch_", "park", "spawn",
    "replace(", "set(", "now()",
];

/// The changes at one place. `code` has the lines without what is no code.
pub(super) fn changes(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    if code[place].trim().is_empty() {
        return Vec::new();
    }
    let rules = [
        left_out,
        block_left_out,
        other_order,
        past_a_block,
        afterwards,
        arms,
        after_a_panic,
        twice,
        copied,
        let_go,
    ];
    rules.iter().flat_map(|rule| rule(all, code, place)).collect()
}

fn left_out(_: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let statement = code[place].trim();
    // A binding that has a use cannot go.
    let is_used = statement.starts_with("let ") && !statement.starts_with("let _");
    if is_used || !is_statement(statement) {
        return Vec::new();
    }
    let named = DROPS.iter().find(|(_, marks)| marks.iter().any(|mark| statement.contains(mark)));
    vec![Change::gone(named.map_or("statement left out", |(operator, _)| operator), place, 1)]
}

fn block_left_out(_: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let starts = ["if ", "while ", "for ", "loop "];
    let is_block = starts.iter().any(|word| code[place].trim_start().starts_with(word));
    let end = block_end(code, place).filter(|&end| is_block && code[end].trim() == "}");
    end.map(|end| Change::gone("block left out", place, end + 1 - place)).into_iter().collect()
}

fn other_order(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let Some(next) = code.get(place + 1) else { return Vec::new() };
    let alike = indent(&code[place]) == indent(next);
    let is_visible = VISIBLE.iter().any(|mark| code[place].contains(mark) || next.contains(mark));
    if !alike || !is_visible || !is_statement(code[place].trim()) || !is_statement(next.trim()) {
        return Vec::new();
    }
    let new = vec![all[place + 1].to_owned(), all[place].to_owned()];
    vec![Change { operator: "other order", from: place, count: 2, new }]
}

fn past_a_block(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let Some(next) = code.get(place + 1).filter(|next| indent(next) == indent(&code[place])) else {
        return Vec::new();
    };
    let Some(end) = block_end(code, place + 1).filter(|_| is_statement(code[place].trim())) else {
        return Vec::new();
    };
    if next.trim_start().starts_with("let ") || !["}", "};"].contains(&code[end].trim()) {
        return Vec::new();
    }
    let mut new: Vec<String> = all[place + 1..=end].iter().map(|&line| line.to_owned()).collect();
    new.push(all[place].to_owned());
    vec![Change { operator: "moved past a block", from: place, count: new.len(), new }]
}

/// A statement that comes behind the value of its block.
fn afterwards(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let is_value = |next: &String| {
        let next = next.trim();
        !next.ends_with([';', ',']) && is_balanced(next) && !is_fixed(next)
    };
    let ends = code.get(place + 2).is_some_and(|line| line.trim() == "}");
    let next = code.get(place + 1).filter(|next| is_value(next) && indent(next) == indent(&code[place]));
    if next.is_none() || !ends || !is_statement(code[place].trim()) {
        return Vec::new();
    }
    let new = vec![format!("let end = {};", all[place + 1].trim()), all[place].to_owned(), "end".to_owned()];
    vec![Change { operator: "done afterwards", from: place, count: 2, new }]
}

/// A function that the caller has given is called once more.
fn twice(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let is_name = |mark: char| mark.is_alphanumeric() || mark == '_';
    let line = &code[place];
    let mut found = Vec::new();
    for (at, _) in line.match_indices('(') {
        let start = line[..at].trim_end_matches(is_name).len();
        let name = &line[start..at];
        let is_foreign = name.starts_with(|mark: char| mark.is_lowercase())
            && !line[..start].ends_with(['.', ':', '!'])
            && !line[..start].ends_with("fn ")
            && !["drop", "if", "in", "match", "while", "return"].contains(&name)
            && !all.iter().any(|line| {
                line.contains(&format!("fn {name}"))
                    || line.contains(&format!("let {name} = "))
                    || line.starts_with("use ") && line.contains(name)
            });
        let Some(end) = line[at..].find(')').map(|length| at + length + 1) else { continue };
        if is_foreign && is_balanced(&line[start..end]) {
            let call = &all[place][start..end];
            let new = format!("{{ let _ = {call}; {call} }}");
            found.push(Change::line("called twice", place, super::words::with(all[place], start, end, &new)));
        }
    }
    found
}

/// What two neighbouring arms of a `match` give, exchanged.
fn arms(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let arm = |place: usize| {
        let at = code.get(place)?.find(" => ")?;
        let end = code[place].trim_end();
        (end.ends_with(',') && is_balanced(end)).then(|| (&all[place][..at + 4], &all[place][at + 4..]))
    };
    let (Some((first, gives)), Some((second, gives_too))) = (arm(place), arm(place + 1)) else {
        return Vec::new();
    };
    let new = vec![format!("{first}{gives_too}"), format!("{second}{gives}")];
    vec![Change { operator: "arms exchanged", from: place, count: 2, new }]
}

/// A destructor that does nothing on the way out of a panic.
fn after_a_panic(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    if !code[place].contains("fn drop(&mut self) {") {
        return Vec::new();
    }
    let new = vec![all[place].to_owned(), "if std::thread::panicking() { return; }".to_owned()];
    vec![Change { operator: "not after a panic", from: place, count: 1, new }]
}

/// A guard, `let mut NAME = LOCK;`, replaced by a copy of what it guards.
fn copied(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let Some((name, lock)) = guard(&code[place]).filter(|_| code[place].contains("let mut ")) else {
        return Vec::new();
    };
    let before = &all[place][..indent(&code[place])];
    vec![Change::line("works on a copy", place, format!("{before}let {name} = &mut (*{lock}).clone();"))]
}

/// Before a statement, a guard of the same block or of one around it is dropped and taken anew.
fn let_go(all: &[&str], code: &[String], place: usize) -> Vec<Change> {
    let starts_here = place > 0 && code[place - 1].trim_end().ends_with([';', '{', '}']);
    if !starts_here || code[place].trim_start().starts_with('}') || is_fixed(code[place].trim()) {
        return Vec::new();
    }
    let mut open = indent(&code[place]);
    let mut found = Vec::new();
    for above in (0..place).rev().filter(|&above| !code[above].trim().is_empty()) {
        if indent(&code[above]) > open {
            continue;
        }
        open = indent(&code[above]);
        if code[above].contains("fn ") {
            break;
        }
        // Right behind it nothing has been done under the lock yet.
        if let Some((name, lock)) = guard(&code[above]).filter(|_| above + 1 < place) {
            let again = if code[above].contains("let mut ") { "" } else { "let " };
            let before = &all[place][..indent(&code[place])];
            let new = vec![format!("{before}drop({name}); {again}{name} = {lock};"), all[place].to_owned()];
            found.push(Change { operator: "lock let go in between", from: place, count: 1, new });
        }
    }
    found
}

/// The name of a guard and the lock that it is of.
fn guard(code: &str) -> Option<(&str, &str)> {
    let (name, lock) = code.trim().strip_prefix("let ")?.strip_suffix(';')?.split_once(" = ")?;
    let name = name.strip_prefix("mut ").unwrap_or(name);
    let is_lock = ["lock(", ".write(", ".read(", "hold("].iter().any(|mark| lock.contains(mark));
    (is_lock && is_balanced(lock)).then_some((name, lock))
}

/// Whether a line is a statement of its own.
fn is_statement(code: &str) -> bool {
    (code.ends_with(';') || code.starts_with("let _ =")) && is_balanced(code)
}

/// Whether everything that is opened in a line is closed there, and nothing else.
fn is_balanced(code: &str) -> bool {
    let count = |mark: char| code.matches(mark).count();
    count('(') == count(')') && count('{') == count('}') && !code.starts_with(['.', ')', '}'])
}

/// Whether a line only says what comes back, and that is a constant or a variable: the same earlier and later.
fn is_fixed(code: &str) -> bool {
    let value = code.strip_prefix("return ").and_then(|rest| rest.strip_suffix(';')).unwrap_or(code);
    value == "Ok(())" || value == "return;" || value.chars().all(|mark| mark.is_alphanumeric() || mark == '_')
}

/// How far a line is indented, in bytes.
fn indent(code: &str) -> usize {
    code.len() - code.trim_start().len()
}

/// The last line of the block that a line opens.
fn block_end(code: &[String], place: usize) -> Option<usize> {
    let opens = code[place].trim_end().ends_with('{');
    let ends = |line: &String| !line.trim().is_empty() && indent(line) == indent(&code[place]);
    let behind = code.iter().skip(place + 1).position(ends).filter(|_| opens)?;
    let end = place + 1 + behind;
    code[end].trim_start().starts_with('}').then_some(end)
}
