//! The last step before a stranger's program: everything that the policy closes is closed around this
//! process, which then becomes the program.

use crate::{calls, files};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::SigSet;
use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use wire::{Most, Policy};

/// Whoever starts us may have signals blocked, as the reaper has: std hands that on. A program begins with none.
fn clear_mask() -> Result<(), Box<dyn Error>> {
    Ok(SigSet::empty().thread_set_mask()?)
}

/// Becomes `program`. Returns only if that fails, and says on standard error why.
pub(crate) fn enter(policy: &Policy, program: &OsString, args: impl Iterator<Item = OsString>) -> ExitCode {
    let why: Box<dyn Error> = match clear_mask().and_then(|()| close(policy)) {
        Ok(()) => Command::new(program).args(args).exec().into(),
        Err(error) => error,
    };
    let _ = writeln!(std::io::stderr(), "{}{why}", wire::BOX_FAILED);
    ExitCode::from(126)
}

fn limit(most: &Most) -> Result<(), Box<dyn Error>> {
    if let Some(cpu_s) = most.cpu_s {
        // The hard limit is one second later, so that the first signal is the one that says why.
        setrlimit(Resource::RLIMIT_CPU, cpu_s, cpu_s + 1)?;
    }
    for (resource, most) in [
        (Resource::RLIMIT_AS, most.address_bytes),
        (Resource::RLIMIT_DATA, most.data_bytes),
        (Resource::RLIMIT_FSIZE, most.file_bytes),
        (Resource::RLIMIT_CORE, most.core_bytes),
        (Resource::RLIMIT_NOFILE, most.open_files),
        (Resource::RLIMIT_NPROC, most.tasks),
    ] {
        most.map_or(Ok(()), |most| setrlimit(resource, most, most))?;
    }
    Ok(())
}

fn close(policy: &Policy) -> Result<(), Box<dyn Error>> {
    limit(&policy.most)?;
    if policy.closes_files() {
        files::close(policy)?;
    }
    if policy.filter {
        nix::sys::prctl::set_no_new_privs()?;
        // Whoever stands above the program, which is the reaper if there is one, is the same user.
        let above = u32::try_from(nix::unistd::getppid().as_raw()).ok().filter(|&pid| pid > 0);
        let mut policy = policy.clone();
        policy.spared.extend(above);
        calls::filter(&policy)?;
    }
    Ok(())
}
