//! What happens by the clock: each sweep, at its time and not before, on real rows and objects; and R12 for every one of
//! them.

#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/bench.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod bench;

mod sweeps {
    mod bounded;
    mod ends;
    mod erasure;
    mod objects;
    mod wakers;
}
