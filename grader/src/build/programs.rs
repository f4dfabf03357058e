//! Programs kept from one build to the next: what was compiled before just as it is need not be compiled again.
//!
//! A program is found again only if the whole text of the answer, the grader, its libraries and the compiler are the same, and
//! only one that was made without a complaint is kept. Knows nothing of how programs are made. Nothing is lost if a file here
//! is: the answer is compiled again.

use super::{Built, Outcome, PROGRAM};
use crate::error::{GraderError, Result};
use crate::experiment::World;
use crate::scratch::{self, Scratch};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many answers to each piece are kept: one's own and the reference solution.
const KEPT: usize = 2;

/// The file that says what the programs beside it were made of.
const ORIGIN: &str = "origin.json";

/// Where programs are kept.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
    /// This program: it brings flags, drivers' words and given files.
    grader: String,
}

/// What programs hang on.
#[derive(Debug)]
pub(super) struct Origin {
    piece: String,
    text: Value,
}

/// The identity of the running program: where it lies, its size and its date.
///
/// # Errors
///
/// A machine error if it cannot be looked at.
pub(crate) fn this_program() -> Result<String> {
    let failed = |error| GraderError::machine(format!("this program cannot be looked at: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let about = fs::metadata(&program).map_err(failed)?;
    Ok(format!("{program:?} {} {:?}", about.len(), about.modified().map_err(failed)?))
}

impl Programs {
    /// The programs of whoever runs this.
    ///
    /// # Errors
    ///
    /// A machine error if there is no place for them, or if this program cannot be looked at.
    pub(super) fn open() -> Result<Self> {
        let folder = scratch::base()?.join("programs");
        scratch::make(&folder)?;
        Ok(Self { folder, grader: this_program()? })
    }

    /// What the programs of a piece hang on: its files, and the libraries and the compiler that are used.
    pub(super) fn origin(
        &self,
        piece: String,
        files: &[(String, String)],
        kit: &Path,
        compiler: &str,
    ) -> Origin {
        let text = json!({ "grader": self.grader, "kit": kit, "compiler": compiler, "piece": piece, "files": files });
        Origin { piece, text }
    }

    fn place(&self, origin: &Origin) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        origin.text.to_string().hash(&mut hasher);
        self.folder.join(format!("{}-{:016x}", origin.piece, hasher.finish()))
    }

    /// The programs of this origin, if they are kept, in a folder of their own: what happens here later does not reach them.
    pub(super) fn find(&self, origin: &Origin) -> Option<Built> {
        let place = self.place(origin);
        let kept: Value = serde_json::from_str(&fs::read_to_string(place.join(ORIGIN)).ok()?).ok()?;
        if kept["origin"] != origin.text {
            return None;
        }
        let scratch = Scratch::new("build").ok()?;
        let link = |world: World| {
            let name = world.letter().to_string();
            let folder = scratch.path().join(&name);
            scratch::make(&folder).ok()?;
            // The name shows in what is told of threads.
            let program = folder.join(PROGRAM);
            fs::hard_link(place.join(&name), &program).ok().map(|()| Outcome::Program(program))
        };
        let real = link(World::Real)?;
        // Said in the file, since one that is missing may have been removed this very moment.
        let model = if kept["model"] == true { link(World::Model)? } else { Outcome::NotAsked };
        // Its date says that it is in use.
        let _ = File::open(place.join(ORIGIN)).and_then(|file| file.set_modified(SystemTime::now()));
        Some(Built { real, model, _scratch: scratch })
    }

    /// Keeps the programs of an answer that compiles. A disk that refuses costs no more than another build.
    pub(super) fn keep(&self, origin: &Origin, built: &Built) {
        let _ = self.try_to_keep(origin, built);
    }

    fn try_to_keep(&self, origin: &Origin, built: &Built) -> Option<()> {
        let Outcome::Program(_) = built.real else { return None };
        let place = self.place(origin);
        let scratch = Scratch::new("programs").ok()?;
        let whole = scratch.path().join("whole");
        scratch::make(&whole).ok()?;
        for world in World::BOTH {
            match built.outcome(world) {
                // A copy: the compiler's user still owns what it has made.
                Outcome::Program(program)
                    if program.symlink_metadata().is_ok_and(|about| about.is_file()) =>
                {
                    fs::copy(program, whole.join(world.letter().to_string())).ok()?;
                }
                Outcome::NotAsked => {}
                _ => return None,
            }
        }
        let model = matches!(built.model, Outcome::Program(_));
        let text = json!({ "origin": origin.text, "model": model }).to_string();
        fs::write(whole.join(ORIGIN), text).ok()?;
        // All at once. If somebody else was faster, theirs is as good.
        fs::rename(&whole, &place).ok()?;
        self.forget_old(&origin.piece);
        Some(())
    }

    fn forget_old(&self, piece: &str) {
        let items = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|item| item.path());
        let of_piece = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.rsplit_once('-').is_some_and(|(whose, _)| whose == piece))
        };
        let used = |path: &PathBuf| {
            let about = fs::metadata(path.join(ORIGIN));
            about.and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
        };
        let mut all: Vec<PathBuf> = items.filter(of_piece).collect();
        all.sort_by_cached_key(|path| std::cmp::Reverse(used(path)));
        for old in all.iter().skip(KEPT) {
            let _ = fs::remove_dir_all(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(scratch: &Scratch) -> Programs {
        Programs { folder: scratch.path().to_path_buf(), grader: "a grader".into() }
    }

    fn origin(programs: &Programs, text: &str) -> Origin {
        let files = [("src/a.rs".to_owned(), text.to_owned())];
        programs.origin("q9_a".into(), &files, Path::new("kit"), "a compiler")
    }

    fn built(texts: [Option<&str>; 2]) -> Built {
        let scratch = Scratch::new("build").expect("a folder");
        let [real, model] = ["r", "m"].map(|name| scratch.path().join(name));
        let outcome = |path: PathBuf, text: Option<&str>| match text {
            Some(text) => {
                fs::write(&path, text).expect("a program");
                Outcome::Program(path)
            }
            None => Outcome::NotAsked,
        };
        Built { real: outcome(real, texts[0]), model: outcome(model, texts[1]), _scratch: scratch }
    }

    fn texts(built: Option<&Built>) -> Option<[Option<String>; 2]> {
        let read = |world| match built?.outcome(world) {
            Outcome::Program(path) => fs::read_to_string(path).ok(),
            _ => None,
        };
        built.map(|_| [read(World::Real), read(World::Model)])
    }

    #[test]
    fn what_was_kept_is_found_and_outlives_what_is_kept_later() {
        let scratch = Scratch::new("programs").expect("a folder");
        let programs = programs(&scratch);
        let first = origin(&programs, "first");
        assert!(programs.find(&first).is_none());
        programs.keep(&first, &built([Some("real"), Some("model")]));
        let found = programs.find(&first);
        for text in ["second", "third", "fourth"] {
            // So that dates differ.
            let place = programs.place(&first).join(ORIGIN);
            if let Ok(file) = File::open(place) {
                file.set_modified(SystemTime::UNIX_EPOCH).expect("a date");
            }
            programs.keep(&origin(&programs, text), &built([Some(text), None]));
        }
        assert_eq!(fs::read_dir(scratch.path()).expect("a folder").count(), KEPT);
        assert!(programs.find(&first).is_none(), "the oldest has gone");
        let whole = [Some("real".to_owned()), Some("model".to_owned())];
        assert_eq!(texts(found.as_ref()), Some(whole), "and was taken in time");
        let fourth = programs.find(&origin(&programs, "fourth"));
        assert_eq!(texts(fourth.as_ref()), Some([Some("fourth".to_owned()), None]));
    }

    #[test]
    fn nothing_else_is_found_or_kept() {
        let scratch = Scratch::new("programs").expect("a folder");
        let kept = programs(&scratch);
        let first = origin(&kept, "first");
        kept.keep(&first, &built([None, None]));
        assert!(kept.find(&first).is_none(), "a program for neither world");
        let mut broken = built([Some("real"), None]);
        broken.model =
            Outcome::Refused(crate::verdict::Refusal { headline: String::new(), evidence: vec![] });
        kept.keep(&first, &broken);
        assert!(kept.find(&first).is_none());
        kept.keep(&first, &built([Some("real"), None]));
        assert!(kept.find(&first).is_some());
        let newer = Programs { grader: "a newer grader".into(), ..kept.clone() };
        for other in [origin(&kept, "other"), origin(&newer, "first")] {
            assert!(kept.find(&other).is_none());
            // As if two texts had one number.
            fs::rename(kept.place(&first), kept.place(&other)).expect("renamed");
            assert!(kept.find(&other).is_none());
            fs::rename(kept.place(&other), kept.place(&first)).expect("renamed");
        }
    }
}
