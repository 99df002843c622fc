//! From a name to the addresses that a webhook may have. What is looked up here is what is connected to: no name leads
//! elsewhere between check and connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use songwalker_jobs::webhooks::address::{Network, is_public};

/// How long a name may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Which addresses are lawful.
#[derive(Debug, Clone)]
pub(super) struct Lawful {
    /// Networks of one's own.
    own: Arc<[Network]>,
    /// Everybody's network.
    public: bool,
}

impl Lawful {
    /// Networks of one's own, and everybody's where `public`.
    pub(super) fn new(own: &[Network], public: bool) -> Self {
        Self {
            own: own.into(),
            public,
        }
    }

    fn has(&self, ip: IpAddr) -> bool {
        (self.public && is_public(ip)) || self.own.iter().any(|network| network.has(ip))
    }
}

/// A name that leads to no lawful address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is one of a network of one's own")
    }
}

impl std::error::Error for Refused {}

impl Resolve for Lawful {
    fn resolve(&self, name: Name) -> Resolving {
        let lawful = self.clone();
        Box::pin(async move {
            let found = tokio::time::timeout(WITHIN, tokio::net::lookup_host((name.as_str(), 0))).await??;
            let found: Vec<SocketAddr> = found.filter(|at| lawful.has(at.ip())).collect();
            if found.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolved(lawful: &Lawful, name: &str) -> Option<Vec<IpAddr>> {
        let found = lawful.resolve(name.parse().unwrap()).await;
        match found {
            Ok(found) => Some(found.map(|at| at.ip()).collect()),
            Err(error) => {
                assert!(error.is::<Refused>(), "{error}");
                None
            }
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_unless_its_network_is_allowed() {
        assert_eq!(resolved(&Lawful::new(&[], true), "localhost").await, None);
        let elsewhere = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(resolved(&Lawful::new(&elsewhere, true), "localhost").await, None);
        let own = ["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let found = resolved(&Lawful::new(&own, false), "localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
    }
}
