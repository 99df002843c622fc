//! What a child answers when all is well.

use songwalker_generator::pipeline::{Hooks, Planned, generate_from_intent};
use songwalker_generator::verify::verify;
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::{ErrorCode, Stage};
use songwalker_workers::child::{ChildError, GenerateOrder, RenderChild};

use super::{LIMITS, child, intent, order, patient, words};

#[tokio::test]
async fn a_child_plans_what_the_planner_plans() {
    let mut child = child().await;
    for prompt in [
        "warm pad",
        "مرحبا",
        "bright dark reese bass, 2 Hz wobble",
        "a\tb\nc \"quoted\" \\ {}",
    ] {
        let planned = child.plan(&words(prompt), &patient()).await.expect("plans");
        assert_eq!(planned, intent(prompt), "{prompt}");
    }
    assert!(child.is_reusable());
    assert_eq!(child.orders_done(), 4);
}

#[tokio::test]
async fn a_childs_bundle_is_byte_for_byte_the_pipelines() {
    let order = GenerateOrder {
        seed: 7,
        parent: Some("ab".repeat(32)),
        ..order("glassy bell, long ring", 2)
    };
    let mut stages = Vec::new();
    let mut child = child().await;
    let made = child
        .generate(&order, &patient(), &mut |stage, share| {
            assert!((0.0..=1.0).contains(&share));
            if stages.last() != Some(&stage) {
                stages.push(stage);
            }
        })
        .await
        .expect("a bundle");
    let planned = Planned {
        intent: &order.intent,
        seed: 7,
        variations: 2,
        parent: order.parent.as_deref(),
        planner: PlannerChoice::Embedded,
    };
    let direct = generate_from_intent(&planned, &Hooks::none()).expect("a bundle");
    assert_eq!(made.bundle, direct.bundle.zip);
    assert_eq!(made.done.name, direct.name);
    assert_eq!(made.done.manifest_sha256, direct.bundle.manifest.bundle_sha256);
    verify(&made.bundle).expect("whole");
    assert_eq!(
        stages,
        [
            Stage::Mapping,
            Stage::Checking,
            Stage::Rendering,
            Stage::Varying,
            Stage::Packaging
        ]
    );
}

#[tokio::test]
async fn the_largest_order_fits_into_the_least_memory() {
    let mut order = order("huge evolving supersaw pad, long reverb, 16 voices", 5);
    order.seed = 3;
    let mut child = child().await;
    let made = child
        .generate(&order, &patient(), &mut |_, _| {})
        .await
        .expect("a bundle");
    verify(&made.bundle).expect("whole");
}

#[tokio::test]
async fn a_refused_order_leaves_the_child_as_it_was() {
    let mut child = child().await;
    let refused = child.plan(&words("a\0b"), &patient()).await.expect_err("refused");
    assert!(matches!(&refused, ChildError::Failed(body) if body.code == ErrorCode::InvalidRequest));
    let mut wrong = order("pad", 0);
    wrong.variations = 6;
    let refused = child
        .generate(&wrong, &patient(), &mut |_, _| {})
        .await
        .expect_err("refused");
    assert!(matches!(&refused, ChildError::Failed(body) if body.code == ErrorCode::InvalidRequest));
    assert!(child.plan(&words("pad"), &patient()).await.is_ok());
}

#[tokio::test]
async fn an_error_says_nothing_of_the_words_that_caused_it() {
    let mut order = words("pad");
    order.template_id = Some("canary-of-the-user".to_owned());
    let refused = child().await.plan(&order, &patient()).await.expect_err("refused");
    assert!(matches!(&refused, ChildError::Failed(body) if body.code == ErrorCode::UnknownTemplate));
    assert!(!format!("{refused} {refused:?}").contains("canary"));
}

#[tokio::test]
async fn an_order_too_long_for_a_line_is_refused_before_it_is_sent() {
    let refused = child()
        .await
        .plan(
            &words(&"x".repeat(songwalker_workers::child::protocol::MAX_LINE_BYTES)),
            &patient(),
        )
        .await
        .expect_err("refused");
    assert!(matches!(refused, ChildError::TooLarge(_)), "{refused}");
}

#[tokio::test]
async fn cancelling_at_every_stage_ends_the_work_and_keeps_the_child() {
    let mut child = child().await;
    let order = order("warm evolving pad", 2);
    for at in [Stage::Mapping, Stage::Checking, Stage::Rendering, Stage::Varying] {
        let stop = patient();
        let token = stop.token.clone();
        let ended = child
            .generate(&order, &stop, &mut |stage, _| {
                if stage == at {
                    token.cancel();
                }
            })
            .await;
        assert!(matches!(ended, Err(ChildError::Cancelled)), "{at}");
        assert!(child.is_reusable(), "{at}: killed instead of asked");
    }
    let stop = patient();
    stop.token.cancel();
    let ended = child.generate(&order, &stop, &mut |_, _| {}).await;
    assert!(matches!(ended, Err(ChildError::Cancelled)) && child.is_reusable());
    let made = child
        .generate(&order, &patient(), &mut |_, _| {})
        .await
        .expect("a bundle");
    verify(&made.bundle).expect("whole");
}

#[tokio::test]
async fn a_program_that_is_no_child_is_never_given_an_order() {
    let spawn = async |program: &str| {
        RenderChild::spawn(&LIMITS, program.as_ref())
            .await
            .expect_err("no child")
    };
    let error = spawn("/nowhere/songwalker").await;
    assert!(matches!(error, ChildError::Unborn(_)), "{error}");
    let error = spawn("/bin/false").await;
    assert!(
        matches!(&error, ChildError::Died(death) if death.ending == "exit code 1"),
        "{error}"
    );
    let error = spawn("/usr/bin/yes").await;
    assert!(matches!(error, ChildError::Rubbish(_)), "{error}");
}
