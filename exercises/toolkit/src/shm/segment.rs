//! Segments of the crate [`shared_memory`] as values of a type. That crate gives a pointer, which
//! takes `unsafe` to use; here it is checked once, and what comes out is safe.
//!
//! A segment is memory with a name, below `/dev/shm`: processes need not be related to share it. The
//! price is that the name, and with it the memory, stays when a process dies before it has removed it.
//! So: create, let everyone open, [`unlink`] at once. From then on nothing can be left behind. And
//! whoever makes a segment shorter while others use it kills them by `SIGBUS`.
//!
//! Only [`AnyBytes`] can be seen in a segment, so no lock: another view could write numbers over it.
//! A lock for a segment lives in a [`Region`](super::Region), made before the processes are forked.

use super::safe::AnyBytes;
use nix::errno::Errno;
use nix::unistd::{Pid, getpid};
use shared_memory::Shmem;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::slice;
use std::sync::{Mutex, PoisonError};

/// Why a segment is not what it was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewError {
    /// The segment is longer or shorter than the type.
    WrongSize {
        /// How long the segment is.
        segment_bytes: usize,
        /// How long the type is; for [`view_slice`], of how many bytes the segment must be a multiple.
        type_bytes: usize,
    },
    /// The segment begins where no value of the type may begin.
    Misaligned,
    /// This process sees the same segment as numbers of another length already. What one of them says
    /// while the other is written, Rust leaves open.
    OtherNumbers,
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ViewError::WrongSize { segment_bytes, type_bytes } => {
                write!(f, "a segment of {segment_bytes} bytes does not fit a type of {type_bytes} bytes")
            }
            ViewError::Misaligned => f.write_str("the segment does not begin where such a value may"),
            ViewError::OtherNumbers => {
                f.write_str("the segment is seen as numbers of another length already")
            }
        }
    }
}

impl Error for ViewError {}

/// Sees the whole segment as one value.
///
/// ```
/// use shared_memory::ShmemConf;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use toolkit::shm;
///
/// let mut segment = ShmemConf::new().size(16).create()?;
/// let same = ShmemConf::new().os_id(segment.get_os_id()).open()?; // mostly in another process
/// shm::unlink(&mut segment)?; // everyone has opened it: its name is needed no more
///
/// let [left, right] = shm::view::<[AtomicU64; 2]>(&segment)?;
/// left.store(1, Ordering::Relaxed);
/// right.store(2, Ordering::Relaxed);
/// assert_eq!(shm::view_slice::<AtomicU64>(&same)?[1].load(Ordering::Relaxed), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It begins as zeros. What others store is seen at once. All processes have to agree about the type: as
/// any bytes are a value, nobody notices if they do not.
///
/// # Errors
///
/// [`ViewError::WrongSize`] unless segment and type are equally long, [`ViewError::OtherNumbers`] if
/// this process has seen the segment in another way.
pub fn view<T: AnyBytes>(segment: &Shmem) -> Result<&T, ViewError> {
    if segment.len() != size_of::<T>() {
        return Err(ViewError::WrongSize { segment_bytes: segment.len(), type_bytes: size_of::<T>() });
    }
    view_slice(segment)?.first().ok_or(ViewError::WrongSize { segment_bytes: 0, type_bytes: 0 })
}

/// Sees the whole segment as values in a row, as many as fit.
///
/// # Errors
///
/// [`ViewError::WrongSize`] unless the segment is a multiple of the type's length, and otherwise as for
/// [`view`].
pub fn view_slice<T: AnyBytes>(segment: &Shmem) -> Result<&[T], ViewError> {
    let (segment_bytes, type_bytes) = (segment.len(), size_of::<T>());
    if type_bytes == 0 || !segment_bytes.is_multiple_of(type_bytes) {
        return Err(ViewError::WrongSize { segment_bytes, type_bytes });
    }
    let start = segment.as_ptr().cast::<T>();
    if !start.is_aligned() || start.is_null() {
        return Err(ViewError::Misaligned);
    }
    agree(segment, T::NUMBER_BYTES)?;
    // SAFETY: `segment_bytes` bytes are mapped from `start` on, readable and writable, until `segment`
    // is dropped, which the lifetime of the result does not outlast. They are that many values of `T`,
    // since any bytes are, and `T` has no padding. Whoever else uses them, here or elsewhere, does so by
    // atomics, here of the same length; plain access takes an `unsafe` of the caller's, whose promise
    // must allow for us.
    Ok(unsafe { slice::from_raw_parts(start, segment_bytes / type_bytes) })
}

