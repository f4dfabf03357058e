//! Memory that is a file, for processes that need not know each other nor live at the same time. It
//! knows what its files look like, and nothing of what the numbers in them mean.

use super::mapping::{Mapping, Placed};
use super::safe::AnyBytes;
use nix::errno::Errno;
use nix::fcntl::posix_fallocate;
use std::error::Error;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The bytes before the numbers: [`MAGIC`], how many numbers there are and how long one is, both as
/// little-endian numbers of 64 bits, and zeros.
const HEADER: usize = 64;

/// How a file of ours begins.
const MAGIC: [u8; 16] = *b"toolkit mapped 1";

/// Why a file was not mapped. An old file is as it was before; a new one may be left, empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapError {
    /// The file was not made by [`MappedFile`], or somebody has changed its length since.
    Foreign,
    /// The file holds more, fewer, longer or shorter numbers than those that were asked for.
    OtherShape {
        /// How many numbers the file holds.
        numbers: u64,
        /// How long each of them is.
        number_bytes: u64,
    },
    /// The system refused, such as `ENOENT` for a folder that does not exist or `ENOSPC` for a full disk.
    Os(nix::Error),
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MapError::Foreign => f.write_str("the file is none of ours, or damaged"),
            MapError::OtherShape { numbers, number_bytes } => {
                write!(f, "the file holds something else: {numbers} numbers of {number_bytes} bytes")
            }
            MapError::Os(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl Error for MapError {}

/// Values in a file that is used as memory: what a process stores there, the next one finds, also if
/// the first was killed right after.
///
/// Every process that opens the file sees the same values at once, however it was started. The file
/// is memory as long as anybody has it open, and the system writes it to the disk when it likes; only
/// if the machine itself stops may the last stores be lost ([`sync`](MappedFile::sync)).
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use toolkit::shm::MappedFile;
///
/// let path = std::env::temp_dir().join(format!("visits-{}", std::process::id()));
/// for before in 0..3 {
///     let visits = MappedFile::<AtomicU64>::open(&path)?; // 0 when it is made
///     assert_eq!(visits.fetch_add(1, Ordering::Relaxed), before);
/// }
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The values are [`AnyBytes`], since nobody knows who wrote to the file before. A lock is none: what
/// the file says about its owner would be believed after that owner, and the whole machine, have long
/// been started again.
///
/// ```compile_fail,E0277
/// use toolkit::{shm::MappedFile, sync::RobustMutex};
/// let _ = MappedFile::<RobustMutex<u64>>::open("counters");
/// ```
///
/// Whoever makes the file shorter while it is mapped kills the processes that then touch what is gone,
/// by `SIGBUS`. There is no protection from that, so keep such files where only friends may write.
pub struct MappedFile<T: ?Sized> {
    memory: Placed<T>,
}

impl<T: AnyBytes> MappedFile<T> {
    /// Maps the value in the file at `path`. If there is no file, or an empty one, it is made and all
    /// bytes of the value are zeros.
    ///
    /// Blocks while another process makes the same file.
    ///
    /// # Errors
    ///
    /// [`MapError`] says which.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MapError> {
        let mapping = map::<T>(path.as_ref(), 1)?;
        // SAFETY: whatever lies in the file is a `T`, since any bytes are; what else is made of the
        // file, in this process or elsewhere, is `AnyBytes` too or beyond what a program can defend.
        let memory = unsafe { Placed::<T>::new(mapping, HEADER, None) };
        Ok(MappedFile { memory: memory.map_err(MapError::Os)? })
    }
}

impl<T: AnyBytes> MappedFile<[T]> {
    /// Does the same for `len` values in a row.
    ///
    /// # Errors
    ///
    /// As for [`open`](MappedFile::open), and [`MapError::Os`] with `EINVAL` for no values or `ENOMEM`
    /// for more than there can be.
    pub fn open_slice(path: impl AsRef<Path>, len: usize) -> Result<Self, MapError> {
        let mapping = map::<T>(path.as_ref(), len)?;
        // SAFETY: as for one value.
        let memory = unsafe { Placed::<[T]>::new(mapping, HEADER, len, None) };
        Ok(MappedFile { memory: memory.map_err(MapError::Os)? })
    }
}

