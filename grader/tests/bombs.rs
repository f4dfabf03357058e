//! Answers that take of the machine whatever they can get. Each is the reference pool with a bomb at its
//! start; it must be stopped, with words that say of what it was too much.

use grader::build::Workshop;
use grader::catalogue;
use grader::grade::{self, Settings};
use grader::submission::{self, Submission};
use grader::verdict::Verdict;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course")
}

/// This machine's box.
fn workshop() -> &'static Workshop {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    WORKSHOP.get_or_init(|| {
        let question = catalogue::find("q2").expect("q2");
        Workshop::open(root(), std::slice::from_ref(&question), || ()).expect("this machine can grade")
    })
}

/// The same on a machine without namespaces, where files are not counted by the kernel.
fn lesser_workshop() -> Workshop {
    let sandbox = workshop().sandbox.clone().without(["namespaces"]).expect("a box");
    let mut workshop = workshop().clone();
    workshop.sandbox = sandbox;
    workshop
}

/// The headlines of all checks that need a pool, with their faults.
fn headlines(workshop: &Workshop, bomb: &str) -> Vec<(String, String)> {
    let question = catalogue::find("q2").expect("q2");
    let solution = submission::read(&question, &root().join("solutions/q2_process_pool"));
    let Submission { mut files } = solution.expect("a path").expect("an answer");
    let (_, text) = files.iter_mut().find(|(path, _)| path == "src/pool.rs").expect("the pool");
    let start = "        static POOLS: AtomicU64 = AtomicU64::new(0);\n";
    assert_eq!(text.matches(start).count(), 1, "the solution does not begin so any more");
    *text = text.replace(start, &format!("{start}        {bomb}\n"));
    let report = grade::grade(workshop, &question, &Ok(Submission { files }), Settings::new(7), &|_| ());
    let checks = report.expect("graded").checks;
    let with_pool =
        checks.iter().filter(|check| !["q2.frames", "q2.interrupted"].contains(&check.id.as_str()));
    let told = with_pool.map(|check| match &check.verdict {
        Verdict::Fail(finding) => (finding.fault.word().to_owned(), finding.headline.clone()),
        other => (other.word().to_owned(), format!("{other:?}")),
    });
    told.collect()
}

/// All checks are lost, and at least one for this fault, in these words.
fn assert_stopped(bomb: &str, fault: &str, words: &str) {
    assert_stopped_in(workshop(), bomb, fault, words);
}

/// The same, also where there are no namespaces.
fn assert_stopped_everywhere(bomb: &str, fault: &str, words: &str) {
    assert_stopped(bomb, fault, words);
    assert_stopped_in(&lesser_workshop(), bomb, fault, words);
}

fn assert_stopped_in(workshop: &Workshop, bomb: &str, fault: &str, words: &str) {
    let told = headlines(workshop, bomb);
    assert!(told.iter().all(|(word, _)| word != "pass" && word != "inconclusive"), "{told:#?}");
    assert!(told.iter().any(|(word, text)| word == fault && text.contains(words)), "{told:#?}");
    assert!(own_peak_mib() < 200, "the judge has used {} MiB", own_peak_mib());
}

/// The most memory that this process, the judge, has ever had in use.
fn own_peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

#[test]
fn processes_without_an_end_are_stopped() {
    let bomb = "fn bomb() -> i32 { loop { if toolkit::fork(|| { bomb(); 0 }).is_err() { std::thread::sleep(Duration::from_secs(3600)) } } }\n        bomb();";
    assert_stopped_everywhere(bomb, "TooManyTasks", "it had 256 or more threads and processes at once");
    // Whoever comes next does not notice.
    let next = headlines(workshop(), "");
    assert!(next.iter().all(|(word, _)| word == "pass"), "{next:#?}");
}

#[test]
fn threads_without_an_end_are_stopped() {
    let bomb = "for _ in 0..100_000 { thread::spawn(|| thread::sleep(Duration::from_secs(3600))); }";
    assert_stopped(bomb, "TooManyTasks", "it had 256 or more threads and processes at once");
}

#[test]
fn memory_is_counted_over_all_processes() {
    let bomb = "for _ in 0..8 { let _ = toolkit::fork(|| { let all = vec![1_u8; 300 << 20]; thread::sleep(Duration::from_secs(3600)); i32::from(all[7]) }); }\n        thread::sleep(Duration::from_secs(3600));";
    assert_stopped(
        bomb,
        "OutOfMemory",
        "it used more than 512 MiB of memory, all its processes together (seen: ",
    );
}

#[test]
fn memory_that_no_folder_shows_is_counted_too() {
    let bomb = "let mut all = Vec::new(); loop { let Ok(file) = nix::sys::memfd::memfd_create(c\"bomb\", nix::sys::memfd::MFdFlags::empty()) else { thread::sleep(Duration::from_secs(3600)); continue }; \
        let _ = std::io::Write::write_all(&mut std::fs::File::from(file.try_clone().unwrap()), &vec![1; 8 << 20]); all.push(file); }";
    assert_stopped(bomb, "DiskFlood", "took 64 MiB or more");
}

#[test]
fn a_full_disk_is_told() {
    let bomb = "let folder = std::env::temp_dir(); for number in 0..1000 { std::fs::write(folder.join(number.to_string()), vec![1; 8 << 20]).unwrap(); }";
    assert_stopped_everywhere(bomb, "DiskFlood", "its files, or its shared memory, took 64 MiB or more");
}

#[test]
fn shared_memory_without_an_end_is_told() {
    let bomb = "for number in 0..1000 { let _ = std::fs::write(format!(\"/dev/shm/{number}\"), vec![1; 8 << 20]); } thread::sleep(Duration::from_secs(3600));";
    let words = "its files, or its shared memory, took 64 MiB or more";
    assert_stopped(bomb, "DiskFlood", words);
    // Where a run has neither a namespace nor a user of its own, nobody can tell whose memory it is.
    if workshop().sandbox.layers.own_user {
        assert_stopped_in(&lesser_workshop(), bomb, "DiskFlood", words);
    }
}

#[test]
fn files_by_the_thousand_are_told() {
    let bomb = "let folder = std::env::temp_dir(); for number in 0..10_000_000 { let _ = std::fs::write(folder.join(number.to_string()), \"\"); }";
    assert_stopped_everywhere(bomb, "DiskFlood", "it made more than 10000 files");
}

#[test]
fn one_file_that_is_too_large_is_told() {
    let bomb = "let _ = std::fs::write(std::env::temp_dir().join(\"one\"), vec![1; 32 << 20]);";
    assert_stopped(bomb, "DiskFlood", "it wrote a file, or shared memory, of more than 16 MiB");
}

#[test]
fn a_flood_of_output_from_many_processes_is_stopped() {
    let bomb = "for _ in 0..8 { let _ = toolkit::fork(|| loop { println!(\"{}\", \"x\".repeat(1 << 20)) }); }\n        thread::sleep(Duration::from_secs(3600));";
    assert_stopped(bomb, "OutputFlood", "it printed more than 16 MiB");
}
