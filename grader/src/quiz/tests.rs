//! What must be true of every quiz, and of marking.

use super::*;
use crate::exit::Exit;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What the assignment names, by question: each has to be covered by an item.
const NAMED: &[(&str, &[&str])] = &[
    (
        "q1",
        &[
            "io_bound",
            "low_memory",
            "fast_switching",
            "shared_data",
            "limited_resources",
            "concurrency_without_parallelism",
            "cpu_bound",
            "independent_tasks",
            "gil",
            "fault_isolation",
            "scaling",
            "security",
            "symmetric",
        ],
    ),
    (
        "q2",
        &["workers", "submission", "scheduling", "load_balancing", "reuse", "parallel", "results", "cleanup"],
    ),
    ("q3", &["what", "gil", "cpu_bound", "independent_tasks", "scaling", "fault_isolation", "resources"]),
    ("q4", &["lock", "race", "empty", "history", "guard", "poison"]),
    (
        "q5",
        &[
            "lock",
            "rlock",
            "semaphore",
            "condition",
            "event",
            "queue",
            "thread_local",
            "pipe",
            "process_queue",
            "value_array",
            "manager",
            "process_locks",
            "shared_memory",
            "mmap",
            "numpy",
        ],
    ),
    (
        "q6",
        &[
            "resource_leaks",
            "data_integrity",
            "deadlocks",
            "stability",
            "degradation",
            "diagnostics",
            "try_except",
            "logging",
            "daemon_threads",
            "process_channel",
            "futures",
            "context_managers",
            "thread_local",
            "error_handlers",
            "error_queues",
            "signals",
            "retry",
        ],
    ),
    ("q7", &["pool", "gil", "factorials", "panics", "nested", "shutdown", "rayon"]),
    ("q8", &["clock", "phases", "pool_sizes", "results", "speed_up", "repetition"]),
];

fn all() -> Vec<Quiz> {
    quizzes().expect("the keys are sound")
}

#[test]
fn what_the_assignment_names_is_covered() {
    let quizzes = all();
    assert!(quizzes.iter().map(|quiz| quiz.items.len()).sum::<usize>() >= 40);
    for (short, named) in NAMED {
        let quiz = quizzes.iter().find(|quiz| quiz.short() == *short).expect("each of these has a quiz");
        for word in *named {
            let covers = |item: &Item| item.covers.iter().any(|covered| covered == word);
            assert!(quiz.items.iter().any(covers), "{short}: nothing covers {word}");
        }
    }
}

#[test]
fn every_item_can_be_answered_and_explains_itself() {
    for quiz in all() {
        for item in &quiz.items {
            let at = format!("{} {}", quiz.short(), item.id);
            assert!(item.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{at}");
            assert!(!item.covers.is_empty() && !item.prompt.trim().is_empty(), "{at}");
            let wrong = item.options.iter().filter(|option| !option.right).count();
            assert!(wrong >= 1 || item.form == Form::Order, "{at}: nothing to get wrong");
            for option in &item.options {
                assert!(option.why.len() >= 28 && option.why.ends_with('.'), "{at}: {}", option.why);
            }
            for seed in [0, 1, 0xdead_beef] {
                assert_eq!(mark_one(item, seed, &item.right_letters(seed)), Mark::Right, "{at}");
            }
        }
    }
}

#[test]
fn the_longest_option_is_no_hint() {
    for quiz in all() {
        let ones: Vec<&Item> = quiz.items.iter().filter(|item| item.form == Form::One).collect();
        let longest =
            |item: &&&Item| item.options.iter().max_by_key(|it| it.text.len()).is_some_and(|it| it.right);
        let longest = ones.iter().filter(longest).count();
        assert!(
            longest * 2 <= ones.len(),
            "{}: the longest is right in {longest} of {}",
            quiz.short(),
            ones.len()
        );
    }
}

/// The key must not be read where students work, and every option has a text of its own to look for.
#[test]
fn no_key_lies_in_the_exercises() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises");
    let mut texts = String::new();
    gather(&folder, &mut texts);
    assert!(texts.contains("Question 1: threads or processes"), "the exercises were read");
    for quiz in all() {
        for option in quiz.items.iter().flat_map(|item| &item.options) {
            assert!(!texts.contains(&option.why), "{}: {}", quiz.slug, option.why);
        }
    }
}

