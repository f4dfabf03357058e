//! Reading a `quiz.toml`: the key of one quiz.
//!
//! Refuses what could not be answered or marked, with a word on where. Does not know whether what it says is true.

use super::{Choice, Form, Item, Quiz, Source};
use crate::catalogue::{tables_of, text_of, texts_of};
use crate::error::{GraderError, Result};
use toml::de::DeTable;

/// The most options of an item: each needs a letter, and a person has to read them.
const MOST_OPTIONS: usize = 8;

pub(crate) fn quiz(source: &Source) -> Result<Quiz> {
    let broken = |what: &str| GraderError::course(format!("quiz.toml of {}: {what}", source.slug));
    let table = DeTable::parse(source.key).map_err(|error| broken(&error.to_string()))?;
    let mut items: Vec<Item> = Vec::new();
    for table in tables_of(table.get_ref(), "item") {
        let item = item(table, source).map_err(|what| broken(&what))?;
        if items.iter().any(|other| other.id == item.id) {
            return Err(broken(&format!("there are two items `{}`", item.id)));
        }
        items.push(item);
    }
    for program in source.programs {
        if !items.iter().any(|item| item.program == Some(*program)) {
            return Err(broken(&format!("no item asks for `{}`", program.name)));
        }
    }
    Ok(Quiz { slug: source.slug, items })
}

fn item(table: &DeTable<'_>, source: &Source) -> std::result::Result<Item, String> {
    let id = text_of(table, "id").ok_or("an item lacks `id`")?;
    let text = |key: &str| text_of(table, key).ok_or_else(|| format!("`{id}` lacks `{key}`"));
    let form = match text("kind")?.as_str() {
        "one" => Form::One,
        "several" => Form::Several,
        "order" => Form::Order,
        "predict" => Form::Predict,
        other => return Err(format!("`{id}`: `{other}` is no kind")),
    };
    let name = text_of(table, "program");
    let program = match &name {
        Some(name) => {
            let program = source.programs.iter().find(|program| program.name == name);
            Some(*program.ok_or_else(|| format!("`{id}`: catalogue.rs does not list `{name}`"))?)
        }
        None => None,
    };
    let choice = |option: &DeTable<'_>| {
        let right = option.get("right").and_then(|value| value.get_ref().as_bool());
        Some(Choice {
            text: text_of(option, "text")?,
            right: right.unwrap_or(form == Form::Order),
            why: text_of(option, "why").filter(|why| !why.trim().is_empty())?,
        })
    };
    let options: Option<Vec<Choice>> = tables_of(table, "option").map(choice).collect();
    let options = options.ok_or_else(|| format!("`{id}`: an option lacks `text` or `why`"))?;
    let item =
        Item { prompt: text("prompt")?, covers: texts_of(table, "covers"), id, form, program, options };
    complaint(&item).map_or(Ok(item), Err)
}

/// What keeps an item from being answered.
fn complaint(item: &Item) -> Option<String> {
    let right = item.options.iter().filter(|option| option.right).count();
    let fits = match item.form {
        Form::One => right == 1,
        Form::Several | Form::Predict => right >= 1,
        Form::Order => right == item.options.len(),
    };
    let twice = |option: &Choice| item.options.iter().filter(|other| other.text == option.text).count() > 1;
    let id = &item.id;
    if !(2..=MOST_OPTIONS).contains(&item.options.len()) {
        return Some(format!("`{id}` has {} options", item.options.len()));
    }
    if !fits {
        return Some(format!("`{id}` has {right} right options, which does not fit its kind"));
    }
    if item.options.iter().any(twice) {
        return Some(format!("`{id}` has the same option twice"));
    }
    if (item.form == Form::Predict) != item.program.is_some() {
        return Some(format!("`{id}`: what is predicted is the output of a program"));
    }
    None
}
