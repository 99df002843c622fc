//! The life of a job, operation by operation, on a real database and store: what each leaves behind, what it refuses,
//! and what holds when somebody dies or comes too late.

#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/bench.rs"]
#[expect(dead_code, reason = "the sweeps' tests use the rest")]
mod bench;

mod lifecycle {
    mod accepting;
    mod ending;
    mod guards;
    mod planning;
    mod publishing;
    mod quota;
    mod taking;
    mod together;
}
