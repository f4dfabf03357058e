//! What attacks are aimed at: files, sockets and a process that nobody else needs.
//!
//! Knows how the program is told of them, not what it does to them.

use crate::error::{GraderError, Result};
use crate::scratch::{self, Scratch};
use std::fs::{self, Permissions};
use std::net::{SocketAddr as Address, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

/// What is in the judge's file. Its length is known to the program.
const VERDICT: &str = "{\"p\":1}";

/// What listens on this machine for all attacks together.
#[derive(Debug)]
pub(super) struct Services {
    tcp: TcpListener,
    udp: Address,
    echo: Option<JoinHandle<()>>,
}

/// The word that ends the service which answers.
const END: &[u8] = b"end";

impl Services {
    pub(super) fn start() -> Result<Self> {
        let failed = |error| GraderError::machine(format!("cannot listen on 127.0.0.1: {error}"));
        let tcp = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        let socket = UdpSocket::bind(("127.0.0.1", 0)).map_err(failed)?;
        let udp = socket.local_addr().map_err(failed)?;
        let echo = thread::spawn(move || {
            let mut bytes = [0; 16];
            while let Ok((count, from)) = socket.recv_from(&mut bytes) {
                if &bytes[..count] == END {
                    break;
                }
                let _ = socket.send_to(&bytes[..count], from);
            }
        });
        Ok(Self { tcp, udp, echo: Some(echo) })
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let told = UdpSocket::bind(("127.0.0.1", 0)).and_then(|socket| socket.send_to(END, self.udp));
        if let (Ok(_), Some(echo)) = (told, self.echo.take()) {
            let _ = echo.join();
        }
    }
}

/// The victims of one attack; gone when dropped.
#[derive(Debug)]
pub(super) struct Victims {
    folder: Scratch,
    /// Stands for the judge.
    process: Child,
    tag: String,
    _sockets: [UnixListener; 3],
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Victims {
    /// Makes them as our own, or as those of `user`.
    pub(super) fn new(program: &Path, user: Option<u32>) -> Result<Self> {
        let folder = Scratch::new("victims")?;
        let path = folder.path();
        let failed = |error| GraderError::file("prepare", path, error);
        let tag = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        for (name, rights) in [("home", 0o700), ("watched", 0o700), ("open", 0o777)] {
            scratch::make(&path.join(name))?;
            fs::set_permissions(path.join(name), Permissions::from_mode(rights)).map_err(failed)?;
        }
        let memory = shared_memory("victim", &tag);
        let files = ["solution.rs", "home/secret", "verdict.json"].map(|name| path.join(name));
        for file in files.iter().chain([&memory]) {
            fs::write(file, VERDICT).map_err(failed)?;
            fs::set_permissions(file, Permissions::from_mode(0o600)).map_err(failed)?;
        }
        fs::write(path.join("open/plain"), "").map_err(failed)?;
        let by_file = UnixListener::bind(path.join("socket")).map_err(failed)?;
        fs::set_permissions(path.join("socket"), Permissions::from_mode(0o600)).map_err(failed)?;
        let public = UnixListener::bind(path.join("open/socket")).map_err(failed)?;
        fs::set_permissions(path.join("open/socket"), Permissions::from_mode(0o666)).map_err(failed)?;
        let name = SocketAddr::from_abstract_name(path.as_os_str().as_encoded_bytes());
        let by_name = name.and_then(|name| UnixListener::bind_addr(&name)).map_err(failed)?;
        if let Some(user) = user {
            let folders = ["home", "watched", "socket"].map(|name| path.join(name));
            for item in files.iter().chain(&folders).chain([&memory]) {
                chown(item, Some(user), Some(user)).map_err(failed)?;
            }
        }
        let process = waiting(program, user)?;
        Ok(Self { folder, process, tag, _sockets: [by_file, by_name, public] })
    }

    /// How the program is told of them.
    pub(super) fn arguments(&self, services: &Services) -> Vec<String> {
        let tcp = services.tcp.local_addr().map_or(0, |address| address.port());
        vec![
            format!("folder={}", self.folder.path().display()),
            format!("pid={}", self.process.id()),
            format!("judge={}", std::process::id()),
            format!("tcp={tcp}"),
            format!("udp={}", services.udp.port()),
            format!("tag={}", self.tag),
        ]
    }

    /// Whether the files are as they were.
    pub(super) fn are_intact(&self) -> bool {
        let is_whole =
            |name: &str| fs::read_to_string(self.folder.path().join(name)).is_ok_and(|text| text == VERDICT);
        ["solution.rs", "home/secret", "verdict.json"].into_iter().all(is_whole)
    }

    /// Lets the process end by itself. Whether nothing had ended it before, or was about to: a signal
    /// that has come is heeded before the end.
    pub(super) fn dismiss(&mut self) -> bool {
        drop(self.process.stdin.take());
        self.process.wait().is_ok_and(|status| status.success())
    }

    /// Named shared memory that an attack has left, if it is still there.
    pub(super) fn left_memory(&self) -> PathBuf {
        shared_memory("left", &self.tag)
    }
}

impl Drop for Victims {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for kind in ["victim", "left"] {
            let _ = scratch::remove(&shared_memory(kind, &self.tag));
        }
    }
}

fn shared_memory(kind: &str, tag: &str) -> PathBuf {
    Path::new("/dev/shm").join(format!("racecourse-{kind}-{tag}"))
}

/// A process with a group and a variable of its own that does nothing until it is killed.
fn waiting(program: &Path, user: Option<u32>) -> Result<Child> {
    let mut command = Command::new(program);
    command.args(["child", "wait"]).env_clear().env("TOKEN", "secret").current_dir("/").process_group(0);
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| GraderError::machine(format!("failed to start a victim: {error}")))
}