/// What a mapping of this process is seen as.
struct Seen {
    address: usize,
    name: String,
    number_bytes: usize,
}

/// How each mapping is seen, by the address where it begins.
static SEEN: Mutex<Vec<Seen>> = Mutex::new(Vec::new());

/// Notes that the segment is seen as numbers of this length, unless it is seen as others. Atomics of
/// different lengths at one address are the one way in which safe code could break the rules.
fn agree(segment: &Shmem, number_bytes: usize) -> Result<(), ViewError> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (address, name) = (segment.as_ptr().addr(), segment.get_os_id());
    match seen.iter_mut().find(|seen| seen.address == address) {
        Some(seen) if seen.name == name && seen.number_bytes != number_bytes => Err(ViewError::OtherNumbers),
        Some(seen) => {
            // The same, or another segment at the address of one that is no more.
            *seen = Seen { address, name: name.to_owned(), number_bytes };
            Ok(())
        }
        None => {
            seen.push(Seen { address, name: name.to_owned(), number_bytes });
            Ok(())
        }
    }
}

/// Takes the segment's name away, and its link file if it has one: nobody can open it any more, and
/// it is gone when the last process that has it unmaps it or ends, however it ends.
///
/// Who drops `segment` later removes nothing, also in a child that was forked after this.
///
/// # Errors
///
/// `ENOENT` if somebody else has removed the name before, and whatever else shm_unlink(3) says.
pub fn unlink(segment: &mut Shmem) -> Result<(), nix::Error> {
    // First of all: a later drop must not remove what somebody else may have given this name to.
    segment.set_owner(false);
    if let Some(link) = segment.get_flink_path() {
        let _ = std::fs::remove_file(link); // gone already is as good
    }
    nix::sys::mman::shm_unlink(segment.get_os_id())
}

/// A segment that only the process which made it takes the name from.
///
/// A bare [`Shmem`] that was created, and not opened, removes the name when it is dropped, in a forked
/// child too, so that others cannot open it any more although its parent still wants them to. This one
/// knows its parent from its child. Only an early [`unlink`](Segment::unlink) helps against a parent
/// that is killed.
///
/// ```
/// use shared_memory::ShmemConf;
/// use std::sync::atomic::AtomicU64;
/// use toolkit::shm::{self, Segment};
///
/// let mut segment = Segment::from(ShmemConf::new().size(800).create()?);
/// assert_eq!(shm::view_slice::<AtomicU64>(&segment)?.len(), 100);
/// segment.unlink()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Segment {
    shmem: Shmem,
    maker: Pid,
}

impl Segment {
    /// Does what [`unlink`] does.
    ///
    /// # Errors
    ///
    /// As for [`unlink`].
    pub fn unlink(&mut self) -> Result<(), Errno> {
        unlink(&mut self.shmem)
    }
}

impl From<Shmem> for Segment {
    /// Belongs to the process that calls this, as far as `shmem` is its own.
    fn from(shmem: Shmem) -> Segment {
        Segment { shmem, maker: getpid() }
    }
}

impl Deref for Segment {
    type Target = Shmem;

    fn deref(&self) -> &Shmem {
        &self.shmem
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if getpid() != self.maker {
            self.shmem.set_owner(false);
        }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("name", &self.shmem.get_os_id())
            .field("bytes", &self.shmem.len())
            .finish_non_exhaustive()
    }
}
