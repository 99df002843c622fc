//! What the parent makes of children that hang, leak, crash or lie: an error that says so, and never a second chance for
//! the same process.

use std::time::Duration;

use songwalker_workers::child::misbehaviour::Misbehaviour;
use songwalker_workers::child::{ChildError, Stop};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{child, lives, order, patient, until, words};

/// How a generation ends in a child that goes wrong, which must not outlive it.
async fn ending(how: Misbehaviour, stop: &Stop) -> ChildError {
    let mut child = child().await;
    let pid = child.pid().expect("lives");
    child.misbehave(how).await.expect("told");
    let error = child
        .generate(&order("pad", 0), stop, &mut |_, _| {})
        .await
        .expect_err("goes wrong");
    assert!(!child.is_reusable(), "{how:?}");
    assert!(!lives(pid), "{how:?} outlived its order");
    let again = child.plan(&words("pad"), &patient()).await;
    assert!(matches!(again, Err(ChildError::Died(_))), "{how:?}");
    error
}

#[tokio::test]
async fn a_child_that_crashes_exits_or_panics_is_a_death_with_its_ending() {
    for (how, expected) in [
        (Misbehaviour::Crash, "signal 6"),
        (Misbehaviour::Exit, "exit code 3"),
        (Misbehaviour::Panic, "exit code 101"),
        (Misbehaviour::HalfBundle, "exit code 0"),
    ] {
        match ending(how, &patient()).await {
            ChildError::Died(death) => assert_eq!(death.ending, expected, "{how:?}"),
            other => panic!("{how:?}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_panics_place_is_told_and_its_message_is_not() {
    match ending(Misbehaviour::Panic, &patient()).await {
        ChildError::Died(death) => {
            let words = &death.last_words;
            assert!(
                words.starts_with("panicked at ") && words.contains("misbehaviour.rs:"),
                "{words}"
            );
            assert!(!format!("{death} {death:?}").contains("secret"));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_child_that_takes_all_memory_dies_at_its_limit_alone() {
    match ending(Misbehaviour::Leak, &patient()).await {
        ChildError::Died(death) => {
            assert_eq!(death.ending, "signal 6");
            assert_eq!(death.last_words, "memory allocation of 16777216 bytes failed");
        }
        other => panic!("{other}"),
    }
    let next = child()
        .await
        .generate(&order("pad", 0), &patient(), &mut |_, _| {})
        .await;
    assert!(next.is_ok());
}

#[tokio::test]
async fn rubbish_and_lies_end_the_child() {
    for how in [
        Misbehaviour::Rubbish,
        Misbehaviour::EndlessLine,
        Misbehaviour::WrongHash,
    ] {
        let error = ending(how, &patient()).await;
        assert!(matches!(error, ChildError::Rubbish(_)), "{how:?}: {error}");
    }
    let error = ending(Misbehaviour::TooLarge, &patient()).await;
    assert!(matches!(error, ChildError::TooLarge(_)), "{error}");
}

#[tokio::test]
async fn a_hanging_child_stops_when_asked_and_lives() {
    let mut child = child().await;
    child.misbehave(Misbehaviour::Hang).await.expect("told");
    let (stop, order) = (patient(), order("pad", 0));
    let token = stop.token.clone();
    let mut hear = |_, _| {};
    let (ended, ()) = tokio::join!(child.generate(&order, &stop, &mut hear), async {
        token.cancel();
    });
    assert!(matches!(ended, Err(ChildError::Cancelled)));
    assert!(child.is_reusable());
}

#[tokio::test]
async fn a_child_that_hears_nothing_is_killed_after_the_grace() {
    let stop = Stop {
        grace: Duration::from_millis(50),
        ..patient()
    };
    let mut child = child().await;
    let pid = child.pid().expect("lives");
    child.misbehave(Misbehaviour::HangHard).await.expect("told");
    let order = order("pad", 0);
    let mut hear = |_, _| {};
    let (ended, ()) = tokio::join!(child.generate(&order, &stop, &mut hear), async {
        stop.token.cancel();
    });
    assert!(matches!(ended, Err(ChildError::Cancelled)));
    assert!(!child.is_reusable() && !lives(pid));
}

#[tokio::test]
async fn a_child_that_goes_on_for_ever_is_killed_at_the_deadline() {
    let stop = Stop::new(
        CancellationToken::new(),
        Duration::from_secs(60),
        Instant::now() + Duration::from_millis(300),
    );
    let mut child = child().await;
    let pid = child.pid().expect("lives");
    child.misbehave(Misbehaviour::Hang).await.expect("told");
    let ended = child.generate(&order("pad", 0), &stop, &mut |_, _| {}).await;
    assert!(matches!(ended, Err(ChildError::Timeout)));
    assert!(!child.is_reusable() && !lives(pid));
}

#[tokio::test]
async fn a_flood_on_standard_error_neither_blocks_the_child_nor_is_repeated() {
    let mut child = child().await;
    child.misbehave(Misbehaviour::Talkative).await.expect("told");
    let made = child.generate(&order("pad", 0), &patient(), &mut |_, _| {}).await;
    assert!(made.is_ok());
    child.misbehave(Misbehaviour::Crash).await.expect("told");
    match child.plan(&words("pad"), &patient()).await.expect_err("crashes") {
        ChildError::Died(death) => {
            let words = &death.last_words;
            assert!(
                words.ends_with("bytes withheld") && !words.contains("secret"),
                "{words}"
            );
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_call_given_up_half_way_leaves_no_child_for_the_next_job() {
    let mut child = child().await;
    child.misbehave(Misbehaviour::HangHard).await.expect("told");
    let (order, stop) = (order("pad", 0), patient());
    let mut hear = |_, _| {};
    let call = child.generate(&order, &stop, &mut hear);
    let given_up = tokio::time::timeout(Duration::from_millis(50), call).await;
    assert!(given_up.is_err());
    assert!(!child.is_reusable());
    let pid = child.pid().expect("lives");
    drop(child);
    until("the child is gone", || !lives(pid)).await;
}
