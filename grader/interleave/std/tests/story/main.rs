//! Stories: what they say, and that the same schedule always tells the same one.

mod bodies;

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use interleave::{Body, Explorer, Options, Ran, Report, explore};

const SEED: u64 = 7;

fn hunt(body: fn()) -> Ran {
    let Report { failure, .. } = explore(SEED, 500, Options::default(), Arc::new(body));
    failure.expect("the body is wrong")
}

fn text(ran: &Ran) -> String {
    let failure = ran.failure.as_ref().expect("the run failed");
    let mut lines = vec![format!("{}: {}", failure.fault, failure.headline)];
    lines.extend(failure.waits.iter().map(|wait| format!("  {wait}")));
    lines.extend(ran.story());
    lines.join("\n")
}

#[test]
fn a_lost_wake_up() {
    insta::assert_snapshot!(text(&hunt(bodies::lost_wake_up)));
}

#[test]
fn a_deadlock_of_two_locks() {
    insta::assert_snapshot!(text(&hunt(bodies::opposite_locks)));
}

#[test]
fn a_stale_read() {
    insta::assert_snapshot!(text(&hunt(bodies::relaxed_publication)));
}

#[test]
fn only_the_stale_read_reads_an_old_value_in_its_shortest_run() {
    assert!(hunt(bodies::relaxed_publication).read_old_value());
    assert!(!hunt(bodies::opposite_locks).read_old_value());
}

#[test]
fn the_same_arguments_give_the_same_report() {
    for body in bodies::ALL {
        let (first, second) = (hunt(body), hunt(body));
        assert_eq!(first.schedule, second.schedule);
        assert_eq!(text(&first), text(&second));
    }
}

#[test]
fn a_schedule_can_be_replayed_by_its_three_numbers() {
    for body in bodies::ALL {
        let found = hunt(body);
        // Another explorer, which has seen nothing of the body.
        let explorer = Explorer::new(0, Options::default());
        let again = explorer.replay(found.schedule, &(Arc::new(body) as Body));
        assert_eq!((found.steps, found.switches), (again.steps, again.switches));
        assert_eq!(text(&found), text(&again));
    }
}

#[test]
fn quiet_runs_tell_the_same_story_too() {
    let body: Body = Arc::new(bodies::quiet);
    let run = || {
        let mut explorer = Explorer::new(SEED, Options::default());
        (0..60).map(|_| explorer.next(&body).story()).collect::<Vec<_>>()
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    assert!(first.iter().any(|story| *story != first[0]), "sixty schedules and one order only");
}

/// Set in the process that only tells.
const TELL: &str = "RACECOURSE_TELL_STORIES";

#[test]
fn another_process_tells_the_same_story() {
    if std::env::var_os(TELL).is_some() {
        let stories = bodies::ALL.map(|body| text(&hunt(body)));
        std::io::stdout().write_all(stories.concat().as_bytes()).expect("the other process listens");
        return;
    }
    let output = Command::new(std::env::current_exe().expect("a test has a file"))
        .args(["--exact", "another_process_tells_the_same_story", "--nocapture"])
        .env(TELL, "1")
        .output()
        .expect("a test can be run again");
    let theirs = String::from_utf8(output.stdout).expect("stories are text");
    for body in bodies::ALL {
        assert!(theirs.contains(&text(&hunt(body))), "{theirs}");
    }
}

#[test]
fn shortening_keeps_the_fault_and_never_makes_it_longer() {
    for body in bodies::ALL {
        let body: Body = Arc::new(body);
        let mut explorer = Explorer::new(SEED, Options::default());
        let first = std::iter::repeat_with(|| explorer.next(&body)).find(|ran| ran.failure.is_some());
        let (first, best) = (first.expect("the body is wrong"), hunt_body(&body));
        assert_eq!(first.failure.map(|failure| failure.fault), best.failure.map(|failure| failure.fault));
        assert!((best.switches, best.steps) <= (first.switches, first.steps));
    }
}

fn hunt_body(body: &Body) -> Ran {
    explore(SEED, 500, Options::default(), Arc::clone(body)).failure.expect("the body is wrong")
}
