//! The table in README that says where each thing of the assignment is: does it name what there is, and all of it?
//!
//! Knows the form of the table and the catalogue; what the assignment asks for is for people to read.

use grader::catalogue::Question;
use std::collections::BTreeSet;

/// The first cell of the table's heading, by which it is found.
const HEADING: &str = "| of Python |";

/// What is wrong with the table in `readme`, a line each.
pub(super) fn broken(readme: &str, questions: &[Question]) -> Vec<String> {
    let rows: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with(HEADING))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let mut broken = Vec::new();
    // What is named: a question alone, or one of its parts.
    let mut named: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for row in &rows {
        let places = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        for (short, part) in places_in(places) {
            let question = questions.iter().find(|question| question.short == short);
            let known = question.is_some_and(|question| match &part {
                Some(part) => question.parts.iter().any(|known| known.name == *part),
                None => true,
            });
            if !known {
                let part = part.map_or(String::new(), |part| format!(" `{part}`"));
                broken
                    .push(format!("README.md: the table of places names {short}{part}, which there is not"));
                continue;
            }
            named.insert((short, part));
        }
    }
    for question in questions {
        if named.contains(&(question.short.clone(), None)) {
            continue;
        }
        if question.parts.is_empty() {
            broken.push(format!("README.md: the table of places leaves {} out", question.short));
        }
        for part in &question.parts {
            if !named.contains(&(question.short.clone(), Some(part.name.clone()))) {
                broken.push(format!(
                    "README.md: the table of places leaves {} `{}` out",
                    question.short, part.name
                ));
            }
        }
    }
    broken
}

/// Reads a cell such as "q4, q5 `event`, `queue`": a question alone, then two parts of another one.
fn places_in(cell: &str) -> Vec<(String, Option<String>)> {
    let mut places = Vec::new();
    let mut question = String::new();
    for (number, text) in cell.split('`').enumerate() {
        if number % 2 == 1 {
            // The question was named for the sake of its part.
            places.pop_if(|place| *place == (question.clone(), None));
            places.push((question.clone(), Some(text.to_owned())));
            continue;
        }
        for word in text.split([' ', ',']).filter(|word| is_short(word)) {
            question = word.to_owned();
            places.push((question.clone(), None));
        }
    }
    places
}

fn is_short(word: &str) -> bool {
    word.strip_prefix('q')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader::catalogue;

    fn table(rows: &str) -> Vec<String> {
        let questions: Vec<Question> = ["q4", "q7"].map(|short| catalogue::find(short).unwrap()).into();
        broken(&format!("{HEADING} here |\n|---|---|\n{rows}\nno row"), &questions)
    }

    #[test]
    fn every_question_or_all_its_parts_must_be_named() {
        assert_eq!(table("| a | q4, q7 |"), [""; 0]);
        assert_eq!(table("| a | q7 `pool`, `factorials` |\n| b | q4, q7 `with_rayon` |"), [""; 0]);
        let left = table("| a | q7 `pool`, `with_rayon` |");
        assert_eq!(left.len(), 2);
        assert!(left[0].ends_with("leaves q4 out") && left[1].ends_with("leaves q7 `factorials` out"));
    }

    #[test]
    fn what_there_is_not_must_not_be_named() {
        let wrong = table("| `q9` of Python | q4, q7, q9, q7 `swimming` |");
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].contains("names q9,") && wrong[1].contains("names q7 `swimming`,"));
    }
}
