//! `quiz`: asks the items of a question's quiz, and marks what was answered.
//!
//! Keeps the first answer to each item in `quiz-answers.toml` beside the exercise. Knows no key: what is right, and how it is
//! told, is the business of `grader::quiz`.

use crate::{course, flags as command_line, shell};
use clap::ArgMatches;
use grader::exit::Exit;
use grader::quiz::{self, Answers, FILE_NAME, Item, Mark, Marked, POINTS, Quiz};
use grader::submission::MAX_FILE_BYTES;
use grader::{GraderError, Result};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let quiz = quiz::of(course::question(flags)?.slug)?;
    if flags.get_flag("grade") {
        return grade(&quiz, flags);
    }
    if let Some(refused) = flags.get_one::<PathBuf>("path") {
        let path = refused.display();
        return Err(GraderError::usage(format!("`{path}`: answers of others are only marked; say --grade")));
    }
    if command_line::wants_json(flags) {
        return Err(GraderError::usage("only marks come as JSON; say --grade"));
    }
    let own = course::root().join("exercises").join(quiz.slug).join(FILE_NAME);
    let seed = course::fresh_seed()?;
    let kept = Answers::read(&own).map_err(|refusal| {
        let what = refusal.headline;
        GraderError::usage(format!("{what}; mend `{}`, or delete it to begin again", own.display()))
    })?;
    if flags.get_flag("again") {
        return ask(&quiz, Answers::new(seed), None);
    }
    let answers = kept.unwrap_or_else(|| Answers::new(seed));
    if flags.get_flag("sheet") {
        answers.write(&quiz, &own)?; // Its letters have to mean the same tomorrow.
        shell::report(&sheet(&quiz, answers.seed));
        return Ok(Exit::Full);
    }
    match flags.get_one::<PathBuf>("answers") {
        Some(path) => take(&quiz, answers, path, &own),
        None => ask(&quiz, answers, Some(&own)),
    }
}

/// Marks what lies in a file, and tells no key.
fn grade(quiz: &Quiz, flags: &ArgMatches) -> Result<Exit> {
    let folder = match flags.get_one::<PathBuf>("path") {
        Some(path) => path.clone(),
        None => course::root().join("exercises").join(quiz.slug),
    };
    let (marked, refused) = quiz::mark_below(quiz, &folder)?;
    let refused = refused.map(|refusal| refusal.headline);
    if command_line::wants_json(flags) {
        shell::report(&quiz::marked_json(quiz, &marked, refused.as_deref()).to_string());
    } else {
        let refused = refused.map_or(String::new(), |what| format!("\nnot accepted: {what}\n"));
        shell::report(&(quiz::marked_text(quiz, &marked) + &refused));
    }
    Ok(marked.exit())
}

/// All items, with the letters that go with the seed.
fn sheet(quiz: &Quiz, seed: u32) -> String {
    let mut text = format!(
        "# Quiz of {short}. Answer in a file, then: cargo xtask quiz {short} --answers FILE\n\
         # seed = \"{seed:08x}\"\n# [answers]\n# {first} = \"a\"\n\n",
        short = quiz.short(),
        first = quiz.items.first().map_or("item", |item| item.id.as_str()),
    );
    for (place, item) in quiz.items.iter().enumerate() {
        let _ = write!(text, "{}. {}\n{}\n", place + 1, item.id, quiz::question_text(item, seed));
    }
    text
}

