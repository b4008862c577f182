//! Which addresses an outgoing request may go to (OWASP: server-side request forgery).
//!
//! Refused are all blocks of the IANA special-purpose registries (IPv4 and IPv6, as of 2026) that are not globally reachable, and IPv6
//! forms that carry an IPv4 address are judged by that address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is refused; `None` if it is public.
#[must_use]
pub fn refusal(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(v4) => of_v4(v4),
        IpAddr::V6(v6) => of_v6(v6),
    }
}

fn of_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        _ if ip.is_loopback() => Some("this machine"),
        _ if ip.is_private() => Some("a private network"),
        // Cloud providers answer with a machine's credentials at 169.254.169.254.
        _ if ip.is_link_local() => Some("a link-local network"),
        (0, ..) => Some("\"this network\""),
        (100, 64..=127, _) => Some("a carrier's shared network"),
        (192, 0, 0) => Some("reserved for protocols"),
        (192, 88, 99) => Some("a 6to4 relay"),
        (198, 18..=19, _) => Some("reserved for benchmarks"),
        _ if ip.is_documentation() => Some("reserved for documentation"),
        _ if ip.is_multicast() => Some("a multicast group"),
        (240..=255, ..) => Some("reserved"),
        _ => None,
    }
}

fn of_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        _ if ip.is_loopback() => Some("this machine"),
        _ if ip.is_unspecified() => Some("no address"),
        _ if ip.is_multicast() => Some("a multicast group"),
        // IPv4-mapped, IPv4-compatible, NAT64, 6to4: the address within decides.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 1, ..] => Some("a local NAT64 network"),
        [0x2002, high, low, ..] => v4(high, low),
        [0x2001, 0, ..] => Some("a Teredo tunnel"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("reserved for documentation"),
        [0x2001, 0..=0x01ff, ..] => Some("reserved for protocols"),
        [0x100, 0, 0, 0, ..] => Some("a discard network"),
        [first, ..] if first & 0xfe00 == 0xfc00 => Some("a private network"),
        [first, ..] if first & 0xffc0 == 0xfe80 => Some("a link-local network"),
        [first, ..] if first & 0xffc0 == 0xfec0 => Some("a site-local network"),
        [first, ..] if first & 0xe000 == 0x2000 => None,
        _ => Some("not a public network"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused_in_every_form() {
        for ip in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001:0:4136:e378::",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "4000::1",
        ] {
            assert!(refusal(ip.parse().unwrap()).is_some(), "{ip}");
        }
    }

    #[test]
    fn what_is_public_is_not() {
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert_eq!(refusal(ip.parse().unwrap()), None, "{ip}");
        }
    }
}
