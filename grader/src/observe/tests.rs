//! Each observation with a planted fault and a quiet twin, on programs of the system.

use super::{Look, People, Still, busy, doing};
use crate::trial::Busy;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A shell below this process, which stands for the reaper; its first command is the caller.
struct Scene {
    shell: Child,
    people: People,
}

impl Scene {
    /// Plays `caller` in a shell of its own and waits until it says `ready`.
    fn play(caller: &str) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", &format!("exec 3<&0; sh -c '{caller}' <&3 3<&- & exec 3<&- </dev/null; wait")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut word = [0; 6];
        std::io::Read::read_exact(shell.stdout.as_mut().expect("a pipe"), &mut word).expect("ready");
        let caller = procs::children(shell.id())[0];
        let people = People::new(shell.id(), caller);
        Scene { shell, people }
    }

    /// Looks until something else than movement shows, or `looks` are over.
    fn look(&mut self, looks: u32, enough: impl Fn(&Look) -> bool) -> Look {
        let mut still = Still::default();
        let mut look = Look::Moves;
        for _ in 0..looks {
            let all = self.people.members();
            look = still.look(&mut self.people, all);
            if enough(&look) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        look
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for pid in self.people.all() {
            let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Waits until a look at the machine says so: what is asked for was begun and will come.
fn eventually(what: &str, mut come: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !come() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_child_is_counted_and_one_that_has_ended_is_a_zombie_until_it_is_waited_for() {
    // The first child ends when we say so: a shell may still wait for it, what takes its place never does.
    let mut planted = Scene::play("exec 4<&0; cat <&4 & sleep 100 & echo ready; exec sleep 100");
    let name = format!("/proc/{}/comm", planted.people.caller);
    eventually("the shell has become `sleep`", || {
        std::fs::read_to_string(&name).is_ok_and(|name| name.trim() == "sleep")
    });
    drop(planted.shell.stdin.take());
    eventually("the first child ends", || planted.people.census().zombies.len() == 1);
    assert_eq!(planted.people.census().children.len(), 1);
    let mut quiet = Scene::play("sleep 0 & wait; sleep 100 & echo ready; exec sleep 100");
    let census = quiet.people.census();
    assert_eq!((census.children.len(), census.zombies.len(), census.others.len()), (1, 0, 0));
}

#[test]
fn a_process_that_is_no_child_of_the_caller_is_seen_as_such() {
    let mut planted = Scene::play("(sleep 100; true) & echo ready; exec sleep 100");
    eventually("a grandchild", || planted.people.census().others.len() == 1);
    let mut quiet = Scene::play("echo ready; exec sleep 100");
    assert!(quiet.people.census().others.is_empty());
}

#[test]
fn who_works_with_nothing_to_do_is_busy_and_who_sleeps_is_not() {
    let mut planted = Scene::play("echo ready; while :; do :; done");
    let all = busy(&mut planted.people);
    assert!(all.iter().any(Busy::uses_the_processor), "{all:?}");
    drop(planted);
    let mut quiet = Scene::play("echo ready; exec sleep 100");
    quiet.look(400, |look| *look == Look::Quiet);
    for one in busy(&mut quiet.people) {
        assert!(!one.uses_the_processor() && one.naps <= 3, "{one:?}");
    }
}

#[test]
fn a_read_from_a_pipe_that_only_we_could_end_is_proven_and_a_sleep_never_is() {
    let mut planted = Scene::play("echo ready; exec cat");
    let look = planted.look(12_000, |look| matches!(look, Look::Proven(_)));
    let Look::Proven(waits) = look else { panic!("{look:?}") };
    assert!(waits.iter().any(|line| line.contains("waits to read from")), "{waits:?}");
    assert!(doing(&mut planted.people).iter().any(|(_, what)| what == "waits to read"));
    let mut quiet = Scene::play("echo ready; exec sleep 100");
    let look = quiet.look(150, |look| matches!(look, Look::Proven(_) | Look::Napping(_)));
    assert_eq!(look, Look::Quiet, "a sleep ends by itself");
}

#[test]
fn a_wait_for_a_signal_is_proven_if_whoever_could_send_it_waits_too() {
    // Without a limit `timeout` sleeps until it is told of its child's end.
    let mut planted = Scene::play("echo ready; exec timeout 0 cat");
    let look = planted.look(12_000, |look| matches!(look, Look::Proven(_)));
    let Look::Proven(waits) = look else { panic!("{look:?}") };
    assert!(waits.iter().any(|line| line.contains("waits for a signal")), "{waits:?}");
    let mut quiet = Scene::play("echo ready; exec timeout 0 sleep 100");
    let look = quiet.look(150, |look| matches!(look, Look::Proven(_) | Look::Napping(_)));
    assert_eq!(look, Look::Quiet, "a sleep ends by itself");
}

#[test]
fn a_reader_that_is_fed_moves() {
    let mut scene = Scene::play("echo ready; exec cat >/dev/null");
    let mut input = scene.shell.stdin.take().expect("a pipe");
    let feeder = std::thread::spawn(move || {
        while input.write_all(&[0; 64]).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let look = scene.look(200, |look| matches!(look, Look::Proven(_) | Look::Napping(_)));
    assert!(!matches!(look, Look::Proven(_)), "{look:?}");
    assert!(doing(&mut scene.people).iter().all(|(_, what)| what != "has ended"));
    drop(scene);
    feeder.join().expect("it ends with its reader");
}

#[test]
fn both_ends_of_a_pipe_are_found_and_a_pipe_of_the_caller_alone_is_not_listed() {
    let mut planted = Scene::play("sleep 100 | cat & echo ready; exec sleep 100");
    eventually("a reader and a writer", || {
        let pipes = planted.people.census().pipes;
        pipes.iter().all(|pipe| !pipe.readers.is_empty() || !pipe.writers.is_empty())
            && doing(&mut planted.people).iter().any(|(_, what)| what == "waits to read")
    });
    let mut quiet = Scene::play("echo ready; exec sleep 100");
    assert!(quiet.people.census().pipes.is_empty());
}
