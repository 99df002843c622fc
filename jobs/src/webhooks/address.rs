//! Which addresses a webhook may have: the form of the text, checked where it is given, and the address of the network,
//! checked where the connection is made: a name may lead elsewhere by then.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use songwalker_schemas::limits::MAX_WEBHOOK_URL_BYTES;

/// What is wrong with the text of an address; `None` where nothing is. `http` is lawful where `allows_plain`.
#[must_use]
pub fn problem(url: &str, allows_plain: bool) -> Option<String> {
    if url.len() > MAX_WEBHOOK_URL_BYTES {
        return Some(format!("at most {MAX_WEBHOOK_URL_BYTES} bytes"));
    }
    let plain = url.strip_prefix("http://").filter(|_| allows_plain);
    let Some(rest) = url.strip_prefix("https://").or(plain) else {
        return Some("must start with https://".to_owned());
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if !is_host(host) {
        return Some("must name its host, without user or password, and not by a number".to_owned());
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Some("has a port that is none".to_owned());
    }
    if !path.bytes().all(is_of_path) {
        return Some("must hold nothing that belongs written as % and two digits, and no #".to_owned());
    }
    None
}

/// Labels with points between them; the last one begins with a letter, so that it is no number in disguise.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.split('.').all(is_label)
        && last.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

const fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || {
        let others = b"-._~:/?@!$&'()*+,;=%";
        let mut at = 0;
        while at < others.len() {
            if others[at] == byte {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// Whether everybody's network has this address: none of this machine, of a network of one's own, of a link, of a group,
/// of documents, of translations that lead to one of those.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// IANA's registry of special addresses, all that are not globally reachable, and those for groups.
const SPECIAL_V4: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let is_within = |network: &str| {
        network
            .parse::<Network>()
            .is_ok_and(|network| network.has(IpAddr::V4(ip)))
    };
    !SPECIAL_V4.iter().any(|network| is_within(network))
}

/// Only 2000::/3 is for everybody, and of that not tunnels, documents and tests.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    is_global && !is_special
}

/// A network: an address and how many bits of it count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether an address is of this network. An IPv4 address that is written as IPv6 is that IPv4 address.
    #[must_use]
    pub fn has(self, ip: IpAddr) -> bool {
        match (self.base, ip.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                base.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                base.to_bits() & mask == ip.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a network such as 10.0.0.0/8, fd00::/8 or 192.168.1.7")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u32>().map_err(|_| NetworkError)?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| NetworkError)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(NetworkError);
        }
        Ok(Self { base, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_host_and_nothing_else() {
        for good in [
            "https://example.org",
            "https://example.org/",
            "https://a.b-c.example.org:8443/x/y?z=1&w=%20",
            "https://hooks?x",
            "https://xn--bcher-kva.example/",
        ] {
            assert_eq!(problem(good, false), None, "{good}");
        }
        for bad in [
            "",
            "http://example.org/",
            "HTTPS://example.org/",
            "ftp://example.org/",
            "https://",
            "https:///x",
            "https://user@example.org/",
            "https://user:secret@example.org/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://example.org:0/",
            "https://example.org:/",
            "https://example.org:65536/",
            "https://example.org./",
            "https://a..b/",
            "https://-a.b/",
            "https://example.org/#x",
            "https://example.org/ x",
            "https://example.org\\@evil/",
            "https://example.org/\\x",
            "https://exämple.org/",
        ] {
            assert!(problem(bad, false).is_some(), "{bad}");
        }
        assert_eq!(problem("http://example.org/", true), None);
        assert!(problem(&format!("https://a.example/{}", "x".repeat(2_048)), false).is_some());
    }

    #[test]
    fn only_addresses_of_everybodys_network_are_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn a_network_has_what_begins_with_its_bits() {
        let has = |network: &str, ip: &str| network.parse::<Network>().unwrap().has(ip.parse().unwrap());
        assert!(has("127.0.0.0/8", "127.9.9.9") && !has("127.0.0.0/8", "128.0.0.1"));
        assert!(has("10.0.0.7", "10.0.0.7") && !has("10.0.0.7", "10.0.0.8"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::1"));
        assert!(has("fd00::/8", "fd12::1") && has("::1", "::1") && !has("::1/128", "::2"));
        assert!(has("127.0.0.0/8", "::ffff:127.0.0.1"));
        for bad in ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        assert_eq!("10.0.0.0/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
    }
}
