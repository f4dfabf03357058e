//! The commands of the course. `main` maps what a command returns to an exit code, no more.
//!
//! Each command has a file of its own; flags stand in `flags`, and only `shell` prints.

#![forbid(unsafe_code)]

mod bench;
mod check;
mod course;
mod doctor;
mod explain;
mod flags;
mod grade;
mod hint;
mod hogs;
mod list;
mod mutants;
mod quiz;
mod replay;
mod reset;
mod shell;
mod soak;
mod tidy;
mod wraps;

use grader::exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match flags::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return shell::usage(&error),
    };
    let run = std::panic::AssertUnwindSafe(|| match matches.subcommand() {
        Some(("grade", flags)) => grade::run(flags),
        Some(("replay", flags)) => replay::run(flags),
        Some(("hint", flags)) => hint::run(flags),
        Some(("quiz", flags)) => quiz::run(flags),
        Some(("explain", flags)) => explain::run(flags),
        Some(("reset", flags)) => reset::run(flags),
        Some(("list", _)) => list::run(),
        Some(("doctor", flags)) => doctor::run(flags),
        Some(("check", flags)) => check::run(flags),
        Some(("mutants", flags)) => mutants::run(flags),
        Some(("soak", flags)) => soak::run(flags),
        Some(("bench", flags)) => bench::run(flags),
        _ => Ok(Exit::Usage),
    });
    let exit = match std::panic::catch_unwind(run) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            shell::error(&error, flags::wants_json(&matches));
            error.kind.into()
        }
        Err(_) => {
            shell::say("this is a bug in the grader; please report the lines above");
            Exit::Bug
        }
    };
    ExitCode::from(exit.code())
}
