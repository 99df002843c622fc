//! The plugin without a host: its sound, what it loads, what it keeps, what it does in the background.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

mod desk;
mod errands;
mod fake;
mod loading;
mod sound;
mod state;
