//! Collections. The two hash tables are the standard library's own inside, with a hasher that depends on the schedule
//! alone; everything else is the standard library's.

mod map;
mod set;

pub use std::collections::{
    BTreeMap, BTreeSet, BinaryHeap, Bound, LinkedList, TryReserveError, VecDeque, binary_heap, btree_map,
    btree_set, linked_list, vec_deque,
};

pub use map::HashMap;
pub use set::HashSet;

/// As `std::collections::hash_map`.
pub mod hash_map {
    pub use super::HashMap;
    pub use crate::hash::{DefaultHasher, RandomState};
    pub use std::collections::hash_map::{
        Drain, Entry, ExtractIf, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, OccupiedEntry,
        VacantEntry, Values, ValuesMut,
    };
}

/// As `std::collections::hash_set`.
pub mod hash_set {
    pub use super::HashSet;
    pub use std::collections::hash_set::{
        Difference, Drain, ExtractIf, Intersection, IntoIter, Iter, SymmetricDifference, Union,
    };
}
