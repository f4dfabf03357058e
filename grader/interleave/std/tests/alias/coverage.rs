//! The table of what is modelled, against both libraries: every item exists, and is what the table says.

use std::path::Path;
use std::process::Command;

use super::{rustc, scratch, with_alias};

const TABLE: &str = include_str!("../../COVERAGE.md");

/// Path and word of every row.
fn rows() -> Vec<(String, &'static str)> {
    let rows = TABLE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let item = cells.next()?.trim_end_matches('`');
        Some((format!("std::{item}"), cells.next()?.trim()))
    });
    rows.collect()
}

/// A type of the table with arguments that exist.
fn concrete(item: &str) -> String {
    item.replace("'a", "'static").replace("<T", "<u8").replace(", T", ", u8")
}

/// Whether it is a type, as far as names tell.
fn is_type(item: &str) -> bool {
    let name = item.split('<').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
    let capitals = name.chars().all(|c| c.is_uppercase() || c == '_');
    name.starts_with(char::is_uppercase) && !capitals
}

/// What the types of these rows are called in one of the two libraries.
fn type_names(rows: &[(String, &str)], alias: bool) -> Vec<String> {
    let probes = rows
        .iter()
        .filter(|(item, how)| *how != "refused" && is_type(item))
        .map(|(item, _)| format!("    println!(\"{{}}\", std::any::type_name::<{}>());\n", concrete(item)));
    let source = format!("fn main() {{\n{}}}\n", probes.collect::<String>());
    let name = if alias { "coverage_alias" } else { "coverage_real" };
    let (file, program) = (scratch(&format!("{name}.rs")), scratch(name));
    std::fs::write(&file, source).expect("the scratch folder can be written to");
    let arguments = if alias { with_alias() } else { Vec::new() };
    let built = rustc(&file, &program, "bin", "2024", &arguments);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let output = Command::new(program).output().expect("the program can be run");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn types_are_modelled_or_the_real_ones_as_the_table_says() {
    let rows = rows();
    assert!(rows.len() > 90, "{}", rows.len());
    let (real, alias) = (type_names(&rows, false), type_names(&rows, true));
    let types: Vec<_> = rows.iter().filter(|(item, how)| *how != "refused" && is_type(item)).collect();
    assert_eq!((real.len(), alias.len()), (types.len(), types.len()));
    for (((item, how), real), alias) in types.into_iter().zip(&real).zip(&alias) {
        match *how {
            "modelled" => assert!(alias.starts_with("interleave_std::") && real != alias, "{item}: {alias}"),
            "as it is" => assert_eq!(real, alias, "{item}"),
            other => panic!("{item}: what is `{other}`?"),
        }
    }
}

/// The lines that the compiler complains about.
fn broken_lines(file: &Path, alias: bool) -> Vec<usize> {
    let arguments = if alias { with_alias() } else { Vec::new() };
    let output = rustc(file, &scratch("coverage_uses.rlib"), "lib", "2024", &arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let place = format!("--> {}:", file.display());
    let lines =
        text.lines().filter_map(|line| line.trim().strip_prefix(&place)?.split(':').next()?.parse().ok());
    lines.collect()
}

#[test]
fn what_is_refused_exists_in_the_real_library_only() {
    let rows = rows();
    let line = |(item, _): &(String, &str)| {
        let path = item.split('<').next().unwrap_or_default();
        format!("#[allow(deprecated)] pub use {path} as _;\n")
            .replace(" as _", &format!(" as X{}", path.replace("::", "_")))
    };
    let file = scratch("coverage_uses.rs");
    std::fs::write(&file, rows.iter().map(line).collect::<String>())
        .expect("the scratch folder can be written to");
    assert_eq!(broken_lines(&file, false), Vec::<usize>::new());
    let refused: Vec<usize> =
        (1..).zip(&rows).filter(|(_, (_, how))| *how == "refused").map(|(number, _)| number).collect();
    assert_eq!(broken_lines(&file, true), refused);
}
