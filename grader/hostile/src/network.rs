//! Attacks by sockets.

use crate::Attack;
use crate::raw::{self, Arg};
use crate::target::{Target, Tried};
use nix::libc;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

pub(crate) fn find(name: &str) -> Option<Attack> {
    Some(match name {
        "connect_tcp" => connect_tcp,
        "listen_tcp" => |_| Ok(TcpListener::bind(("127.0.0.1", 0)).map(|_| "listening".into())?),
        "send_udp" => send_udp,
        "socket_to_sleep_in_threads" => |_| Ok(UnixStream::pair().map(|_| "a pair".into())?),
        "netlink" => |_| socket(libc::AF_NETLINK, libc::SOCK_RAW),
        "vsock" => |_| socket(libc::AF_VSOCK, libc::SOCK_STREAM),
        "kernel_ciphers" => |_| socket(libc::AF_ALG, libc::SOCK_SEQPACKET),
        "abstract_socket" => abstract_socket,
        "file_socket" => |target| file_socket(target, "socket"),
        "public_socket" => |target| file_socket(target, "open/socket"),
        _ => return None,
    })
}

fn connect_tcp(target: &Target) -> Tried {
    Ok(TcpStream::connect(("127.0.0.1", target.port("tcp"))).map(|_| "connected".into())?)
}

/// Waits for the answer: a message to nobody is sent without an error.
fn send_udp(target: &Target) -> Tried {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    socket.connect(("127.0.0.1", target.port("udp")))?;
    socket.send(b"found")?;
    Ok(socket.recv(&mut [0; 16]).map(|_| "answered".into())?)
}

fn socket(family: i32, kind: i32) -> Tried {
    let mut args = [Arg::Number(family.into()), Arg::Number(kind.into()), Arg::Number(0)];
    Ok(raw::call(libc::SYS_socket, &mut args).map(|_| "made".into())?)
}

fn abstract_socket(target: &Target) -> Tried {
    let address = SocketAddr::from_abstract_name(target.folder())?;
    Ok(UnixStream::connect_addr(&address).map(|_| "connected".into())?)
}

fn file_socket(target: &Target, name: &str) -> Tried {
    Ok(UnixStream::connect(target.file(name)).map(|_| "connected".into())?)
}