fn gather(folder: &Path, texts: &mut String) {
    for item in fs::read_dir(folder).expect("a folder").flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        assert_ne!(name, "quiz.toml", "{}", folder.display());
        if item.path().is_dir() {
            gather(&item.path(), texts);
        } else if let Ok(text) = fs::read_to_string(item.path()) {
            *texts += &text;
        }
    }
}

/// A quiz of one item of each form; only options with a `+` are right.
fn item(form: Form, options: &[&str]) -> Item {
    let choice = |text: &&str| Choice {
        text: (*text).to_owned(),
        right: form == Form::Order || text.starts_with('+'),
        why: "It is so.".into(),
    };
    let options = options.iter().map(choice).collect();
    Item { id: "item".into(), form, prompt: "?".into(), covers: Vec::new(), program: None, options }
}

fn letter_of(item: &Item, seed: u32, text: &str) -> char {
    item.shown(seed).into_iter().find(|(_, choice)| choice.text == text).expect("an option").0
}

#[test]
fn one_several_and_order_are_marked_as_they_are_asked() {
    for seed in 0..50 {
        let one = item(Form::One, &["+x", "y", "z"]);
        let of = |text| letter_of(&one, seed, text).to_string();
        assert_eq!(mark_one(&one, seed, &of("+x")), Mark::Right);
        assert_eq!(mark_one(&one, seed, &of("y")), Mark::Wrong);
        assert!(matches!(mark_one(&one, seed, &(of("+x") + &of("y"))), Mark::Unreadable(_)));

        let several = item(Form::Several, &["+x", "+y", "z"]);
        let of = |text| letter_of(&several, seed, text).to_string();
        let (x, y, z) = (of("+x"), of("+y"), of("z"));
        assert_eq!(mark_one(&several, seed, &format!("{y}, {}", x.to_uppercase())), Mark::Right);
        for wrong in [x.clone(), format!("{x}{y}{z}"), z] {
            assert_eq!(mark_one(&several, seed, &wrong), Mark::Wrong, "{wrong}");
        }

        let order = item(Form::Order, &["first", "second", "third"]);
        let of = |text| letter_of(&order, seed, text).to_string();
        let right = of("first") + &of("second") + &of("third");
        assert_eq!(mark_one(&order, seed, &right), Mark::Right);
        assert_eq!(mark_one(&order, seed, &right.chars().rev().collect::<String>()), Mark::Wrong);
        assert!(matches!(mark_one(&order, seed, &of("first")), Mark::Unreadable(_)));
    }
}

