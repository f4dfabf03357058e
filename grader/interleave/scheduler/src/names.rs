//! Short, stable names for types and source locations.
//!
//! Knows nothing of objects or threads. Never prints an address: text must be equal in every process.

use std::panic::Location;

/// Where an operation was called.
pub type Site = &'static Location<'static>;

/// Longest type name that is shown in full.
const LONGEST_TYPE: usize = 48;

/// The place of a thread that has not called anything yet and that nobody has spawned.
pub(crate) fn nowhere() -> Site {
    Location::caller()
}

/// `lib.rs:40:9`: the file's own name without its folders.
pub(crate) fn place(site: &Location<'_>) -> String {
    if site.file() == file!() {
        return "-".to_owned();
    }
    let file = site.file();
    let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
    format!("{file}:{}:{}", site.line(), site.column())
}

/// Whether a place lies in the standard library, which calls back closures and iterators on behalf of others.
#[must_use]
pub fn is_library(site: Site) -> bool {
    site.file().starts_with("/rustc/")
}

/// `alloc::vec::Vec<core::option::Option<u8>>` becomes `Vec<Option<u8>>`.
pub(crate) fn short_type(full: &str) -> String {
    let mut short = String::with_capacity(full.len());
    let mut rest = full;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("::") {
            let kept = short.trim_end_matches(is_path_char).len();
            short.truncate(kept);
            rest = after;
        } else {
            short.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    if short.chars().count() > LONGEST_TYPE {
        short = short.chars().take(LONGEST_TYPE - 1).collect();
        short.push('…');
    }
    short
}

fn is_path_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#')
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn types_lose_their_paths_and_keep_their_arguments() {
        for (full, short) in [
            ("u64", "u64"),
            ("alloc::vec::Vec<core::option::Option<u8>>", "Vec<Option<u8>>"),
            ("(alloc::string::String, [answer::Job; 3])", "(String, [Job; 3])"),
            ("dyn answer::list::Shape", "dyn Shape"),
            ("answer::run::{{closure}}", "{{closure}}"),
        ] {
            assert_eq!(short_type(full), short);
        }
    }

    #[test]
    fn a_very_long_type_is_cut() {
        let cut = short_type(&"(u8, u16)".repeat(20));
        assert_eq!(cut.chars().count(), super::LONGEST_TYPE);
        assert!(cut.ends_with('…'));
    }
}
