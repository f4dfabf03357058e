//! The resource limits of one process.
//!
//! Processor time is the only clock that may cost an answer marks, because a loaded machine does
//! not change it. The figures are those of the reference solution of q4 on two cores times a large
//! factor: it compiles in 0.2 s, its real runs take under 0.05 s and its 500 schedules under 0.3 s
//! of processor time.

use wire::Most;

/// What a process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Address space, in bytes: threads reserve much more than they use.
    pub address_bytes: u64,
    /// Memory in use, in bytes, seen by sampling.
    pub resident_bytes: u64,
    /// What one process may reserve for data, in bytes. Threads reserve much more than they use.
    pub data_bytes: u64,
    /// The largest file it may write, in bytes.
    pub file_bytes: u64,
    /// All its files, and all its shared memory, in bytes.
    pub disk_bytes: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// Processes and threads.
    pub tasks: u64,
    /// What it may print, in bytes.
    pub output_bytes: u64,
}

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// By how many tasks the kernel's limit lies above ours. Forks that fail at the same time count against each
/// other, so a bomb may come to rest some way below the kernel's; it must still be seen at ours.
const SPARE_TASKS: u64 = 32;

impl Limits {
    /// What the kernel shall hold. `other_tasks` are processes and threads that count against this limit besides.
    pub(super) fn most(&self, other_tasks: u64) -> Most {
        Most {
            cpu_s: Some(self.cpu_s),
            address_bytes: Some(self.address_bytes),
            data_bytes: Some(self.data_bytes),
            file_bytes: Some(self.file_bytes),
            core_bytes: Some(0),
            open_files: Some(self.open_files),
            tasks: Some(self.tasks + SPARE_TASKS + other_tasks),
        }
    }

    /// For compiling and linking one answer.
    pub const COMPILER: Limits = Limits {
        cpu_s: 10,
        address_bytes: 16 * GIB,
        resident_bytes: 2 * GIB,
        data_bytes: 2 * GIB,
        file_bytes: 256 * MIB,
        disk_bytes: GIB,
        open_files: 256,
        tasks: 128,
        output_bytes: 16 * MIB,
    };

    /// For all files and all shared memory of a run, in bytes: a box is made with room for so much.
    pub const DISK_BYTES: u64 = 64 * MIB;

    /// For a run in the real world.
    pub const REAL: Limits = Limits {
        cpu_s: 3,
        address_bytes: 4 * GIB,
        resident_bytes: GIB,
        data_bytes: 4 * GIB,
        file_bytes: 16 * MIB,
        disk_bytes: Limits::DISK_BYTES,
        open_files: 256,
        tasks: 256,
        output_bytes: 16 * MIB,
    };

    /// For a respondent that starts processes, and for each of them. The reference solutions take 27 MiB. A right but slow broker took
    /// 3 s on a busy machine, where processors share their caches: the kernel kills who takes more, and then others lose the mark.
    pub const PROCESSES: Limits = Limits { cpu_s: 10, resident_bytes: 512 * MIB, ..Limits::REAL };

    /// The same for an answer that has already come to no end elsewhere: it has lost something for
    /// sure, and the rest shall not take minutes.
    pub fn in_hurry(self) -> Limits {
        Limits { cpu_s: (self.cpu_s / 3).max(1), ..self }
    }

    /// For `schedules` runs in the model world, where all threads have their stacks in one process. What they
    /// take is estimated generously.
    pub fn model(schedules: u32) -> Limits {
        Limits {
            cpu_s: 3 + u64::from(schedules) / 500,
            tasks: 1024,
            address_bytes: 8 * GIB,
            data_bytes: 8 * GIB,
            output_bytes: 16 * MIB + u64::from(schedules) * 16 * 1024,
            ..Limits::REAL
        }
    }
}
