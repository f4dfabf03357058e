//! Carries out one attack or one need by name, in whatever box it was started in, and says what came of
//! it in one line on standard error: `reached: EVIDENCE` or `stopped: EVIDENCE`.
//!
//! No attack does harm where nothing stops it: each is aimed at victims that the caller names, asks for
//! what is undone at once, or passes arguments that the kernel refuses to everybody. It knows no layer
//! and expects nothing.

#![deny(unsafe_code)]

mod files;
mod leftovers;
mod needs;
mod network;
mod pair;
mod processes;
mod raw;
mod system;
mod target;

use std::io::{self, Read, Write};
use std::process::ExitCode;
use target::{Target, Tried};

/// Carries out an attack.
type Attack = fn(&Target) -> Tried;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(kind), name) = (args.next(), args.next().unwrap_or_default()) else { return usage() };
    let tried = match kind.as_str() {
        "attack" => match attack(&name) {
            Some(attack) => attack(&Target::from_args(args)),
            None => return usage(),
        },
        "need" => match needs::find(&name) {
            Some(need) => {
                need().map(|()| "met".to_owned()).map_err(|error| target::Stopped(error.to_string()))
            }
            None => return usage(),
        },
        "pair" => pair::play(&name, &Target::from_args(args)),
        "child" => return child(&name),
        _ => return usage(),
    };
    let line = match tried {
        Ok(evidence) => format!("reached: {evidence}\n"),
        Err(target::Stopped(evidence)) => format!("stopped: {evidence}\n"),
    };
    // At once, so that no other line gets in between.
    let _ = io::stderr().write_all(line.as_bytes());
    ExitCode::SUCCESS
}

fn attack(name: &str) -> Option<Attack> {
    let places = [files::find, leftovers::find, network::find, processes::find, system::find];
    places.into_iter().find_map(|find| find(name))
}

/// What this program does when an attack or a need starts it once more.
fn child(name: &str) -> ExitCode {
    match name {
        // A victim, or whatever else is to live until it is told.
        "wait" => {
            let _ = io::stdin().read(&mut [0]);
        }
        "say" => {
            let _ = io::stdout().write_all(b"hello");
        }
        "arrive" => {
            let _ = io::stderr().write_all(b"reached: ran\n");
        }
        "orphan" => leftovers::orphan(),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let _ = writeln!(
        io::stderr(),
        "usage: hostile (attack NAME [key=value]... | need NAME | pair HALF [key=value]...)"
    );
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_the_table_names_can_be_carried_out() {
        let mut names = HashSet::new();
        for row in hostile::attacks() {
            assert!(attack(row.name).is_some(), "{} is only a name", row.name);
            assert!(names.insert(row.name), "{} stands in two rows", row.name);
        }
        for name in hostile::NEEDS {
            assert!(needs::find(name).is_some(), "{name} is only a name");
        }
    }
}
