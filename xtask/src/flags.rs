//! All commands and flags in one place.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::path::PathBuf;

/// The command line.
pub(crate) fn command() -> Command {
    Command::new("cargo xtask")
        .about("Grades the exercises of Racecourse and helps on the way")
        .after_help("Start with `cargo xtask list`, then read the README of a question.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(grade())
        .subcommand(
            Command::new("replay")
                .about("Show a failing schedule again, step by step")
                .arg(question())
                .arg(
                    Arg::new("code")
                        .value_name("CODE")
                        .required(true)
                        .help("The code from the report's `see it again` line"),
                )
                .arg(
                    Arg::new("svg")
                        .long("svg")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("Also draw it: a lane for each thread, a bar for as long as a lock is held"),
                )
                .args(whose()),
        )
        .subcommand(
            Command::new("hint")
                .about("Show a hint: 1 is a nudge, 3 is the shape of an answer")
                .arg(question())
                .arg(
                    Arg::new("level")
                        .value_name("LEVEL")
                        .value_parser(value_parser!(u8).range(1..=3))
                        .default_value("1")
                        .help("1, 2 or 3"),
                )
                .arg(part("Which part of a question that has parts, as in `semaphore`")),
        )
        .subcommand(quiz())
        .subcommand(
            Command::new("explain").about("Explain a word of a report, such as Race").arg(
                Arg::new("fault").value_name("FAULT").help("The word; without it, all words are listed"),
            ),
        )
        .subcommand(
            Command::new("reset")
                .about("Put the untouched stub back; your answer is kept beside it")
                .arg(question())
                .arg(part("Only the files of this part, as in `semaphore`")),
        )
        .subcommand(Command::new("list").about("List the questions"))
        .subcommand(
            Command::new("doctor")
                .about("Say what protects this machine from the answers that it grades, and how to get more")
                .arg(without()),
        )
        .subcommand(
            Command::new("check")
                .about("Check the whole course, as CI does")
                .arg(switch("deep", "More seeds and schedules for the engine, and another engine's opinion"))
                .arg(switch("fix", "Also bring generated tables and formatting up to date")),
        )
        .subcommand(
            Command::new("soak")
                .about("Grade the whole bank again and again, half of it on a busy machine")
                .arg(questions())
                .arg(
                    Arg::new("runs")
                        .long("runs")
                        .value_name("N")
                        .value_parser(value_parser!(u32).range(1..))
                        .default_value("200")
                        .help("Runs of solution and variants; stub and impostors get a tenth"),
                )
                .arg(
                    Arg::new("hogs")
                        .long("hogs")
                        .action(ArgAction::SetTrue)
                        .help("Beside busy loops that leave the gradings next to no processor"),
                )
                .arg(switch("wraps", "With process numbers that begin again from small ones every moment; only as root"))
                .arg(part("Only this part of the questions"))
                .arg(without()),
        )
        .subcommand(
            Command::new("mutants")
                .about("Make right answers about threads wrong, place by place, and see whether the checks notice")
                .arg(questions())
                .arg(switch("variants", "Not only the reference solutions, also the variants").conflicts_with("generic"))
                .arg(switch("generic", "With the general operators of cargo-mutants, of which a list is asked for"))
                .arg(switch("all", "Also list what was noticed, and by which check"))
                .arg(part("Only this part of the questions")),
        )
        .subcommand(
            Command::new("bench")
                .about("Measure the speed of the grader and of the pool; never part of a verdict")
                .subcommand_required(true)
                .subcommand(
                    Command::new("loop")
                        .about("From an edited answer to its verdict, beside the bare compiler")
                        .arg(rounds()),
                )
                .subcommand(
                    Command::new("pools")
                        .about("The process pool of question 2 beside CPython's, rayon and bare pipes")
                        .arg(rounds())
                        .arg(
                            Arg::new("svg")
                                .long("svg")
                                .value_name("FILE")
                                .value_parser(value_parser!(PathBuf))
                                .help("Also draw question 8 as a bar chart"),
                        )
                        .arg(format()),
                )
                .subcommand(
                    Command::new("ipc")
                        .about("The tools of question 5 for processes beside CPython's and the bare calls")
                        .arg(rounds())
                        .arg(format()),
                )
                .subcommand(
                    Command::new("engine")
                        .about("The schedule explorer beside Shuttle, schedules per second")
                        .arg(rounds())
                        .arg(format()),
                ),
        )
}

fn part(help: &'static str) -> Arg {
    Arg::new("part").long("part").value_name("PART").help(help)
}

fn grade() -> Command {
    Command::new("grade")
        .about("Grade your answers, or somebody else's")
        .arg(questions())
        .arg(part("Only this part of a question that has parts, as in `semaphore`"))
        .args(whose())
        .arg(switch("deep", "Explore ten times as many schedules"))
        .arg(switch("fresh", "Grade every part again, also those that have not changed"))
        .arg(switch("trust-submissions", "Grade the answers at --path even where nothing closes them in"))
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("HEX")
                .value_parser(|text: &str| {
                    u32::from_str_radix(text, 16).map_err(|_| "not a hexadecimal number of 32 bits")
                })
                .help("Use these challenges and schedules instead of fresh ones"),
        )
        .arg(
            Arg::new("repeat")
                .long("repeat")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..))
                .help("Build once, judge N times, and say whether any verdict differs"),
        )
        .arg(without())
        .arg(format())
}