#[test]
fn what_is_no_answer_is_named() {
    let item = item(Form::Several, &["+x", "y"]);
    for (answer, word) in
        [("", "one letter or more"), ("c", "none of the letters a to b"), ("aa", "twice"), ("ä", "none")]
    {
        match mark_one(&item, 1, answer) {
            Mark::Unreadable(why) => assert!(why.contains(word), "{answer}: {why}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

#[test]
fn the_seed_shuffles_and_nothing_else_does() {
    let item = item(Form::One, &["+x", "y", "z", "u"]);
    let letters: BTreeSet<String> = (0..100).map(|seed| item.right_letters(seed)).collect();
    assert_eq!(letters.len(), 4, "every place is possible");
    assert!((0..100).all(|seed| item.right_letters(seed) == item.right_letters(seed)));
}

#[test]
fn points_are_the_share_of_right_items_and_all_points_mean_all_items() {
    let quiz = &all()[0];
    let mut answers = Answers::new(7);
    assert_eq!((mark(quiz, &answers).points(), mark(quiz, &answers).exit()), (0, Exit::Lost));
    for item in &quiz.items[1..] {
        answers.given.insert(item.id.clone(), item.right_letters(7));
    }
    assert_eq!((mark(quiz, &answers).points(), mark(quiz, &answers).exit()), (9, Exit::Lost));
    answers.given.insert(quiz.items[0].id.clone(), quiz.items[0].right_letters(7));
    answers.given.insert("no_such_item".into(), "a".into());
    let marked = mark(quiz, &answers);
    assert_eq!((marked.points(), marked.exit()), (POINTS, Exit::Full));
    assert_eq!(marked.strangers, ["no_such_item"]);
}

#[test]
fn answers_are_read_as_they_were_written() {
    let quiz = &all()[0];
    let mut answers = Answers::new(0xabc);
    answers.given.insert(quiz.items[0].id.clone(), "b".into());
    answers.given.insert(quiz.items[1].id.clone(), "ac".into());
    assert_eq!(Answers::parse(&answers.to_toml(quiz)), Ok(answers));
    for (text, word) in [
        ("", "`seed"),
        ("seed = \"x\"", "hexadecimal"),
        ("seed = \"1\"\nanswers = 3", "not a table"),
        ("seed = \"1\"\n[answers]\na = 3", "`a` is not a text"),
        ("# answers\nseed = ", "line 2 is not TOML"),
    ] {
        let error = Answers::parse(text).expect_err(text);
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn a_file_of_answers_cannot_command_a_terminal() {
    let hostile = "\u{1b}[2J";
    let quoted = "\\u001b[2J";
    for text in [
        format!("seed = \"{quoted}\""),
        format!("seed = \"1\"\n[answers]\n\"{quoted}\" = 3"),
        format!("seed = \"1\" {hostile}"),
    ] {
        let error = Answers::parse(&text).expect_err("not answers");
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
    let names: String = (0..100).map(|n| format!("\"{quoted}{n}\" = \"a\"\n")).collect();
    let answers = Answers::parse(&format!("seed = \"1\"\n[answers]\nmany_pages = \"{quoted}\"\n{names}"));
    let quiz = &all()[0];
    let marked = mark(quiz, &answers.expect("strange, but answers"));
    let text = marked_text(quiz, &marked) + &marked_json(quiz, &marked, None).to_string();
    assert!(!text.contains('\u{1b}') && text.contains("unreadable") && text.len() < 10_000, "{text:?}");
}

/// A source of one item, from the lines that follow its `id`.
fn complaint(lines: &str) -> String {
    let key: &'static str = Box::leak(format!("[[item]]\nid = \"a\"\n{lines}").into_boxed_str());
    match read::quiz(&Source { slug: "q0_none", key, programs: &[] }) {
        Ok(_) => "none".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_broken_key_is_refused_with_its_place() {
    let two = "{ text = \"x\", right = true, why = \"w\" }, { text = \"y\", why = \"w\" }";
    let with = |kind: &str, options: &str| {
        complaint(&format!("kind = \"{kind}\"\nprompt = \"p\"\noption = [{options}]"))
    };
    assert_eq!(with("one", two), "none");
    assert!(with("many", two).contains("`many` is no kind"));
    assert!(
        with("one", "{ text = \"x\", why = \"w\" }, { text = \"y\", why = \"w\" }")
            .contains("0 right options")
    );
    assert!(
        with("one", "{ text = \"x\", right = true }, { text = \"y\", why = \"w\" }")
            .contains("lacks `text` or `why`")
    );
    assert!(with("several", "{ text = \"x\", right = true, why = \"w\" }").contains("has 1 options"));
    assert!(with("predict", two).contains("output of a program"));
    assert!(complaint("kind = \"one\"").contains("`a` lacks `prompt`"));
}
