//! Hash tables, by every way that programs make and use them.

use crate::helpers::Program;

use std::collections::hash_map::{DefaultHasher, Entry, RandomState};
use std::collections::{HashMap, HashSet, hash_set};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

fn sorted<T: Ord>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.into_iter().collect();
    all.sort();
    all
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Book {
    pages: HashMap<String, Vec<u8>>,
    marks: HashSet<u8>,
}

fn maps() -> String {
    let mut map = HashMap::new();
    map.insert("one", 1);
    *map.entry("two").or_insert(0) += 2;
    map.extend([("three", 3)]);
    if let Entry::Occupied(entry) = map.entry("one") {
        entry.remove();
    }
    let copy = map.clone();
    for (_, value) in &mut map {
        *value *= 10;
    }
    let total: i32 = map.values().sum();
    let keys = sorted(map.keys().copied());
    map.retain(|_, value| *value > 20);
    let from: HashMap<_, _> = HashMap::from([(1, 'a'), (2, 'b')]);
    format!(
        "{total} {keys:?} {map:?} {} {} {:?} {:?}",
        copy == map,
        copy["two"],
        sorted(from.into_values()),
        sorted(copy.clone())
    )
}

fn sets() -> String {
    let (left, right) = (HashSet::from([1, 2, 3]), [2, 3, 4].into_iter().collect::<HashSet<_>>());
    let union = sorted(left.union(&right).copied());
    let both: HashSet<_> = &left & &right;
    let mut all = &left | &right;
    all.extend(&[9]);
    let only: HashSet<_> = hash_set::HashSet::from([7]);
    format!(
        "{union:?} {:?} {:?} {:?} {} {only:?} {:?}",
        sorted(both),
        sorted(&all - &left),
        sorted(&left ^ &right),
        left.is_subset(&all),
        all.contains(&9)
    )
}

fn inside_of_other_types() -> String {
    let mut book = Book::default();
    book.pages.entry("p".to_owned()).or_default().push(1);
    book.marks.insert(5);
    let copy = book.clone();
    let nested: HashMap<u8, HashMap<u8, HashSet<u8>>> =
        [(1, [(2, [3].into_iter().collect())].into_iter().collect())].into_iter().collect();
    format!("{book:?} {} {nested:?}", copy == book)
}

fn hashers() -> String {
    let state = RandomState::new();
    let same = state.hash_one("x") == state.hash_one("x");
    let mut fixed = DefaultHasher::new();
    7_u8.hash(&mut fixed);
    let mut map: HashMap<u8, u8, BuildHasherDefault<DefaultHasher>> = HashMap::default();
    map.insert(1, 2);
    let mut with = HashSet::with_hasher(state.clone());
    with.insert(1);
    let other = HashMap::<u8, u8, _>::with_capacity_and_hasher(8, std::hash::RandomState::new());
    format!("{same} {} {map:?} {with:?} {} {state:?}", fixed.finish(), other.capacity() >= 8)
}

pub const PROGRAMS: &[Program] = &[
    ("hashing::maps", maps),
    ("hashing::sets", sets),
    ("hashing::inside_of_other_types", inside_of_other_types),
    ("hashing::hashers", hashers),
];
