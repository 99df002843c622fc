//! The steps that a random life is made of.

use std::time::Duration;

use proptest::prelude::*;
use songwalker_schemas::ErrorCode;

/// Something that happens. Jobs and owners are named by a number that is taken modulo those there are.
#[derive(Debug, Clone)]
pub enum Step {
    /// A user asks for a sound.
    Ask {
        user: usize,
        sound: u8,
    },
    Cancel(usize),
    Retry(usize),
    Delete(usize),
    /// A worker takes the oldest hint and claims its job.
    Work,
    /// The oldest hint is lost with whoever took it.
    LoseHint,
    /// Every hint is lost with the queue.
    LoseQueue,
    Relay,
    /// The relay publishes and dies before it has removed what it published.
    RelayDies,
    Beat(usize),
    Stage(usize),
    Intend(usize),
    /// An owner puts a bundle by, one of two, with a mishap or none.
    Store(usize, u8, &'static str),
    Succeed(usize),
    Fail(usize, ErrorCode),
    ChildDies(usize),
    HandBack(usize),
    Acknowledge(usize),
    Stopped(usize),
    /// The fast sweeps, with a mishap or none.
    Due(&'static str),
    Full,
    Pass(Duration),
    Jump(i64),
    /// The process is killed and started again.
    Restart,
}

const MISHAPS: [&str; 7] = [
    "",
    "",
    "",
    "packaging_claimed=fail",
    "object_put=fail",
    "packaging_stored=fail",
    "store_put_lies=fail:always",
];

const SWEEP_MISHAPS: [&str; 4] = [
    "",
    "",
    "object_tombstoned=fail:always",
    "object_deleted=fail:always",
];

const CODES: [ErrorCode; 3] = [
    ErrorCode::Timeout,
    ErrorCode::StorageUnavailable,
    ErrorCode::SilentPatch,
];

/// Any step. Those that make lives long come more often than those that end them.
pub fn step() -> impl Strategy<Value = Step> {
    let which = || 0..12_usize;
    let mishap = prop::sample::select(&MISHAPS[..]);
    let sweep_mishap = prop::sample::select(&SWEEP_MISHAPS[..]);
    let span = prop::sample::select(vec![1, 900, 5_000, 20_000, 31_000, 61_000, 901_000, 3_600_000]);
    prop_oneof![
        8 => (0..2_usize, 0..4_u8).prop_map(|(user, sound)| Step::Ask { user, sound }),
        3 => which().prop_map(Step::Cancel),
        2 => which().prop_map(Step::Retry),
        1 => which().prop_map(Step::Delete),
        12 => Just(Step::Work),
        1 => Just(Step::LoseHint),
        1 => Just(Step::LoseQueue),
        10 => Just(Step::Relay),
        1 => Just(Step::RelayDies),
        2 => which().prop_map(Step::Beat),
        1 => which().prop_map(Step::Stage),
        2 => which().prop_map(Step::Intend),
        6 => (which(), 0..2_u8, mishap).prop_map(|(owner, bundle, mishap)| Step::Store(owner, bundle, mishap)),
        5 => which().prop_map(Step::Succeed),
        3 => (which(), prop::sample::select(&CODES[..])).prop_map(|(owner, code)| Step::Fail(owner, code)),
        1 => which().prop_map(Step::ChildDies),
        1 => which().prop_map(Step::HandBack),
        1 => which().prop_map(Step::Acknowledge),
        2 => which().prop_map(Step::Stopped),
        6 => sweep_mishap.prop_map(Step::Due),
        1 => Just(Step::Full),
        6 => span.prop_map(|millis| Step::Pass(Duration::from_millis(millis))),
        1 => prop::sample::select(vec![-3_600_000_i64, 3_600_000]).prop_map(Step::Jump),
        1 => Just(Step::Restart),
    ]
}
