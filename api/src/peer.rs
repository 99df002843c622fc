//! Who is at the other end, as far as limits need to know it: an address, or the network of a host that has many.

use std::net::IpAddr;

use actix_web::dev::RequestHead;

/// The name under which a peer's requests are counted. Behind a proxy on this machine, which there is where the server
/// has a public address, the last address that the proxy added counts; nobody else is believed about that.
#[must_use]
pub fn name(head: &RequestHead, behind_proxy: bool) -> String {
    let Some(peer) = head.peer_addr else {
        return "peer:unknown".to_owned();
    };
    let forwarded = head
        .headers()
        .get_all("x-forwarded-for")
        .last()
        .filter(|_| behind_proxy && peer.ip().is_loopback())
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    network(forwarded.unwrap_or(peer.ip()))
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

    fn seen(peer: &str, forwarded: &str, behind_proxy: bool) -> String {
        let request = TestRequest::default()
            .peer_addr(peer.parse().unwrap())
            .insert_header(("X-Forwarded-For", forwarded))
            .to_srv_request();
        name(request.head(), behind_proxy)
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        assert_eq!(seen("127.0.0.1:5", "1.1.1.1, 9.9.9.9", true), "peer:9.9.9.9");
        assert_eq!(seen("127.0.0.1:5", "9.9.9.9", false), "peer:127.0.0.1");
        assert_eq!(seen("8.8.8.8:5", "9.9.9.9", true), "peer:8.8.8.8");
        assert_eq!(seen("127.0.0.1:5", "rubbish", true), "peer:127.0.0.1");
    }

    #[test]
    fn a_network_counts_as_one() {
        let one = seen("[2001:db8:1:2:3:4:5:6]:5", "", false);
        assert_eq!(one, seen("[2001:db8:1:2::9]:5", "", false));
        assert_ne!(one, seen("[2001:db8:1:3::9]:5", "", false));
        assert_eq!(seen("[::ffff:8.8.8.8]:5", "", false), "peer:8.8.8.8");
    }
}
