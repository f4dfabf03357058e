//! Whether the layers hold here: a harmless program of ours tries from inside what must not work.
//!
//! Nothing is believed because it was put on. What the canary reaches is open, and the rung is named
//! after that.

use super::{Layers, Limits, Order, Sandbox, Slot, start};
use crate::error::{GraderError, Result};
use crate::scratch::{self, Scratch};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// Puts on every layer that this machine takes, and measures which of them hold.
///
/// # Errors
///
/// A machine error if not even a box without these layers can be entered.
pub(super) fn measure(mut sandbox: Sandbox) -> Result<Sandbox> {
    // What the kernel does not have is left out, one after the other.
    let less: [fn(&mut Layers); 4] = [
        |_| (),
        |layers| layers.namespaces = false,
        |layers| layers.seccomp = false,
        |layers| layers.landlock = false,
    ];
    sandbox.layers.namespaces = sandbox.bwrap.is_some();
    let mut why = String::new();
    for leave_out in less {
        leave_out(&mut sandbox.layers);
        match sing(&sandbox)? {
            Ok(open) => {
                let is_open = |name: &str| open.iter().any(|reached| reached == name);
                sandbox.layers.landlock &= !is_open("read") && !is_open("write");
                sandbox.layers.seccomp &= !is_open("calls");
                sandbox.layers.open = open;
                return Ok(sandbox);
            }
            Err(words) => why = words,
        }
    }
    Err(GraderError::machine(format!("nothing can be run here in a box: {why}")))
}

/// What the canary has reached; `Err` if it could not try.
fn sing(sandbox: &Sandbox) -> Result<std::result::Result<Vec<String>, String>> {
    let outside = Scratch::new("canary")?;
    let failed = |doing: &str, error: std::io::Error| GraderError::file(doing, outside.path(), error);
    // Open to every user, so that nothing but the box is in the way.
    fs::write(outside.path().join("secret"), "secret").map_err(|error| failed("write to", error))?;
    scratch::make(&outside.path().join("open"))?;
    fs::set_permissions(outside.path().join("open"), Permissions::from_mode(0o777))
        .map_err(|error| failed("change the rights of", error))?;
    let tcp = TcpListener::bind(("127.0.0.1", 0));
    let port = tcp.as_ref().ok().and_then(|tcp| tcp.local_addr().ok()).map_or(0, |address| address.port());
    // A socket as others have them: nobody but its owner may connect.
    let _socket = UnixListener::bind(outside.path().join("socket"));
    let name = SocketAddr::from_abstract_name(outside.path().as_os_str().as_encoded_bytes());
    let _abstract = name.and_then(|name| UnixListener::bind_addr(&name));
    let inside = Scratch::new("canary")?;
    let slot = Slot::take(&sandbox.layers)?;
    slot.give(inside.path())?;
    let order = Order {
        program: &sandbox.init,
        args: vec![
            wire::CANARY.into(),
            outside.path().into(),
            port.to_string().into(),
            std::process::id().to_string().into(),
        ],
        reads: Vec::new(),
        folder: inside.path(),
        temporary: inside.path(),
        limits: Limits::REAL,
        sees_processes: true,
        compiler: false,
    };
    let output = start(sandbox, &slot, &order)?.output(4096)?;
    let memory = format!("/dev/shm/racecourse-canary-{}", std::process::id());
    let shares_memory = fs::remove_file(memory).is_ok();
    if !output.status.success() || output.text.starts_with(wire::BOX_FAILED) {
        return Ok(Err(output.text.lines().next().unwrap_or("no word of the reason").to_owned()));
    }
    let reached = output.text.lines().filter_map(|line| line.strip_suffix(" open"));
    let reached = reached.filter(|&name| name != "memory" || shares_memory);
    Ok(Ok(reached.map(str::to_owned).collect()))
}
