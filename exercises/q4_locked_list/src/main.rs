//! The demonstration: the same two threads at the two paces of the assignment. Given, nothing to
//! do here. Run it with `cargo run -p q4_locked_list`.

#![expect(clippy::print_stdout, reason = "a demonstration is there to print")]

use q4_locked_list::{Event, NumberList, add_and_remove};
use std::sync::Mutex;
use std::thread::{self, ThreadId};
use std::time::Duration;

fn main() {
    println!("Both threads pause for 100 ms after every step.");
    tell(add_and_remove(&numbers(), 10, &|| thread::sleep(Duration::from_millis(100))));

    println!("\nThe thread that comes second pauses twice as long.");
    let first = Mutex::new(None::<ThreadId>);
    tell(add_and_remove(&numbers(), 10, &|| {
        let me = thread::current().id();
        let leads = *first.lock().expect("nobody panics here").get_or_insert(me) == me;
        thread::sleep(Duration::from_millis(if leads { 100 } else { 200 }));
    }));
}

fn numbers() -> Vec<u64> {
    (1..=10).collect()
}

/// Prints what happened, in the words of the assignment.
fn tell(list: NumberList) {
    for event in list.history() {
        match event {
            Event::Added(number) => println!("Added {number} to the list"),
            Event::Removed(number) => println!("Removed {number} from the list"),
            Event::Empty => println!("List is empty, cannot remove"),
        }
    }
    println!("Final list: {:?}", list.into_numbers());
}
