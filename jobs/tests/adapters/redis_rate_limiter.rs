//! Limits without Redis, and when it comes back.

use std::sync::Arc;
use std::time::Duration;

use songwalker_jobs::adapters::RedisRateLimiter;
use songwalker_jobs::clock::{ManualClock, SystemClock};
use songwalker_jobs::ports::{PortError, RateLimiter};
use songwalker_schemas::Timestamp;

use super::redis_server::RedisServer;
use super::{free_port, soon};
use crate::services::{redis, redis_at};

#[tokio::test]
async fn two_processes_count_the_same_requests() {
    let Some(settings) = redis() else { return };
    let open = || RedisRateLimiter::open(&settings, Arc::new(SystemClock::new())).expect("an address");
    let (here, there) = (open(), open());
    assert_eq!(here.take("ada", 3).await.expect("counted").remaining, 2);
    assert_eq!(there.take("ada", 3).await.expect("counted").remaining, 1);
    assert_eq!(here.take("ada", 3).await.expect("counted").remaining, 0);
    assert!(!there.take("ada", 3).await.expect("counted").allowed);
    assert!(here.is_shared() && there.is_shared());
}

#[tokio::test]
async fn without_redis_each_process_counts_for_itself_and_nobody_is_refused_for_that() {
    let settings = redis_at(&format!("redis://:canary@127.0.0.1:{}/", free_port()));
    let limiter = RedisRateLimiter::open(&settings, Arc::new(SystemClock::new())).expect("an address");
    for remaining in [1, 0] {
        let decision = limiter.take("ada", 2).await.expect("counted");
        assert!(
            decision.allowed && decision.remaining == remaining,
            "{decision:?}"
        );
    }
    assert!(!limiter.take("ada", 2).await.expect("counted").allowed);
    assert!(!limiter.is_shared());
}

#[tokio::test]
async fn requests_are_counted_together_again_when_redis_is_back() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000)));
    let limiter =
        RedisRateLimiter::open(&redis_at(&server.url()), Arc::clone(&clock) as _).expect("an address");
    assert!(limiter.take("ada", 100).await.expect("counted").allowed && limiter.is_shared());
    server.kill();
    assert!(limiter.take("ada", 100).await.expect("counted").allowed && !limiter.is_shared());
    server.again();
    // It was left alone for a while: nobody waits for a dead Redis with every request.
    assert!(limiter.take("ada", 100).await.expect("counted").allowed && !limiter.is_shared());
    soon(async {
        while !limiter.is_shared() {
            clock.advance(Duration::from_secs(1));
            assert!(limiter.take("bob", 100).await.expect("counted").allowed);
        }
    })
    .await;
}

#[test]
fn what_is_no_address_is_refused_without_being_told() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let _guard = runtime.enter();
    let refused = RedisRateLimiter::open(&redis_at("redis//:canary@"), Arc::new(SystemClock::new()));
    let error = refused.expect_err("no address");
    assert!(
        matches!(&error, PortError::Refused(text) if !text.contains("canary")),
        "{error}"
    );
}
