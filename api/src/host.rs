//! By which names the server may be called. Any web page can make its visitor's browser send requests to loopback, and
//! a name that the page's owner controls can be made to point there: so the `Host` must be one of ours, and whatever
//! changes something must not come from a page of elsewhere (`Origin`).

use std::net::{IpAddr, SocketAddr};

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use songwalker_jobs::config::Server;
use songwalker_schemas::ErrorCode;

use crate::error::ApiError;

/// The names of this server.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// Lower-case names with or without a port.
    names: Vec<String>,
    /// Scheme, name and port of the public address.
    public_origin: Option<String>,
    /// It listens on every address of the machine: then each address is its name. Addresses cannot be made to point
    /// elsewhere, only names can.
    any_address: bool,
}

impl Hosts {
    /// The names of a server with that configuration that listens there.
    #[must_use]
    pub fn of(server: &Server, listen: SocketAddr) -> Self {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
        if !listen.ip().is_unspecified() {
            names.push(match listen.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            });
        }
        let public_origin = server.public_url.as_deref().map(origin_of);
        names.extend(
            public_origin
                .as_deref()
                .and_then(|origin| origin.split_once("://"))
                .map(|(_, host)| without_port(host).to_owned()),
        );
        names.extend(server.trusted_hosts.iter().map(|host| host.to_ascii_lowercase()));
        Self {
            names,
            public_origin,
            any_address: listen.ip().is_unspecified(),
        }
    }

    /// Whether a request may come in by the name and from the page that it says.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut hosts = headers.get_all(HOST);
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let Some(host) = host.filter(|_| hosts.next().is_none()) else {
            return Err(refused("the request must name one host"));
        };
        let host = host.to_ascii_lowercase();
        if !self.knows(&host) {
            return Err(refused(
                "the server does not go by this name; server.trusted_hosts lists names that it should",
            ));
        }
        if method.is_safe() {
            return Ok(());
        }
        let is_ours = |origin: &str| {
            let origin = origin.to_ascii_lowercase();
            let of_host = origin.split_once("://").is_some_and(|(_, name)| name == host);
            of_host || self.public_origin.as_deref() == Some(&origin)
        };
        match headers.get(ORIGIN) {
            Some(origin) if !origin.to_str().is_ok_and(is_ours) => {
                Err(refused("a page of elsewhere must not change anything here"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a browser reached the server under its public address, and that is one of TLS. A proxy may put a name of
    /// its own in place of the host's, so the page's own word (`Origin`) is as good.
    #[must_use]
    pub fn is_public_tls(&self, headers: &HeaderMap) -> bool {
        let public = self
            .public_origin
            .as_deref()
            .filter(|origin| origin.starts_with("https://"));
        let Some(public) = public else { return false };
        let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_public = |origin: String| origin.trim_end_matches(":443") == public.trim_end_matches(":443");
        said(HOST).is_some_and(|host| is_public(format!("https://{}", host.to_ascii_lowercase())))
            || said(ORIGIN).is_some_and(|origin| is_public(origin.to_ascii_lowercase()))
    }

    fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        self.names.iter().any(|known| known == host || known == name)
            || self.any_address && name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::new(ErrorCode::Forbidden, message)
}

/// `https://name:port` of an address, lower case.
fn origin_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let host = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{host}").to_ascii_lowercase()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn hosts(listen: &str) -> Hosts {
        let server = Server {
            public_url: Some("https://Songs.example/at".to_owned()),
            trusted_hosts: vec!["box.lan".to_owned(), "box.lan2:8080".to_owned()],
            ..Server::default()
        };
        Hosts::of(&server, listen.parse().unwrap())
    }

    fn asks(hosts: &Hosts, method: &Method, headers: &[(HeaderName, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        hosts.check(method, &map).is_ok()
    }

    #[test]
    fn the_server_answers_to_its_own_names_only() {
        let ours = hosts("192.168.1.5:7761");
        for name in [
            "localhost",
            "LOCALHOST:7761",
            "127.0.0.1:1",
            "[::1]:7761",
            "[::1]",
            "192.168.1.5:7761",
            "songs.example",
            "songs.example:443",
            "box.lan",
            "box.lan:9",
            "box.lan2:8080",
        ] {
            assert!(asks(&ours, &Method::GET, &[(HOST, name)]), "{name}");
        }
        for name in [
            "evil.example",
            "localhost.evil.example",
            "box.lan2",
            "box.lan2:81",
            "10.0.0.1",
            "",
            "[::2]",
            "notlocalhost",
        ] {
            assert!(!asks(&ours, &Method::GET, &[(HOST, name)]), "{name}");
        }
        assert!(!asks(&ours, &Method::GET, &[]));
        let two = [(HOST, "localhost"), (HOST, "evil.example")];
        assert!(!asks(&ours, &Method::GET, &two));
    }

    #[test]
    fn a_server_on_every_address_answers_to_each_of_them_and_to_no_other_name() {
        let ours = hosts("0.0.0.0:7761");
        for name in ["10.0.0.1:7761", "[fe80::1]:7761", "localhost"] {
            assert!(asks(&ours, &Method::GET, &[(HOST, name)]), "{name}");
        }
        assert!(!asks(&ours, &Method::GET, &[(HOST, "evil.example")]));
    }

    #[test]
    fn only_what_came_under_the_public_address_came_over_tls() {
        let over_tls = |public_url: Option<&str>, headers: &[(HeaderName, &str)]| {
            let server = Server {
                public_url: public_url.map(str::to_owned),
                ..Server::default()
            };
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name.clone(), HeaderValue::from_str(value).unwrap());
            }
            Hosts::of(&server, "127.0.0.1:7761".parse().unwrap()).is_public_tls(&map)
        };
        let public = Some("https://Songs.example/at");
        for host in ["songs.example", "SONGS.example:443"] {
            assert!(over_tls(public, &[(HOST, host)]), "{host}");
            assert!(!over_tls(Some("http://songs.example"), &[(HOST, host)]), "{host}");
            assert!(!over_tls(None, &[(HOST, host)]), "{host}");
        }
        for host in ["localhost:7761", "127.0.0.1:7761", "songs.example:7761"] {
            assert!(!over_tls(public, &[(HOST, host)]), "{host}");
            let own = format!("http://{host}");
            assert!(!over_tls(public, &[(HOST, host), (ORIGIN, &own)]), "{host}");
            let behind_proxy = [(HOST, host), (ORIGIN, "https://songs.example")];
            assert!(over_tls(public, &behind_proxy), "{host}");
        }
        let local = Some("https://localhost:8443");
        assert!(over_tls(local, &[(HOST, "localhost:8443")]));
        assert!(!over_tls(local, &[(HOST, "localhost:7761")]));
    }

    #[test]
    fn pages_of_elsewhere_change_nothing() {
        let ours = hosts("127.0.0.1:7761");
        let from = |method: &Method, host: &str, origin: &str| {
            asks(&ours, method, &[(HOST, host), (ORIGIN, origin)])
        };
        assert!(from(&Method::POST, "localhost:7761", "http://localhost:7761"));
        assert!(from(&Method::DELETE, "127.0.0.1:7761", "https://songs.example"));
        for origin in [
            "http://localhost:8080",
            "http://evil.example",
            "null",
            "",
            "http://songs.example",
        ] {
            assert!(!from(&Method::POST, "localhost:7761", origin), "{origin}");
            assert!(from(&Method::GET, "localhost:7761", origin), "{origin}");
        }
    }
}
