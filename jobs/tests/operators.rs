//! What operators do, and what users are told: pauses, dead letters, plans, queues, webhooks, on a real database.

#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/bench.rs"]
#[expect(dead_code, reason = "the sweeps' tests use the rest")]
mod bench;

mod operators {
    mod dead_letters;
    mod deliveries;
    mod pauses;
    mod plans;
    mod queues;
    mod webhooks;
}
