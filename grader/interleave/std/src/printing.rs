//! Printing macros that format first and print then.
//!
//! The real ones hold the stream's lock while the values format themselves. A `Display` that waits for a modelled
//! lock would pass the turn on at that moment, and the next thread to print would wait for the stream for real,
//! outside the schedule. Knows nothing else of streams.

use std::fmt;

/// Prints text that is ready.
#[doc(hidden)]
#[expect(clippy::print_stdout, reason = "this is what the macro is for")]
pub fn out(text: fmt::Arguments<'_>, end: &str) {
    let text = text.to_string();
    std::print!("{text}{end}");
}

/// Prints text that is ready to standard error.
#[doc(hidden)]
#[expect(clippy::print_stderr, reason = "this is what the macro is for")]
pub fn err(text: fmt::Arguments<'_>, end: &str) {
    let text = text.to_string();
    std::eprint!("{text}{end}");
}

/// As `std::print`.
#[doc(hidden)]
#[macro_export]
macro_rules! __print {
    ($($words:tt)*) => { $crate::printing::out($crate::format_args!($($words)*), "") };
}

/// As `std::println`.
#[doc(hidden)]
#[macro_export]
macro_rules! __println {
    () => { $crate::printing::out($crate::format_args!(""), "\n") };
    ($($words:tt)*) => { $crate::printing::out($crate::format_args!($($words)*), "\n") };
}

/// As `std::eprint`.
#[doc(hidden)]
#[macro_export]
macro_rules! __eprint {
    ($($words:tt)*) => { $crate::printing::err($crate::format_args!($($words)*), "") };
}

/// As `std::eprintln`.
#[doc(hidden)]
#[macro_export]
macro_rules! __eprintln {
    () => { $crate::printing::err($crate::format_args!(""), "\n") };
    ($($words:tt)*) => { $crate::printing::err($crate::format_args!($($words)*), "\n") };
}

/// As `std::dbg`.
#[doc(hidden)]
#[macro_export]
macro_rules! __dbg {
    () => { $crate::__eprintln!("[{}:{}:{}]", $crate::file!(), $crate::line!(), $crate::column!()) };
    ($value:expr $(,)?) => {
        // A match keeps temporaries of the expression alive until the end, as the real macro does.
        match $value {
            value => {
                let (file, line, column) = ($crate::file!(), $crate::line!(), $crate::column!());
                $crate::__eprintln!("[{file}:{line}:{column}] {} = {:#?}", $crate::stringify!($value), &value);
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => { ($($crate::__dbg!($value)),+,) };
}
