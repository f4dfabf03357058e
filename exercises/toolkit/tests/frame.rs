//! What frames promise, between processes and with signals in between.

mod cases;

use cases::{Case, finish, start, until, until_asleep};
use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::{Pid, pipe, read, write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use toolkit::frame::{FrameError, FrameReader, MAX_BODY, read_frame, write_frame};
use toolkit::shm::Region;

/// A body whose bytes tell where they belong.
fn body(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index * 31 + index / 251) as u8).collect()
}

/// Writes bytes as they are.
fn write_raw(to: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

const SIZES: [usize; 11] = [0, 1, 3, 4, 255, 4091, 4092, 4093, 65_535, 65_537, 1 << 20];

static INTERRUPTIONS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn interrupted(_: i32) {
    INTERRUPTIONS.fetch_add(1, Ordering::Relaxed);
}

/// From now on `SIGUSR1` interrupts calls.
fn be_interruptible() {
    let action = SigAction::new(SigHandler::Handler(interrupted), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing but an atomic addition, which a signal handler may.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("a handler");
}

/// Interrupts a process that sleeps in a call, and waits until it sleeps in the next.
fn interrupt(process: Pid) {
    until_asleep(process);
    kill(process, Signal::SIGUSR1).expect("it is there");
}

const CASES: &[Case] = &[
    ("frames_of_all_sizes_arrive_whole_and_in_order", || {
        let (from, to) = pipe().expect("a pipe");
        let writer = start(move || SIZES.iter().all(|size| write_frame(&to, &body(*size)).is_ok()));
        for size in SIZES {
            assert_eq!(read_frame(&from), Ok(Some(body(size))), "{size}");
        }
        assert_eq!(read_frame(&from), Ok(None));
        assert_eq!(read_frame(&from), Ok(None));
        finish(writer);
    }),
    ("large_frames_go_both_ways_at_once", || {
        let (here, there) = UnixStream::pair().expect("two ends");
        let (mut here, mut there) = (Some(here), Some(there));
        let large = body(1 << 20);
        let other = start(|| {
            drop(here.take());
            let end = there.take().expect("our end");
            let reader = || (0..20).all(|_| read_frame(&end) == Ok(Some(large.clone())));
            std::thread::scope(|scope| {
                let reading = scope.spawn(reader);
                (0..20).all(|_| write_frame(&end, &large).is_ok()) && reading.join().is_ok_and(|well| well)
            })
        });
        drop(there.take());
        let end = here.take().expect("our end");
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| (0..20).all(|_| read_frame(&end) == Ok(Some(large.clone()))));
            assert!((0..20).all(|_| write_frame(&end, &large).is_ok()));
            assert_eq!(reading.join().ok(), Some(true));
        });
        finish(other);
    }),
    ("a_frame_that_comes_byte_by_byte_is_whole", || {
        let (from, to) = pipe().expect("a pipe");
        let writer = start(move || {
            for byte in [&[5, 0, 0, 0][..], b"hello", &[0, 0, 0, 0]].concat() {
                write_raw(&to, &[byte]);
                std::thread::yield_now();
            }
            true
        });
        assert_eq!(read_frame(&from), Ok(Some(b"hello".to_vec())));
        assert_eq!(read_frame(&from), Ok(Some(Vec::new())));
        assert_eq!(read_frame(&from), Ok(None));
        finish(writer);
    }),
    ("an_end_within_a_frame_is_an_error_wherever_it_comes", || {
        let whole = [&[4, 0, 0, 0][..], b"four"].concat();
        for cut in 1..whole.len() {
            for limit in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
                let (from, to) = pipe().expect("a pipe");
                write_raw(&to, &whole[..cut]);
                drop(to);
                let mut reader = FrameReader::new(from);
                let result = match limit {
                    None => reader.read_frame(),
                    Some(limit) => reader.read_frame_timeout(limit),
                };
                assert_eq!(result, Err(FrameError::Truncated), "{cut}");
            }
        }
    }),
    ("too_long_a_frame_is_refused_by_reader_and_writer", || {
        let (from, to) = pipe().expect("a pipe");
        let bytes = MAX_BODY + 1;
        assert_eq!(write_frame(&to, &vec![0; bytes]), Err(FrameError::TooLong { bytes }));
        write_raw(&to, &u32::try_from(bytes).expect("it fits").to_le_bytes());
        assert_eq!(read_frame(&from), Err(FrameError::TooLong { bytes }), "and nothing was written before");
        write_raw(&to, &[255; 4]);
        assert_eq!(read_frame(&from), Err(FrameError::TooLong { bytes: 0xffff_ffff }));
    }),
    ("the_longest_frame_is_announced_without_being_believed", || {
        let (from, to) = pipe().expect("a pipe");
        write_raw(&to, &u32::try_from(MAX_BODY).expect("it fits").to_le_bytes());
        drop(to);
        assert_eq!(read_frame(&from), Err(FrameError::Truncated));
    }),
    ("nobody_left_who_reads_is_an_error_of_the_system", || {
        let (from, to) = pipe().expect("a pipe");
        drop(from);
        for size in [0, 5000] {
            assert_eq!(write_frame(&to, &body(size)), Err(FrameError::Os(Errno::EPIPE)));
        }
    }),
    ("a_reader_takes_nothing_of_the_next_frame", || {
        let (from, to) = pipe().expect("a pipe");
        write_frame(&to, b"first").expect("room");
        write_raw(&to, b"rest");
        assert_eq!(read_frame(&from), Ok(Some(b"first".to_vec())));
        let mut rest = [0; 8];
        assert_eq!(read(&from, &mut rest), Ok(4));
    }),
    ("small_frames_of_many_writers_do_not_mix", || {
        let (from, to) = pipe().expect("a pipe");
        let write_many = |letter: u8| {
            let to = &to;
            move || (0..300).all(|_| write_frame(to, &[letter; 4092]).is_ok())
        };
        let writers = [start(write_many(1)), start(write_many(2)), start(write_many(3))];
        drop(to);
        let mut seen = [0; 4];
        while let Some(frame) = read_frame(&from).expect("whole frames") {
            assert!(frame.len() == 4092 && frame.iter().all(|byte| *byte == frame[0]));
            seen[usize::from(frame[0])] += 1;
        }
        assert_eq!(seen, [0, 300, 300, 300]);
        writers.into_iter().for_each(finish);
    }),
    ("a_limit_loses_nothing_wherever_the_time_is_up", || {
        let (from, to) = pipe().expect("a pipe");
        let mut reader = FrameReader::new(from);
        let whole = [&[5, 0, 0, 0][..], b"hello"].concat();
        for byte in &whole {
            assert_eq!(reader.read_frame_timeout(Duration::ZERO), Err(FrameError::TimedOut));
            assert_eq!(reader.read_frame_timeout(Duration::from_millis(1)), Err(FrameError::TimedOut));
            write_raw(&to, &[*byte]);
        }
        assert_eq!(reader.read_frame_timeout(Duration::ZERO), Ok(Some(b"hello".to_vec())));
        write_raw(&to, &whole[..6]);
        assert_eq!(reader.read_frame_timeout(Duration::ZERO), Err(FrameError::TimedOut));
        write_raw(&to, &whole[6..]);
        assert_eq!(reader.read_frame(), Ok(Some(b"hello".to_vec())));
        drop(to);
        assert_eq!(reader.read_frame_timeout(Duration::MAX), Ok(None));
        assert_eq!(reader.read_frame_timeout(Duration::ZERO), Ok(None));
    }),
    ("a_limit_is_waited_for_and_not_cut_short_by_signals", || {
        be_interruptible();
        let (from, _to) = pipe().expect("a pipe");
        let done = Region::of(AtomicUsize::new(0)).expect("a region");
        let reader = start(|| {
            let before = std::time::Instant::now();
            let limit = Duration::from_millis(200);
            let result = FrameReader::new(&from).read_frame_timeout(limit);
            let well = result == Err(FrameError::TimedOut) && before.elapsed() >= limit;
            done.store(1, Ordering::Release);
            well && INTERRUPTIONS.load(Ordering::Relaxed) > 0
        });
        interrupt(reader);
        until(|| {
            let _ = kill(reader, Signal::SIGUSR1);
            done.load(Ordering::Acquire) == 1
        });
        finish(reader);
    }),
    ("signals_interrupt_neither_reading_nor_writing", || {
        be_interruptible();
        for limited in [false, true] {
            let (from, to) = pipe().expect("a pipe");
            let large = body(300_000);
            let mut from = Some(from);
            // The writer sleeps, as the pipe is full; the reader, as it is empty.
            let writer = start(|| {
                drop(from.take());
                write_frame(&to, &large).is_ok() && INTERRUPTIONS.load(Ordering::Relaxed) > 0
            });
            drop(to);
            interrupt(writer); // part of the frame is in the pipe
            interrupt(writer); // and nothing more went in
            let reader = start(|| {
                let mut reader = FrameReader::new(from.take().expect("our end"));
                let frame =
                    if limited { reader.read_frame_timeout(Duration::MAX) } else { reader.read_frame() };
                frame == Ok(Some(large.clone()))
            });
            finish(reader);
            finish(writer);

            let (from, to) = pipe().expect("a pipe");
            let reader = start(|| {
                let mut reader = FrameReader::new(&from);
                let frame =
                    if limited { reader.read_frame_timeout(Duration::MAX) } else { reader.read_frame() };
                frame == Ok(Some(b"hi".to_vec())) && INTERRUPTIONS.load(Ordering::Relaxed) > 0
            });
            for byte in [2, 0, 0, 0, b'h', b'i'] {
                interrupt(reader);
                until_asleep(reader);
                write_raw(&to, &[byte]);
            }
            finish(reader);
        }
    }),
];

fn main() -> ExitCode {
    cases::main(CASES)
}