/// Takes answers from a file of the same form as the one that is kept. Nothing is taken if anything is unreadable.
fn take(quiz: &Quiz, mut kept: Answers, path: &Path, own: &Path) -> Result<Exit> {
    let usage = |what: String| GraderError::usage(format!("`{}`: {what}", path.display()));
    let fresh = Answers::parse(&text_of(path)?).map_err(usage)?;
    if kept.given.is_empty() && own.symlink_metadata().is_err() {
        kept.seed = fresh.seed; // Whoever writes a first file by hand chooses the letters.
    }
    if fresh.seed != kept.seed {
        let seed = kept.seed;
        return Err(usage(format!("these letters belong to another sheet; yours has the seed {seed:08x}")));
    }
    let mut report = String::new();
    for (id, letters) in &fresh.given {
        let item = quiz.item(id).ok_or_else(|| usage(format!("{} has no item `{id}`", quiz.short())))?;
        let mark = quiz::mark_one(item, kept.seed, letters);
        if let Mark::Unreadable(why) = &mark {
            return Err(usage(format!("`{id}`: {why}")));
        }
        if kept.given.contains_key(id) {
            let _ = writeln!(report, "{id}: was answered before, and the first answer counts\n");
            continue;
        }
        let _ = writeln!(report, "{id}: {}", quiz::after_answer(item, kept.seed, letters, &mark));
        kept.given.insert(id.clone(), letters.clone());
    }
    kept.write(quiz, own)?;
    let marked = quiz::mark(quiz, &kept);
    shell::report(&(report + &summary(quiz, &marked)));
    Ok(marked.exit())
}

fn text_of(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE_BYTES).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(GraderError::usage(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// Asks what has not been answered yet, and tells about each answer at once. What is answered is kept at once, too; without
/// `own` nothing is.
fn ask(quiz: &Quiz, mut answers: Answers, own: Option<&Path>) -> Result<Exit> {
    let open: Vec<&Item> = quiz.items.iter().filter(|item| !answers.given.contains_key(&item.id)).collect();
    if open.is_empty() {
        let marked = quiz::mark(quiz, &answers);
        shell::report(&(quiz::review(quiz, &answers, &marked) + &summary(quiz, &marked)));
        return Ok(marked.exit());
    }
    let counts =
        if own.is_some() { "Your first answer counts." } else { "This is practice: nothing is kept." };
    let (of, todo) = (quiz.items.len(), open.len());
    shell::report(&format!(
        "Quiz of {}: {of} items, {todo} to answer. {counts} An empty line leaves an item for later, `q` stops.",
        quiz.short()
    ));
    for (place, item) in open.into_iter().enumerate() {
        shell::report(&format!("\n{} of {todo}\n{}", place + 1, quiz::question_text(item, answers.seed)));
        match answer_to(item, answers.seed)? {
            Reply::Stop => break,
            Reply::Later => {}
            Reply::Letters(letters, mark) => {
                shell::report(&quiz::after_answer(item, answers.seed, &letters, &mark));
                answers.given.insert(item.id.clone(), letters);
                if let Some(own) = own {
                    answers.write(quiz, own)?;
                }
            }
        }
    }
    let marked = quiz::mark(quiz, &answers);
    shell::report(&format!("\n{}", summary(quiz, &marked)));
    Ok(marked.exit())
}

/// What a person says to an item.
enum Reply {
    Letters(String, Mark),
    Later,
    Stop,
}

/// Reads lines until one is an answer. A person is asked again; a file or pipe cannot be, so there it is an error.
fn answer_to(item: &Item, seed: u32) -> Result<Reply> {
    loop {
        let Some(line) = shell::ask("> ")? else { return Ok(Reply::Stop) };
        match line.trim() {
            "" => return Ok(Reply::Later),
            "q" | "Q" => return Ok(Reply::Stop),
            letters => match quiz::mark_one(item, seed, letters) {
                Mark::Unreadable(why) if shell::is_asked_at_a_terminal() => shell::report(&why),
                Mark::Unreadable(why) => return Err(GraderError::usage(format!("`{}`: {why}", item.id))),
                mark => return Ok(Reply::Letters(letters.to_owned(), mark)),
            },
        }
    }
}

/// The last line, and what to do next.
fn summary(quiz: &Quiz, marked: &Marked) -> String {
    let open = marked.unanswered();
    let (right, of, points) = (marked.right(), marked.marks.len(), marked.points());
    let next = match open {
        0 => format!(
            "`cargo xtask quiz {}` shows all reasons; --again asks once more, for practice",
            quiz.short()
        ),
        1 => "1 item is still open".to_owned(),
        open => format!("{open} items are still open"),
    };
    format!("{right} of {of} items are right: {points} of {POINTS} points. {next}.")
}
