//! A harmless program that tries from inside what must not work, and says what did.
//!
//! Each attempt is a line on standard error: its name, then `open` or `closed`. Knows no policy: whether
//! something should be closed is for the judge to say.

use nix::sys::personality;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Tries everything. The arguments: a folder of the judge's with what is to be reached (a file `secret`,
/// a folder `open`, a socket `socket`), a TCP port of its, and the judge's number. A socket with the
/// folder's path as its abstract name is the judge's too.
pub(crate) fn sing(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let (Some(folder), Some(port), Some(judge)) = (args.next(), number(args.next()), number(args.next()))
    else {
        return ExitCode::from(2);
    };
    let folder = PathBuf::from(folder);
    let judge_pid = Pid::from_raw(judge);
    for (name, is_open) in [
        ("read", fs::read(folder.join("secret")).is_ok()),
        ("write", File::create(folder.join("open/canary")).is_ok()),
        ("tcp", u16::try_from(port).is_ok_and(|port| TcpStream::connect(("127.0.0.1", port)).is_ok())),
        ("udp", UdpSocket::bind(("127.0.0.1", 0)).is_ok()),
        ("abstract", reaches(SocketAddr::from_abstract_name(folder.as_os_str().as_encoded_bytes()))),
        ("socket", reaches(SocketAddr::from_pathname(folder.join("socket")))),
        ("signal", kill(judge_pid, None).is_ok()),
        ("processes", Path::new(&format!("/proc/{judge}")).exists()),
        ("calls", personality::get().is_ok()),
        ("memory", File::create(format!("/dev/shm/racecourse-canary-{judge}")).is_ok()),
    ] {
        let _ = writeln!(std::io::stderr(), "{name} {}", if is_open { "open" } else { "closed" });
    }
    ExitCode::SUCCESS
}

fn number(arg: Option<OsString>) -> Option<i32> {
    arg?.to_str()?.parse().ok()
}

fn reaches(address: std::io::Result<SocketAddr>) -> bool {
    address.and_then(|address| UnixStream::connect_addr(&address)).is_ok()
}
