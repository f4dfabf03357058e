//! The rows, by what they are aimed at.
//!
//! Each layer of a row closes the attack with all other layers off; without any of them it reaches its
//! aim. What no layer of a rung closes is a documented residual of that rung.

mod files;
mod processes;
mod system;

pub(crate) use files::{FILES, LEFTOVERS};
pub(crate) use processes::{PROCESSES, REAPER};
pub(crate) use system::{NETWORK, SYSTEM};

use crate::{
    Attack, Grader, Kernel, Landlock, Layer, Limits, Namespaces, NewerLandlock, OwnUser, RunUser, Seccomp,
    Spared, Witness,
};
