//! Impostor: the names of all open contexts stand in one text, with a separator between them.
//! Loses: q5.local_nested WrongAnswer
//! Tempting: nobody uses that character in a name.

use std::cell::RefCell;

thread_local! {
    /// The path to the innermost context: before each name stands a separator.
    static PATH: RefCell<String> = const { RefCell::new(String::new()) };
}

const SEPARATOR: char = '\u{1f}';

/// Cuts the path off where it ended before.
struct Inside(usize);

impl Drop for Inside {
    fn drop(&mut self) {
        PATH.with_borrow_mut(|path| path.truncate(self.0));
    }
}

/// Runs `body` in the context of this name.
pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let _inside = PATH.with_borrow_mut(|path| {
        let before = path.len();
        path.push(SEPARATOR);
        path.push_str(name);
        Inside(before)
    });
    body()
}

/// Says in which context the calling thread is.
pub fn context() -> Option<String> {
    PATH.with_borrow(|path| path.rsplit_once(SEPARATOR).map(|(_, name)| name.to_owned()))
}
