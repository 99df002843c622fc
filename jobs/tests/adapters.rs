//! What only one adapter of a service promises: what it does when its service is wrong, away, or comes back.

#![cfg(feature = "distributed")]
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

#[path = "support/bench.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod bench;
#[path = "support/services.rs"]
mod services;

mod adapters {
    mod proxy;
    mod rabbit_queue;
    mod redis_event_bus;
    mod redis_rate_limiter;
    mod redis_server;
    mod s3_store;
    mod wired;

    /// What a test awaits must come; how fast does not matter.
    async fn soon<T>(future: impl Future<Output = T>) -> T {
        tokio::time::timeout(std::time::Duration::from_secs(60), future)
            .await
            .expect("comes within a minute")
    }

    /// A port of this machine on which nobody listens.
    fn free_port() -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    }
}
