//! Hash tables iterate in an order that the schedule decides, and nothing else.

use std::sync::{Arc, Mutex};

use interleave::{Body, Explorer, Options};
use interleave_std::collections::{HashMap, HashSet};
use interleave_std::thread;

#[test]
fn a_replay_meets_the_same_order_and_other_schedules_meet_others() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::clone(&seen);
    let body: Body = Arc::new(move || {
        let map: HashMap<u32, u32> = (0..20).map(|number| (number, number)).collect();
        let set = thread::spawn(|| HashSet::from([1, 2, 3, 4, 5, 6, 7, 8])).join().unwrap();
        let order: Vec<u32> = map.into_keys().chain(set).collect();
        inside.lock().unwrap().push(order);
    });
    let mut explorer = Explorer::new(1, Options::default());
    let schedules: Vec<_> = (0..10).map(|_| explorer.next(&body).schedule).collect();
    let first = std::mem::take(&mut *seen.lock().unwrap());
    for schedule in schedules {
        explorer.replay(schedule, &body);
    }
    let again = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(first, again);
    assert!(first.iter().any(|order| *order != first[0]), "{first:?}");
}

#[test]
fn outside_of_schedules_the_order_is_nobodys() {
    let order = || (0..50).collect::<HashSet<u32>>().into_iter().collect::<Vec<_>>();
    assert!((0..20).any(|_| order() != order()));
}
