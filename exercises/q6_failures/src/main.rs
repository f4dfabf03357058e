//! The demonstration: ten slow jobs, three at a time, until somebody says that it is enough. Given, nothing to do here. Run it with
//! `cargo run -p q6_failures`, and signal it from a second terminal.

use q6_failures::child_error::ChildError;
use q6_failures::shutdown::{Job, serve};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::process::id;
use std::thread::sleep;
use std::time::Duration;

fn slow() -> u64 {
    sleep(Duration::from_secs(3));
    u64::from(id())
}

fn main() -> Result<(), ChildError> {
    let mut out = io::stdout();
    let hint =
        format!("kill -USR1 {0} for progress, kill {0} or Ctrl-C to stop, twice to stop at once\n", id());
    // Whoever does not listen any more does not stop the jobs.
    let _ = out.write_all(hint.as_bytes());
    let served = serve(&[slow as Job; 10], NonZeroUsize::MIN.saturating_add(2), &out)?;
    let _ = writeln!(out, "finished: {:?}", served.finished);
    let _ = writeln!(out, "refused: {:?}", served.refused);
    Ok(())
}
