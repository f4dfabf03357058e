//! What views of `shared_memory` segments promise, and what is left of segments.

#![forbid(unsafe_code)] // as an answer is compiled

mod cases;

use cases::{Case, end, finish, start, until};
use nix::errno::Errno;
use nix::unistd::getpid;
use shared_memory::{Shmem, ShmemConf};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use toolkit::shm::{self, Region, Segment, ViewError};

fn create(bytes: usize) -> Shmem {
    ShmemConf::new().size(bytes).create().expect("a segment")
}

fn open(name: &str) -> Option<Shmem> {
    ShmemConf::new().os_id(name).open().ok()
}

/// Whether the system knows a segment by this name.
fn exists(name: &str) -> bool {
    Path::new("/dev/shm").join(name.trim_start_matches('/')).exists()
}

const CASES: &[Case] = &[
    ("a_view_shows_what_others_store", || {
        let segment = Segment::from(create(24));
        let adder = || {
            let segment = open(segment.get_os_id()).expect("it has a name");
            let [_, sum, _] = shm::view::<[AtomicU64; 3]>(&segment).expect("it fits");
            (0..10_000).for_each(|_| _ = sum.fetch_add(1, Ordering::Relaxed));
            true
        };
        [start(adder), start(adder)].into_iter().for_each(finish);
        let row = shm::view_slice::<AtomicU64>(&segment).expect("it fits");
        assert_eq!(row.iter().map(|word| word.load(Ordering::Relaxed)).collect::<Vec<_>>(), [0, 20_000, 0]);
    }),
    ("wrong_sizes_are_refused", || {
        let segment = Segment::from(create(12));
        let wrong = |type_bytes| Some(ViewError::WrongSize { segment_bytes: 12, type_bytes });
        assert_eq!(shm::view::<AtomicU64>(&segment).err(), wrong(8));
        assert_eq!(shm::view::<[AtomicU64; 2]>(&segment).err(), wrong(16));
        assert_eq!(shm::view::<AtomicU8>(&segment).err(), wrong(1));
        assert_eq!(shm::view_slice::<AtomicU64>(&segment).err(), wrong(8));
        assert_eq!(shm::view_slice::<[AtomicU8; 0]>(&segment).err(), wrong(0));
        assert_eq!(shm::view_slice::<AtomicU32>(&segment).map(<[_]>::len), Ok(3));
        assert!(shm::view::<[AtomicU32; 3]>(&segment).is_ok());
    }),
    ("one_segment_has_one_kind_of_number_in_a_process", || {
        let segment = Segment::from(create(16));
        assert!(shm::view::<[AtomicU64; 2]>(&segment).is_ok());
        assert!(shm::view_slice::<AtomicU64>(&segment).is_ok());
        assert_eq!(shm::view_slice::<AtomicU16>(&segment).err(), Some(ViewError::OtherNumbers));
        for _ in 0..100 {
            let other = Segment::from(create(16)); // mostly at the address of the one before
            assert!(shm::view_slice::<AtomicU8>(&other).is_ok());
            drop(other);
            let other = Segment::from(create(16));
            assert!(shm::view_slice::<AtomicU32>(&other).is_ok());
        }
        assert!(shm::view_slice::<AtomicU64>(&segment).is_ok());
    }),
    ("a_child_that_drops_its_copy_leaves_the_name_to_its_parent", || {
        let mut segment = Some(Segment::from(create(8)));
        let name = segment.as_ref().expect("ours").get_os_id().to_owned();
        finish(start(|| {
            drop(segment.take());
            true
        }));
        assert!(open(&name).is_some());
        drop(segment);
        assert!(!exists(&name) && open(&name).is_none());
    }),
    ("who_opened_a_segment_leaves_its_name", || {
        let segment = Segment::from(create(8));
        drop(Segment::from(open(segment.get_os_id()).expect("it has a name")));
        assert!(exists(segment.get_os_id()));
    }),
    ("after_unlink_nobody_finds_it_and_everybody_has_it", || {
        for _ in 0..100 {
            let ready = Region::of(AtomicBool::new(false)).expect("a region");
            let mut segment = create(8);
            let name = segment.get_os_id().to_owned();
            let user = start(|| {
                let segment = open(&name).expect("it has a name");
                ready.store(true, Ordering::Release);
                let word = shm::view::<AtomicU64>(&segment).expect("it fits");
                until(|| word.fetch_add(1, Ordering::Relaxed) > 1_000_000_000);
                true
            });
            until(|| ready.load(Ordering::Acquire));
            shm::unlink(&mut segment).expect("it has a name");
            assert!(!exists(&name) && open(&name).is_none());
            let word = shm::view::<AtomicU64>(&segment).expect("it fits");
            until(|| word.load(Ordering::Relaxed) > 0);
            end(user);
            assert!(!exists(&name));
        }
    }),
    ("nothing_is_left_of_who_is_killed_after_unlink", || {
        for round in 0..100 {
            let name = format!("/toolkit-{}-{round}", getpid());
            let ready = Region::of(AtomicBool::new(false)).expect("a region");
            let maker = start(|| {
                let segment = ShmemConf::new().os_id(&name).size(4096).create().expect("a segment");
                let mut segment = Segment::from(segment);
                segment.unlink().expect("it has a name");
                ready.store(true, Ordering::Release);
                until(|| false);
                true
            });
            until(|| ready.load(Ordering::Acquire));
            end(maker);
            assert!(!exists(&name));
        }
    }),
    ("a_name_that_was_given_again_is_not_taken_away", || {
        let name = format!("/toolkit-again-{}", getpid());
        let make = || ShmemConf::new().os_id(&name).size(8).create().expect("a segment");
        let mut first = make();
        shm::unlink(&mut first).expect("it has a name");
        let second = make();
        drop(first);
        assert!(exists(&name));
        drop(second);
        assert!(!exists(&name));
        let mut third = Segment::from(make());
        third.unlink().expect("it has a name");
        assert_eq!(third.unlink(), Err(Errno::ENOENT));
    }),
    ("a_link_file_goes_with_the_name", || {
        let link = std::env::temp_dir().join(format!("toolkit-link-{}", getpid()));
        let mut segment = ShmemConf::new().flink(&link).size(8).create().expect("a segment");
        assert!(link.exists());
        shm::unlink(&mut segment).expect("it has a name");
        assert!(!link.exists());
        drop(segment);
    }),
    ("a_lock_beside_a_segment_keeps_writers_apart", || {
        let segment = Segment::from(create(8));
        let lock = Region::of(toolkit::sync::RobustMutex::new(())).expect("a region");
        let add = || {
            let number = shm::view::<AtomicU64>(&segment).expect("it fits");
            (0..5_000).all(|_| {
                let _guard = lock.lock().expect("nobody has died");
                number.store(number.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                true
            })
        };
        let children = [start(add), start(add), start(add)];
        children.into_iter().for_each(finish);
        let number = shm::view::<AtomicU64>(&segment).expect("it fits");
        assert_eq!(number.load(Ordering::Relaxed), 15_000);
    }),
];

fn main() -> ExitCode {
    cases::main(CASES)
}
