//! Having the system refuse: to fork, after so many forks, or to give more of anything that has a limit.
//!
//! Counts the forks of this process. Knows no question, and writes nothing down.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::wait::waitpid;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many processes were started.
static FORKS: AtomicU64 = AtomicU64::new(0);
/// At which of them the system shall begin to refuse.
static REFUSED: AtomicU64 = AtomicU64::new(u64::MAX);

/// Sets the soft limit, or puts it back to the hard one.
pub fn limit(what: Resource, most: Option<u64>) {
    if let Ok((_, hard)) = getrlimit(what) {
        let _ = setrlimit(what, most.unwrap_or(hard).min(hard), hard);
    }
}

/// Has the system refuse to open more than so many descriptors more.
pub fn few_files(more: u64) {
    limit(Resource::RLIMIT_NOFILE, Some(limit_for(&open_numbers(), more)));
}

/// The numbers of the open descriptors.
fn open_numbers() -> BTreeSet<u64> {
    let listed = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let listed: Vec<u64> = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    // The list's own descriptor is among them, and is closed by now.
    listed
        .into_iter()
        .filter(|number| std::fs::read_link(format!("/proc/self/fd/{number}")).is_ok())
        .collect()
}

/// The limit below which so many numbers are free.
fn limit_for(open: &BTreeSet<u64>, more: u64) -> u64 {
    let mut free = (0..).filter(|number| !open.contains(number));
    free.nth(usize::try_from(more).unwrap_or(usize::MAX)).unwrap_or(u64::MAX)
}

/// How many forks there were.
pub fn forks() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// Counts the fork that is about to come; calls `first` and then has the system refuse if that is the one from which on it shall.
pub fn before_fork(first: impl FnOnce()) {
    if FORKS.fetch_add(1, Ordering::Relaxed) == REFUSED.load(Ordering::Relaxed) {
        first();
        limit(Resource::RLIMIT_NPROC, Some(0));
    }
}

/// Has the system refuse after so many more forks; says whether it can be made to, by trying.
pub fn refuse_forks(after: u64) -> bool {
    limit(Resource::RLIMIT_NPROC, Some(0));
    let tried = toolkit::fork(|| 0);
    if let Ok(child) = &tried {
        let _ = waitpid(*child, None);
    }
    limit(Resource::RLIMIT_NPROC, None);
    REFUSED.store(forks() + after, Ordering::Relaxed);
    tried.is_err()
}

/// Has the system fork again.
pub fn fork_again() {
    REFUSED.store(u64::MAX, Ordering::Relaxed);
    limit(Resource::RLIMIT_NPROC, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_were_given_back_count_as_free() {
        let open = BTreeSet::from([0, 1, 2, 3, 5, 7]);
        for (more, limit) in [(0, 4), (1, 6), (2, 8), (3, 9)] {
            assert_eq!(limit_for(&open, more), limit, "{more} more");
        }
        // In a process whose other tests open and close as they like, only our own can be told.
        let null = std::fs::File::open("/dev/null").expect("a file");
        let number = u64::try_from(std::os::fd::AsRawFd::as_raw_fd(&null)).expect("a number");
        assert!(open_numbers().contains(&number));
    }
}
