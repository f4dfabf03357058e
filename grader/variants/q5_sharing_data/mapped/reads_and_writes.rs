//! Variant: no mapping, but a file of its own form that is locked, read and written for each call. Slow, and right.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use toolkit::shm::MapError;

const HEAD: &[u8; 16] = b"numbers in a row";

fn os(error: Error) -> MapError {
    MapError::Os(nix::Error::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO)))
}

/// As asked for.
pub struct MappedCounters {
    path: PathBuf,
    count: usize,
}

/// An opening of one's own: its lock is nobody else's, and goes with it.
fn locked(path: &Path, makes: bool) -> Result<File, Error> {
    let file = OpenOptions::new().read(true).write(true).create(makes).truncate(false).open(path)?;
    loop {
        match file.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.map(|()| file),
        }
    }
}

impl MappedCounters {
    /// As asked for.
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        if count == 0 {
            return Err(MapError::Os(nix::Error::EINVAL));
        }
        let file = locked(path.as_ref(), true).map_err(os)?;
        let length = file.metadata().map_err(os)?.len();
        let wanted = 16 + 8 * count as u64;
        if length == 0 {
            file.set_len(wanted).map_err(os)?;
            file.write_all_at(HEAD, 0).map_err(os)?;
        }
        let mut head = [0; 16];
        if length > 0 && (length < 16 || file.read_exact_at(&mut head, 0).is_err() || head != *HEAD) {
            return Err(MapError::Foreign);
        }
        if length > 0 && length != wanted {
            return Err(MapError::OtherShape { numbers: (length - 16) / 8, number_bytes: 8 });
        }
        Ok(Self { path: std::path::absolute(path).map_err(os)?, count })
    }

    /// As asked for.
    pub fn len(&self) -> usize {
        self.count
    }

    fn change(&self, index: usize, change: impl FnOnce(u64) -> u64) -> u64 {
        assert!(index < self.count, "no counter {index}");
        let file = locked(&self.path, false).expect("it was there");
        let (mut bytes, at) = ([0; 8], 16 + 8 * index as u64);
        file.read_exact_at(&mut bytes, at).expect("as long as it was");
        let before = u64::from_le_bytes(bytes);
        let after = change(before);
        if after != before {
            file.write_all_at(&after.to_le_bytes(), at).expect("eight bytes");
        }
        before
    }

    /// As asked for.
    pub fn add(&self, index: usize, amount: u64) -> u64 {
        self.change(index, |before| before.saturating_add(amount))
    }

    /// As asked for.
    pub fn get(&self, index: usize) -> u64 {
        self.change(index, |now| now)
    }

    /// As asked for.
    pub fn take(&self, index: usize) -> u64 {
        self.change(index, |_| 0)
    }
}
