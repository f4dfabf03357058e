//! Litmus tests of the memory model: for each, the outcomes that the language allows and forbids, after the names of the
//! literature (Alglave, Maranget, Tautschnig, TOPLAS 2014; Lahav et al., PLDI 2017).
//!
//! What is forbidden is never seen, in as many schedules as there is time for: 2,000, or 100,000 with `RACECOURSE_DEEP`.
//! What is allowed is seen, where the model claims to know it. Where it does not, the outcome stands in `missing`, and
//! the test asks that it stays away: a model that learned it would have to be told so here.

mod programs;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use interleave::{Body, Bound, Clock, Coverage, Explorer, Options, search};

/// What the threads have read, in the order of the program.
type Outcome = &'static [u32];

/// One test.
struct Litmus {
    name: &'static str,
    /// Runs the threads and gives what they read.
    run: fn() -> Vec<u32>,
    /// Outcomes that must be seen.
    allowed: &'static [Outcome],
    /// Outcomes that the language allows and the model never shows.
    missing: &'static [Outcome],
    /// Outcomes that must never be seen.
    forbidden: &'static [Outcome],
}

fn schedules() -> u32 {
    if std::env::var_os("RACECOURSE_DEEP").is_some() { 100_000 } else { 2000 }
}

fn body(run: fn() -> Vec<u32>) -> (Body, Arc<Mutex<BTreeSet<Vec<u32>>>>) {
    let seen: Arc<Mutex<BTreeSet<Vec<u32>>>> = Arc::default();
    let inside = Arc::clone(&seen);
    let body: Body = Arc::new(move || {
        let outcome = run();
        inside.lock().expect("nobody panics with it").insert(outcome);
    });
    (body, seen)
}

fn taken(seen: &Mutex<BTreeSet<Vec<u32>>>) -> BTreeSet<Vec<u32>> {
    std::mem::take(&mut *seen.lock().expect("nobody panics with it"))
}

fn complaints(litmus: &Litmus, seen: &BTreeSet<Vec<u32>>, how: &str) -> Vec<String> {
    let Litmus { name, allowed, missing, forbidden, .. } = litmus;
    let has = |outcome: &&Outcome| seen.contains(**outcome);
    let unseen = allowed.iter().filter(|outcome| !has(outcome));
    let unseen = unseen.map(|outcome| format!("{name}, {how}: {outcome:?} is allowed and was not seen"));
    let broken = forbidden.iter().filter(has);
    let broken = broken.map(|outcome| format!("{name}, {how}: {outcome:?} is forbidden and was seen"));
    let learned = missing.iter().filter(has);
    let learned =
        learned.map(|outcome| format!("{name}, {how}: {outcome:?} is seen now: list it as allowed"));
    unseen.chain(broken).chain(learned).collect()
}

#[test]
fn chance_sees_what_is_allowed_and_never_what_is_forbidden() {
    let mut all = Vec::new();
    for litmus in programs::ALL {
        let (body, seen) = body(litmus.run);
        let mut explorer = Explorer::new(1, Options { clock: Clock::Adversarial, ..Options::default() });
        for _ in 0..schedules() {
            let ran = explorer.next(&body);
            assert!(ran.failure.is_none(), "{}: {:?}", litmus.name, ran.failure);
        }
        all.extend(complaints(litmus, &taken(&seen), "by chance"));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn the_search_sees_the_same() {
    let (mut all, mut whole) = (Vec::new(), 0);
    for litmus in programs::ALL {
        let (body, seen) = body(litmus.run);
        let bound = Bound { preemptions: 2, surprises: 0, schedules: schedules() };
        let found = search(bound, &Options::default(), &body);
        assert!(found.failure.is_none(), "{}: {:?}", litmus.name, found.failure);
        let complaints = complaints(litmus, &taken(&seen), "by search");
        whole += u32::from(found.coverage != Coverage::Part);
        // Four threads have more schedules than there is time for: what is allowed may be among the rest.
        let is_part = found.coverage == Coverage::Part;
        all.extend(complaints.into_iter().filter(|line| !is_part || !line.ends_with("was not seen")));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(whole >= 16, "only {whole} of {} were searched to the end", programs::ALL.len());
}
