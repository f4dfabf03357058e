//! The prelude, with the printing macros of this crate: the macros of the standard library reach a program by way
//! of its prelude.

/// As `std::prelude::rust_2015`.
pub mod rust_2015 {
    pub use crate::{
        __dbg as dbg, __eprint as eprint, __eprintln as eprintln, __print as print, __println as println,
        __thread_local as thread_local,
    };
    pub use std::prelude::rust_2015::*;
}

/// As `std::prelude::rust_2018`.
pub mod rust_2018 {
    pub use crate::{
        __dbg as dbg, __eprint as eprint, __eprintln as eprintln, __print as print, __println as println,
        __thread_local as thread_local,
    };
    pub use std::prelude::rust_2018::*;
}

/// As `std::prelude::rust_2021`.
pub mod rust_2021 {
    pub use crate::{
        __dbg as dbg, __eprint as eprint, __eprintln as eprintln, __print as print, __println as println,
        __thread_local as thread_local,
    };
    pub use std::prelude::rust_2021::*;
}

/// As `std::prelude::rust_2024`.
pub mod rust_2024 {
    pub use crate::{
        __dbg as dbg, __eprint as eprint, __eprintln as eprintln, __print as print, __println as println,
        __thread_local as thread_local,
    };
    pub use std::prelude::rust_2024::*;
}

/// As `std::prelude::v1`.
pub mod v1 {
    pub use crate::{
        __dbg as dbg, __eprint as eprint, __eprintln as eprintln, __print as print, __println as println,
        __thread_local as thread_local,
    };
    pub use std::prelude::v1::*;
}
