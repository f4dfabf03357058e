//! What a `Region` and a `MappedFile` promise.

#![forbid(unsafe_code)] // as an answer is compiled

mod cases;

use cases::{Case, Chance, end, finish, start, until};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::getpid;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU64, Ordering};
use toolkit::fork;
use toolkit::shm::{MapError, MappedFile, Region};

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("toolkit-shm-{}", std::process::id()));
        std::fs::create_dir(&path).expect("a folder");
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Counters = MappedFile<[AtomicU64]>;

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).expect("a file").len()
}

const CASES: &[Case] = &[
    ("it_begins_as_zeros_of_the_length_asked_for", || {
        let bytes = Region::<[AtomicU8]>::new(5000).expect("a region");
        assert_eq!(bytes.len(), 5000);
        assert!(bytes.iter().all(|byte| byte.load(Ordering::Relaxed) == 0));
        let flags = Region::<[AtomicBool]>::new(1).expect("a region");
        assert!(!flags[0].load(Ordering::Relaxed));
    }),
    ("none_and_too_many_are_refused", || {
        for (len, error) in [(0, Errno::EINVAL), (usize::MAX, Errno::ENOMEM), (1 << 60, Errno::ENOMEM)] {
            assert_eq!(Region::<[AtomicU64]>::new(len).err(), Some(error), "{len}");
        }
    }),
    ("what_a_child_stores_its_parent_sees_also_if_it_was_killed", || {
        let numbers = Region::<[AtomicU64]>::new(1000).expect("a region");
        let child = fork(|| {
            for (index, number) in numbers.iter().enumerate() {
                number.store(index as u64, Ordering::Relaxed);
            }
            let _ = kill(getpid(), Signal::SIGKILL);
            0
        });
        let ended = waitpid(child.expect("a child"), None).expect("its ending");
        assert!(matches!(ended, WaitStatus::Signaled(_, Signal::SIGKILL, _)), "{ended:?}");
        assert!(numbers.iter().enumerate().all(|(at, number)| number.load(Ordering::Relaxed) == at as u64));
    }),
    ("what_the_parent_stores_its_child_sees", || {
        let numbers = Region::<[AtomicU64]>::new(2).expect("a region");
        let child = fork(|| {
            while numbers[1].load(Ordering::Acquire) == 0 {
                std::thread::yield_now();
            }
            i32::from(numbers[0].load(Ordering::Relaxed) != 7)
        })
        .expect("a child");
        numbers[0].store(7, Ordering::Relaxed);
        numbers[1].store(1, Ordering::Release);
        assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
    }),
    ("additions_of_two_processes_all_count", || {
        const TIMES: u64 = 100_000;
        let sum = Region::<[AtomicU64]>::new(1).expect("a region");
        let add = || {
            for _ in 0..TIMES {
                sum[0].fetch_add(1, Ordering::Relaxed);
            }
            0
        };
        let children = [fork(add), fork(add)];
        for child in children {
            waitpid(child.expect("a child"), None).expect("its ending");
        }
        assert_eq!(sum[0].load(Ordering::Relaxed), 2 * TIMES);
    }),
    ("a_child_that_drops_it_takes_it_from_nobody_else", || {
        let mut numbers = Some(Region::<[AtomicU64]>::new(1).expect("a region"));
        let child = fork(|| {
            drop(numbers.take());
            0
        });
        waitpid(child.expect("a child"), None).expect("its ending");
        numbers.expect("the parent's mapping")[0].store(1, Ordering::Relaxed);
    }),
    ("dropping_it_gives_the_memory_back", || {
        let mapped = || {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("the list of mappings");
            maps.lines().filter(|line| line.contains("/dev/zero")).count()
        };
        let before = mapped();
        let region = Region::<[AtomicU8]>::new(1).expect("a region");
        assert_eq!(mapped(), before + 1);
        drop(region);
        assert_eq!(mapped(), before);
    }),
    ("a_region_begins_with_what_it_was_given", || {
        let region = Region::of((AtomicU64::new(3), [AtomicBool::new(true), AtomicBool::new(false)]));
        let region = region.expect("a region");
        assert_eq!(region.0.load(Ordering::Relaxed), 3);
        finish(start(|| region.1.each_ref().map(|flag| flag.load(Ordering::Relaxed)) == [true, false]));
        assert_eq!(Region::<[AtomicU64; 0]>::of([]).err(), Some(Errno::EINVAL));
    }),
    ("a_file_keeps_what_a_killed_process_stored", || {
        let folder = Folder::new();
        let path = folder.file("counters");
        for round in 1..=50 {
            let child = start(|| {
                let counters = Counters::open_slice(&path, 3).expect("a file");
                counters[0].fetch_add(1, Ordering::Relaxed);
                counters[2].fetch_add(2, Ordering::Relaxed);
                let _ = kill(getpid(), Signal::SIGKILL);
                false
            });
            waitpid(child, None).expect("its ending");
            let counters = Counters::open_slice(&path, 3).expect("the same file");
            let found: Vec<_> = counters.iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
            assert_eq!(found, [round, 0, 2 * round]);
            counters.sync().expect("a disk");
        }
    }),
    ("processes_that_have_opened_a_file_for_themselves_see_each_other", || {
        let folder = Folder::new();
        let path = folder.file("counters");
        let add = || {
            let sum = MappedFile::<AtomicU64>::open(&path).expect("a file");
            (0..20_000).for_each(|_| _ = sum.fetch_add(1, Ordering::Relaxed));
            true
        };
        [start(add), start(add)].into_iter().for_each(finish);
        let sum = MappedFile::<AtomicU64>::open(&path).expect("the same file");
        assert_eq!(sum.load(Ordering::Relaxed), 40_000);
    }),
    ("a_file_that_is_mapped_can_be_opened_by_others_meanwhile", || {
        let folder = Folder::new();
        let path = folder.file("counters");
        let mine = MappedFile::<AtomicU64>::open(&path).expect("a file");
        finish(start(|| {
            let same = MappedFile::<AtomicU64>::open(&path).expect("the same file");
            same.store(7, Ordering::Relaxed);
            true
        }));
        assert_eq!(mine.load(Ordering::Relaxed), 7);
    }),
    ("a_file_of_another_shape_is_refused_and_named", || {
        let folder = Folder::new();
        let path = folder.file("counters");
        drop(Counters::open_slice(&path, 3).expect("a file"));
        let before = std::fs::read(&path).expect("its bytes");
        let refused = Err(MapError::OtherShape { numbers: 3, number_bytes: 8 });
        assert_eq!(Counters::open_slice(&path, 2).map(drop), refused);
        assert_eq!(Counters::open_slice(&path, 4).map(drop), refused);
        assert_eq!(MappedFile::<[AtomicU8]>::open_slice(&path, 24).map(drop), refused);
        assert_eq!(MappedFile::<AtomicU16>::open(&path).map(drop), refused);
        assert_eq!(std::fs::read(&path).expect("its bytes"), before);
        assert_eq!(MappedFile::<[AtomicU8; 24]>::open(&path).map(drop), refused);
        assert!(MappedFile::<[AtomicI64]>::open_slice(&path, 3).is_ok());
        assert!(MappedFile::<[AtomicU64; 3]>::open(&path).is_ok());
    }),
    ("a_foreign_or_damaged_file_is_refused_and_left_alone", || {
        let folder = Folder::new();
        let ours = folder.file("ours");
        drop(Counters::open_slice(&ours, 2).expect("a file"));
        let good = std::fs::read(&ours).expect("its bytes");
        let mut other_version = good.clone();
        other_version[15] += 1;
        let foreign = [
            b"hello".to_vec(),
            vec![7; 80],
            vec![0; 81],
            vec![0; 1],
            vec![0; 64],
            good[..79].to_vec(),
            [&good[..], &[0]].concat(),
            good[..64].to_vec(),
            other_version,
        ];
        for bytes in foreign {
            let path = folder.file("foreign");
            std::fs::write(&path, &bytes).expect("a file");
            assert_eq!(Counters::open_slice(&path, 2).map(drop), Err(MapError::Foreign), "{bytes:?}");
            assert_eq!(std::fs::read(&path).expect("its bytes"), bytes);
        }
        let missing = Counters::open_slice(folder.file("no/folder"), 2).map(drop);
        assert_eq!(missing, Err(MapError::Os(Errno::ENOENT)));
        assert_eq!(Counters::open_slice(&folder.0, 2).map(drop), Err(MapError::Os(Errno::EISDIR)));
        let device = Counters::open_slice("/dev/null", 2).map(drop);
        assert_eq!(device, Err(MapError::Foreign));
    }),
    ("a_file_of_nothing_or_too_much_is_refused", || {
        let folder = Folder::new();
        let path = folder.file("counters");
        for (len, error) in [(0, Errno::EINVAL), (usize::MAX, Errno::ENOMEM), (1 << 60, Errno::ENOMEM)] {
            assert_eq!(Counters::open_slice(&path, len).map(drop), Err(MapError::Os(error)), "{len}");
        }
        assert!(!path.exists());
    }),
    ("a_file_that_was_begun_is_finished_by_the_next", || {
        let folder = Folder::new();
        let path = folder.file("counters");
        for begun in [0, 64 + 8 * 100] {
            std::fs::write(&path, vec![0; begun]).expect("a file");
            let counters = Counters::open_slice(&path, 100).expect("a file");
            assert!(counters.iter().all(|counter| counter.load(Ordering::Relaxed) == 0));
            assert_eq!(length(&path), 864);
        }
    }),
    ("makers_of_one_file_agree_also_if_some_are_killed", || {
        let folder = Folder::new();
        let mut chance = Chance::new(5);
        for round in 0..200 {
            let path = folder.file(&round.to_string());
            let go = Region::of(AtomicBool::new(false)).expect("a region");
            let make = || {
                until(|| go.load(Ordering::Acquire));
                Counters::open_slice(&path, 1000).expect("a file")[7].fetch_add(1, Ordering::Relaxed);
                true
            };
            let killed = start(|| make() && (until(|| false), true).1);
            let makers = [start(make), start(make), start(make)];
            go.store(true, Ordering::Release);
            chance.pass_time(20_000);
            end(killed);
            makers.into_iter().for_each(finish);
            let counters = Counters::open_slice(&path, 1000).expect("a file");
            assert!((3..=4).contains(&counters[7].load(Ordering::Relaxed)));
        }
    }),
];

fn main() -> ExitCode {
    cases::main(CASES)
}
