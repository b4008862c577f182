//! Ports for servers that are stopped and started again at the same address.
//!
//! A port that the kernel gives (`127.0.0.1:0`) is given to others as soon as it is free: to listeners, and to the near end of every
//! connection that anybody makes, also to the one that asks whether the server is there again. Those here lie below that range.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// The first, above those that services of a machine have.
const FIRST: u32 = 10_000;
/// How many there are: up to where Linux begins to give (`net.ipv4.ip_local_port_range`).
const COUNT: u32 = 22_000;
/// Apart from each other for processes whose numbers follow each other; no divisor in common with [`COUNT`].
const STRIDE: u32 = 7_919;

/// An address of this machine at which nobody listens, and which nobody is given by chance.
///
/// # Panics
/// When all ports are taken.
#[must_use]
pub fn address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = std::process::id().wrapping_mul(STRIDE).wrapping_add(number) % COUNT;
        let port = u16::try_from(FIRST + place).expect("below 65,536");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port of {COUNT} is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another_one_and_free() {
        let [one, two] = [address(), address()];
        assert_ne!(one, two);
        let _taken = TcpListener::bind(one).unwrap();
        TcpListener::bind(two).unwrap();
    }
}
