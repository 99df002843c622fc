//! What happens by the clock: each sweep, at its time and not before, on real rows and objects; and R12 for every one of
//! them.

#![cfg(feature = "failpoints")]

#[path = "support/bench.rs"]
mod bench;

mod sweeps {
    mod bounded;
    mod ends;
    mod erasure;
    mod objects;
    mod wakers;
}