impl<T: ?Sized> MappedFile<T> {
    /// Waits until all that was stored before is on the disk, as far as the system can tell. Other
    /// processes see stores without it; it is for the case that the machine stops.
    ///
    /// # Errors
    ///
    /// What msync(2) says, such as `EIO`.
    pub fn sync(&self) -> Result<(), nix::Error> {
        self.memory.mapping().sync()
    }
}

impl<T: ?Sized> Deref for MappedFile<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.memory.get()
    }
}

impl<T: ?Sized> fmt::Debug for MappedFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedFile").field("bytes", &size_of_val(&**self)).finish_non_exhaustive()
    }
}

/// Maps a file with so many values, header included, and makes it first if need be.
fn map<T: AnyBytes>(path: &Path, len: usize) -> Result<Mapping, MapError> {
    const { assert!(align_of::<T>() <= HEADER, "values begin right after the header") };
    let too_much = MapError::Os(Errno::ENOMEM);
    let body = len.checked_mul(size_of::<T>()).ok_or(too_much.clone())?;
    let bytes = body.checked_add(HEADER).filter(|bytes| i64::try_from(*bytes).is_ok()).ok_or(too_much)?;
    if body == 0 {
        return Err(MapError::Os(Errno::EINVAL));
    }
    // Not how the numbers are grouped: four in an array are as good as four in a row.
    let header = header((body / T::NUMBER_BYTES) as u64, T::NUMBER_BYTES as u64);
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(os)?;
    lock(&file)?;
    prepare(&file, bytes as u64, &header)?;
    // Closing it would not do: the mapping keeps the file open, and with it the lock, as long as it is there.
    file.unlock().map_err(os)?;
    Mapping::of_file(&file, bytes).map_err(MapError::Os)
}

/// Keeps others from making the file meanwhile. The kernel frees this lock if its owner dies.
fn lock(file: &File) -> Result<(), MapError> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(os),
        }
    }
}

/// Writes the header of a new file, or compares that of an old one.
fn prepare(file: &File, bytes: u64, header: &[u8; HEADER]) -> Result<(), MapError> {
    let about = file.metadata().map_err(os)?;
    if !about.is_file() {
        return Err(MapError::Foreign);
    }
    let mut found = [0; HEADER];
    if about.len() >= HEADER as u64 {
        file.read_exact_at(&mut found, 0).map_err(os)?;
    }
    // Whoever dies while it makes the file leaves an empty one, or one of full length without a header.
    let new = about.len() == 0 || about.len() == bytes && found == [0; HEADER];
    if new {
        return make(file, bytes, header);
    }
    check(&found, about.len(), header)
}

fn make(file: &File, bytes: u64, header: &[u8; HEADER]) -> Result<(), MapError> {
    let made = file.set_len(bytes).map_err(os).and_then(|()| reserve(file, bytes));
    // The header comes last: with it the file is complete.
    let made = made.and_then(|()| file.write_all_at(header, 0).map_err(os));
    if made.is_err() {
        let _ = file.set_len(0);
    }
    made
}

/// Takes the room on the disk. Without it, the first store to a page for which there is none would
/// end the process.
fn reserve(file: &File, bytes: u64) -> Result<(), MapError> {
    let length = i64::try_from(bytes).map_err(|_| MapError::Os(Errno::EFBIG))?;
    loop {
        match posix_fallocate(file, 0, length) {
            Err(Errno::EINTR) => {}
            result => return result.map_err(MapError::Os),
        }
    }
}

fn check(found: &[u8; HEADER], bytes: u64, wanted: &[u8; HEADER]) -> Result<(), MapError> {
    let number = |at: usize| found[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (numbers, number_bytes) = (number(16), number(24));
    let length = numbers.checked_mul(number_bytes).and_then(|body| body.checked_add(HEADER as u64));
    if found[..16] != MAGIC || length != Some(bytes) {
        Err(MapError::Foreign)
    } else if found == wanted {
        Ok(())
    } else {
        Err(MapError::OtherShape { numbers, number_bytes })
    }
}

fn header(numbers: u64, number_bytes: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..16].copy_from_slice(&MAGIC);
    header[16..24].copy_from_slice(&numbers.to_le_bytes());
    header[24..32].copy_from_slice(&number_bytes.to_le_bytes());
    header
}

fn os(error: io::Error) -> MapError {
    MapError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}
