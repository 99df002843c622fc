//! Who is at the other end, as far as limits need to know it: an address, or the network of a host that has many. And
//! what proxies say about that, which counts where the proxy is one of `server.trusted_proxies`.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use songwalker_jobs::webhooks::address::Network;

/// The name under which a peer's requests are counted.
#[must_use]
pub fn name(head: &RequestHead, trusted: &[Network]) -> String {
    client(head, trusted).map_or_else(|| "peer:unknown".to_owned(), network)
}

/// The address that asks. Where the connection is a trusted proxy's, the last address that no such proxy has counts, of
/// those that proxies added; nobody else is believed about that. Where both headers are there and say different things,
/// one of them is a client's own word: then it is the proxy that asks.
fn client(head: &RequestHead, trusted: &[Network]) -> Option<IpAddr> {
    let peer = head.peer_addr?.ip();
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.has(ip));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let told = |name: &str, address: fn(&str) -> Option<IpAddr>| {
        let mut hops = values(head, name);
        hops.reverse();
        // What cannot be read ends the chain: nothing before it can be believed.
        let mut hops = hops
            .into_iter()
            .map(address)
            .take_while(Option::is_some)
            .flatten();
        let mut last = None;
        hops.find(|ip| {
            last = Some(*ip);
            !is_trusted(*ip)
        })
        .or(last)
    };
    let by_list = told("x-forwarded-for", |hop| hop.parse().ok());
    let by_pairs = told("forwarded", |hop| address_of_pair(pair(hop, "for")?));
    Some(match (by_list, by_pairs) {
        (Some(one), Some(other)) if one != other => peer,
        (one, other) => one.or(other).unwrap_or(peer),
    })
}

/// Whether a trusted proxy says that it was asked by TLS.
#[must_use]
pub fn is_tls(head: &RequestHead, trusted: &[Network]) -> bool {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.has(ip));
    if !head.peer_addr.is_some_and(|peer| is_trusted(peer.ip())) {
        return false;
    }
    let is_https = |scheme: &str| scheme.eq_ignore_ascii_case("https");
    let by_name = values(head, "x-forwarded-proto")
        .last()
        .is_some_and(|scheme| is_https(scheme));
    let by_pairs = values(head, "forwarded");
    by_name
        || by_pairs
            .last()
            .and_then(|hop| pair(hop, "proto"))
            .is_some_and(is_https)
}

/// The values of a header that lists, over all its lines.
fn values<'a>(head: &'a RequestHead, name: &str) -> Vec<&'a str> {
    let lines = head
        .headers()
        .get_all(name)
        .filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

/// A value of one hop of `Forwarded` (RFC 7239), without its quotes.
fn pair<'a>(hop: &'a str, name: &str) -> Option<&'a str> {
    hop.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// The address of `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address_of_pair(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    if let Ok(place) = text.parse::<SocketAddr>() {
        return Some(place.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// One host may have a whole /64 of IPv6 addresses.
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("peer:{ip}"),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("peer:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn from(peer: &str, headers: &[(&'static str, &str)]) -> actix_web::dev::ServiceRequest {
        let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        request.to_srv_request()
    }

    fn proxies() -> Vec<Network> {
        ["127.0.0.1", "10.0.0.0/8"]
            .map(|text| text.parse().unwrap())
            .to_vec()
    }

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> String {
        name(from(peer, headers).head(), &proxies())
    }

    const LIST: &str = "X-Forwarded-For";

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("127.0.0.1:5", &[(LIST, "1.1.1.1, 9.9.9.9")]), "peer:9.9.9.9");
        assert_eq!(seen("10.1.2.3:5", &[(LIST, "9.9.9.9")]), "peer:9.9.9.9");
        assert_eq!(seen("8.8.8.8:5", &[(LIST, "9.9.9.9")]), "peer:8.8.8.8");
        assert_eq!(seen("127.0.0.1:5", &[(LIST, "rubbish")]), "peer:127.0.0.1");
        assert_eq!(seen("127.0.0.1:5", &[]), "peer:127.0.0.1");
        let nobody = from("127.0.0.1:5", &[(LIST, "9.9.9.9")]);
        assert_eq!(name(nobody.head(), &[]), "peer:127.0.0.1");
    }

    #[test]
    fn proxies_behind_proxies_are_passed_and_what_a_client_says_is_not() {
        let chain = "6.6.6.6, 9.9.9.9, 10.0.0.7";
        assert_eq!(seen("127.0.0.1:5", &[(LIST, chain)]), "peer:9.9.9.9");
        let lines = [(LIST, "6.6.6.6"), (LIST, "9.9.9.9, 10.0.0.7")];
        assert_eq!(seen("127.0.0.1:5", &lines), "peer:9.9.9.9");
        assert_eq!(
            seen("127.0.0.1:5", &[(LIST, "9.9.9.9, rubbish, 10.0.0.7")]),
            "peer:10.0.0.7"
        );
        assert_eq!(seen("127.0.0.1:5", &[(LIST, "10.0.0.8")]), "peer:10.0.0.8");
    }

    #[test]
    fn the_other_header_is_read_too_and_two_that_differ_are_nobodys_word() {
        for (told, ip) in [
            ("for=9.9.9.9;proto=https", "9.9.9.9"),
            ("For=\"9.9.9.9:4711\"", "9.9.9.9"),
            ("for=6.6.6.6, for=9.9.9.9;by=10.0.0.1", "9.9.9.9"),
            ("for=_hidden", "127.0.0.1"),
        ] {
            assert_eq!(
                seen("127.0.0.1:5", &[("Forwarded", told)]),
                format!("peer:{ip}"),
                "{told}"
            );
        }
        let network = "peer:2001:db8:1:2::/64";
        for told in ["for=\"[2001:db8:1:2::3]:80\"", "for=\"[2001:db8:1:2::3]\""] {
            assert_eq!(seen("127.0.0.1:5", &[("Forwarded", told)]), network, "{told}");
        }
        let same = [(LIST, "9.9.9.9"), ("Forwarded", "for=9.9.9.9")];
        assert_eq!(seen("127.0.0.1:5", &same), "peer:9.9.9.9");
        let differ = [(LIST, "9.9.9.9"), ("Forwarded", "for=6.6.6.6")];
        assert_eq!(seen("127.0.0.1:5", &differ), "peer:127.0.0.1");
    }

    #[test]
    fn tls_before_a_trusted_proxy_is_its_word_alone() {
        let tls = |peer: &str, name: &'static str, value: &str| {
            is_tls(from(peer, &[(name, value)]).head(), &proxies())
        };
        assert!(tls("127.0.0.1:5", "X-Forwarded-Proto", "https"));
        assert!(tls("127.0.0.1:5", "Forwarded", "for=9.9.9.9; proto=HTTPS"));
        assert!(!tls("127.0.0.1:5", "X-Forwarded-Proto", "https, http"));
        assert!(!tls("127.0.0.1:5", "X-Forwarded-Proto", "http"));
        assert!(!tls("8.8.8.8:5", "X-Forwarded-Proto", "https"));
    }

    #[test]
    fn a_network_counts_as_one() {
        let one = seen("[2001:db8:1:2:3:4:5:6]:5", &[]);
        assert_eq!(one, seen("[2001:db8:1:2::9]:5", &[]));
        assert_ne!(one, seen("[2001:db8:1:3::9]:5", &[]));
        assert_eq!(seen("[::ffff:8.8.8.8]:5", &[]), "peer:8.8.8.8");
    }
}
