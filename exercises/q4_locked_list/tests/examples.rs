//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q4_locked_list::{Event, NumberList, add_and_remove};

#[test]
fn numbers_come_out_in_the_order_in_which_they_went_in() {
    let list = NumberList::new();
    list.add(7);
    list.add(8);
    assert_eq!(list.remove(), Some(7));
    assert_eq!(list.len(), 1);
    assert_eq!(list.into_numbers(), [8]);
}

#[test]
fn an_empty_list_says_so() {
    let list = NumberList::new();
    assert_eq!(list.remove(), None);
    assert_eq!(list.history(), [Event::Empty]);
}

#[test]
fn a_look_sees_the_oldest_number_first() {
    let list = NumberList::new();
    list.add(3);
    list.add(1);
    let mut seen = Vec::new();
    list.inspect(&mut |numbers| seen = numbers.to_vec());
    assert_eq!(seen, [3, 1]);
}

#[test]
fn what_was_added_is_removed_or_left() {
    let list = add_and_remove(&[1, 2, 3, 4], 2, &|| {});
    let removed = list.history().iter().filter(|event| matches!(event, Event::Removed(_))).count();
    assert_eq!(removed + list.into_numbers().len(), 4);
}
