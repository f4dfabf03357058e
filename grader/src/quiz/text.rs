//! How items, answers and marks are shown: plain text and JSON. Decides nothing.

use super::{Answers, Choice, Form, Item, Mark, Marked, POINTS, Quiz};
use serde_json::{Value, json};

/// Where lines are broken.
const WIDTH: usize = 96;

/// An item as it is asked.
#[must_use]
pub fn question_text(item: &Item, seed: u32) -> String {
    let mut text = asked(item);
    for (letter, choice) in item.shown(seed) {
        text += &option_text(letter, &choice.text);
    }
    text + &wrapped(how(item), "")
}

/// The question and its program, each with an empty line below.
fn asked(item: &Item) -> String {
    let mut text = wrapped(&item.prompt, "") + "\n";
    if let Some(program) = &item.program {
        for line in program.shown().lines() {
            text += format!("    {line}").trim_end();
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

/// How an item wants to be answered.
fn how(item: &Item) -> &'static str {
    match item.form {
        Form::One => "One letter.",
        Form::Several => "All letters that are right, as in `ac`.",
        Form::Order => "All letters in the right order, as in `cab`.",
        Form::Predict => {
            "The letters of all outputs that are possible (lines stand one after the other, with ` / ` between them)."
        }
    }
}

/// What is said once an item is answered: the verdict, why what was chosen is right or wrong, and what is missing.
#[must_use]
pub fn after_answer(item: &Item, seed: u32, answer: &str, mark: &Mark) -> String {
    let chosen = |letter: char| answer.to_ascii_lowercase().contains(letter);
    let headline = match mark {
        Mark::Right => "Right.".to_owned(),
        Mark::Wrong => format!("Not right: the answer is {}.", item.right_letters(seed)),
        Mark::Open => format!("Not answered: the answer is {}.", item.right_letters(seed)),
        Mark::Unreadable(why) => format!("{why}; the answer is {}.", item.right_letters(seed)),
    };
    let of_interest =
        |(letter, choice): &(char, &Choice)| item.form == Form::Order || choice.right || chosen(*letter);
    reasons(item, seed, headline, of_interest)
}

/// The headline, then options with their reasons.
fn reasons(item: &Item, seed: u32, headline: String, which: impl Fn(&(char, &Choice)) -> bool) -> String {
    let mut shown = item.shown(seed);
    if item.form == Form::Order {
        let place = |choice: &Choice| item.options.iter().position(|it| std::ptr::eq(it, choice));
        shown.sort_by_key(|(_, choice)| place(choice));
    }
    let mut text = headline + "\n";
    for (letter, choice) in shown.into_iter().filter(which) {
        let word = match item.form {
            Form::Order => "",
            _ if choice.right => "right: ",
            _ => "wrong: ",
        };
        text += &option_text(letter, &choice.text);
        text += &wrapped(&format!("{word}{}", choice.why), "       ");
    }
    text
}

/// Everything about all items: questions, answers, every option with its reason.
#[must_use]
pub fn review(quiz: &Quiz, answers: &Answers, marked: &Marked) -> String {
    let mut text = String::new();
    for (place, (item, (_, mark))) in quiz.items.iter().zip(&marked.marks).enumerate() {
        let letters = answers.given.get(&item.id).map_or("", String::as_str);
        let letters = letters.chars().filter(char::is_ascii_alphabetic).collect::<String>();
        let said = if letters.is_empty() { String::new() } else { format!("; you said {letters}") };
        text += &format!("{}. {}\n", place + 1, item.id);
        text += &asked(item);
        let headline = format!("{}: {}{said}", word(mark), item.right_letters(answers.seed));
        text += &reasons(item, answers.seed, headline, |_| true);
        text.push('\n');
    }
    text
}

fn word(mark: &Mark) -> &'static str {
    match mark {
        Mark::Right => "right",
        Mark::Wrong => "wrong",
        Mark::Open => "not answered",
        Mark::Unreadable(_) => "unreadable",
    }
}

/// Marks for an instructor: a line an item. Gives no key away.
#[must_use]
pub fn marked_text(quiz: &Quiz, marked: &Marked) -> String {
    let mut text = format!("{}: quiz, {} items\n\n", quiz.slug, marked.marks.len());
    for (id, mark) in &marked.marks {
        let why = if let Mark::Unreadable(why) = mark { format!(": {why}") } else { String::new() };
        text += &format!("    {:<12} {id}{why}\n", word(mark));
    }
    for id in &marked.strangers {
        text += &format!("    not counted  `{id}`: there is no such item\n");
    }
    text + &format!("\n{}\n", points_text(marked))
}

/// The last line of a report.
fn points_text(marked: &Marked) -> String {
    let (right, items) = (marked.right(), marked.marks.len());
    format!("{right} of {items} items are right: {} of {POINTS} points", marked.points())
}

/// The same as one JSON document.
#[must_use]
pub fn marked_json(quiz: &Quiz, marked: &Marked, refused: Option<&str>) -> Value {
    json!({
        "schema": 1, "question": quiz.slug, "items": items_json(marked), "right": marked.right(), "points": marked.points(), "possible": POINTS,
        "unknown_items": marked.strangers, "refused": refused,
    })
}

/// One entry for each item, without its key.
pub(crate) fn items_json(marked: &Marked) -> Vec<Value> {
    let entry = |(id, mark): &(String, Mark)| json!({ "id": id, "verdict": word(mark).replace(' ', "_") });
    marked.marks.iter().map(entry).collect()
}

fn option_text(letter: char, text: &str) -> String {
    let body = wrapped(text, "     ");
    format!("  {letter}) {}", body.trim_start())
}

/// Breaks lines at blanks; a line break in the text stays.
fn wrapped(text: &str, indent: &str) -> String {
    let mut out = String::new();
    for paragraph in text.trim().lines() {
        let mut line = indent.to_owned();
        for word in paragraph.split_whitespace() {
            if line.len() > indent.len() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                out += &line;
                out.push('\n');
                line = indent.to_owned();
            }
            if line.len() > indent.len() {
                line.push(' ');
            }
            line += word;
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}