fn quiz() -> Command {
    Command::new("quiz")
        .about("Answer the quiz of a question: 10 of its 100 points")
        .arg(question())
        .arg(switch("sheet", "Print all items with their letters, to be answered in a file"))
        .arg(
            Arg::new("answers")
                .long("answers")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with_all(["sheet", "again"])
                .help("Take the answers from this file, in the form of `quiz-answers.toml`; `-` is standard input"),
        )
        .arg(switch("again", "Ask everything once more, for practice: nothing is kept").conflicts_with("sheet"))
        .arg(
            switch("grade", "Mark the answers that are kept, and tell no key")
                .conflicts_with_all(["sheet", "answers", "again"]),
        )
        .arg(
            Arg::new("path")
                .long("path")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("With --grade: the answers in here: an exercise's folder, a whole course, or the file"),
        )
        .arg(format())
}

/// Layers of the sandbox to do without.
fn without() -> Arg {
    Arg::new("without")
        .long("without")
        .value_name("LAYER")
        .value_parser(["namespaces", "landlock", "seccomp"])
        .action(ArgAction::Append)
        .help("Do without this layer of the sandbox, to see what a lesser machine does")
}

/// Whose answer: own, the reference, or a folder's.
fn whose() -> [Arg; 2] {
    [
        Arg::new("path")
            .long("path")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .conflicts_with("solutions")
            .help("Take the answer from here: an exercise's folder, a whole course, or one file"),
        switch("solutions", "Take the course's reference solutions"),
    ]
}

fn questions() -> Arg {
    Arg::new("questions")
        .value_name("QUESTION")
        .num_args(0..)
        .help("Which questions, for example q4; without any, all of them")
}

fn question() -> Arg {
    Arg::new("question").value_name("QUESTION").required(true).help("Which question, for example q4")
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn format() -> Arg {
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(["human", "json"])
        .default_value("human")
        .help("How to print the report")
}

fn rounds() -> Arg {
    Arg::new("rounds")
        .long("rounds")
        .value_name("N")
        .value_parser(value_parser!(u32).range(1..))
        .default_value("15")
        .help("How many interleaved rounds")
}

/// Whether standard output has to be one JSON document.
pub(crate) fn wants_json(matches: &ArgMatches) -> bool {
    // The flag belongs to the innermost command.
    match matches.subcommand() {
        Some((_, inner)) => wants_json(inner),
        None => matches.try_get_one::<String>("format").ok().flatten().is_some_and(|format| format == "json"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
