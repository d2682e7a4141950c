//! Whose a connection from this machine is.

use std::net::{IpAddr, SocketAddr};

/// The user whose process connected from one address of the loopback interface to another, as the kernel lists it; none if
/// it lists no such connection.
pub(super) fn user_of(from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let (from, to) = (written(from)?, written(to)?);
    let list = std::fs::read_to_string("/proc/net/tcp").ok()?;
    list.lines().find_map(|line| {
        // proc(5): number, local address, remote address, state, queues, timers, retransmissions, user.
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next()? != from || words.next()? != to {
            return None;
        }
        words.nth(4)?.parse().ok()
    })
}

/// An IPv4 address and port as the kernel writes them: the address as one number in the machine's order.
fn written(address: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = address.ip() else {
        return None;
    };
    Some(format!(
        "{:08X}:{:04X}",
        u32::from_ne_bytes(ip.octets()),
        address.port()
    ))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_of_our_own_is_ours() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let stream = TcpStream::connect(to).unwrap();
        let from = stream.local_addr().unwrap();
        assert_eq!(user_of(from, to), Some(rustix::process::getuid().as_raw()));
        assert_eq!(user_of(to, SocketAddr::from(([127, 0, 0, 1], 1))), None);
    }
}
