//! What every rate limiter must do: let exactly so many requests pass, each asker for itself, and say when the next
//! may come.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use songwalker_jobs::ports::{Decision, RateLimiter};

/// A limiter and a way to let time pass on its clock.
pub struct Fixture {
    pub limiter: Arc<dyn RateLimiter>,
    pub pass: Box<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Fixture {
    async fn take(&self, who: &str, per_minute: u32) -> Decision {
        self.limiter.take(who, per_minute).await.expect("a decision")
    }
}

pub async fn exactly_the_limit_passes_of_fifty_parallel_requests(fixture: Fixture) {
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let limiter = Arc::clone(&fixture.limiter);
        requests.spawn(async move { limiter.take("ada", 6).await.expect("a decision") });
    }
    let decisions = requests.join_all().await;
    let mut passed: Vec<u32> = decisions
        .iter()
        .filter(|d| d.allowed)
        .map(|d| d.remaining)
        .collect();
    passed.sort_unstable();
    assert_eq!(passed, [0, 1, 2, 3, 4, 5]);
    assert!(
        decisions
            .iter()
            .all(|d| d.limit == 6 && d.allowed == d.retry_after.is_none())
    );
}

pub async fn one_asker_never_costs_another(fixture: Fixture) {
    for _ in 0..3 {
        fixture.take("ada", 2).await;
    }
    assert!(!fixture.take("ada", 2).await.allowed);
    assert!(fixture.take("bob", 2).await.allowed);
}

pub async fn a_refused_request_says_when_to_come_again_and_then_it_passes(fixture: Fixture) {
    for _ in 0..3 {
        assert!(fixture.take("ada", 3).await.allowed);
    }
    let refused = fixture.take("ada", 3).await;
    let wait = refused.retry_after.expect("a time to wait");
    assert!(!refused.allowed && refused.remaining == 0, "{refused:?}");
    assert!(
        wait > Duration::ZERO && wait <= Duration::from_secs(20),
        "{refused:?}"
    );
    assert!(
        refused.reset >= wait && refused.reset <= Duration::from_secs(60),
        "{refused:?}"
    );
    (fixture.pass)(wait).await;
    assert!(fixture.take("ada", 3).await.allowed);
    assert!(!fixture.take("ada", 3).await.allowed);
}

pub async fn after_the_reset_all_requests_are_there_again(fixture: Fixture) {
    let mut last = fixture.take("ada", 5).await;
    for _ in 0..2 {
        last = fixture.take("ada", 5).await;
    }
    assert_eq!((last.allowed, last.remaining), (true, 2));
    (fixture.pass)(last.reset).await;
    assert_eq!(fixture.take("ada", 5).await.remaining, 4);
}

pub async fn who_may_make_no_requests_makes_none(fixture: Fixture) {
    let decision = fixture.take("ada", 0).await;
    assert!(
        !decision.allowed && decision.retry_after.is_some(),
        "{decision:?}"
    );
}

macro_rules! rate_limiter_contract {
    ($adapter:ident, $make:expr) => {
        contract!(
            $adapter,
            rate_limiter,
            $make,
            [
                exactly_the_limit_passes_of_fifty_parallel_requests,
                one_asker_never_costs_another,
                a_refused_request_says_when_to_come_again_and_then_it_passes,
                after_the_reset_all_requests_are_there_again,
                who_may_make_no_requests_makes_none,
            ]
        );
    };
}
pub(crate) use rate_limiter_contract;
