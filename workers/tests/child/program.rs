//! The child process of this crate's tests, as `songwalker child` is for the shipped program. With the argument `parent`
//! it is the parent of a child that hears nothing, waits to be killed, and says the child's number first.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::process::ExitCode;
use std::time::Duration;

use songwalker_workers::child::misbehaviour::Misbehaviour;
use songwalker_workers::child::{self, ChildLimits, PlanOrder, RenderChild, Stop};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("parent") {
        parent()
    } else {
        child::main()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn parent() -> ExitCode {
    let limits = ChildLimits {
        memory_bytes: 1 << 30,
        cores: 1,
        slot: 0,
    };
    let mut child = RenderChild::spawn(&limits, &child::this_program())
        .await
        .expect("a child");
    child.misbehave(Misbehaviour::HangHard).await.expect("told");
    println!("{}", child.pid().expect("lives"));
    let order = PlanOrder {
        prompt: "pad".to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 0,
    };
    let long = Duration::from_secs(60);
    let stop = Stop::new(CancellationToken::new(), long, Instant::now() + long);
    let _ = child.plan(&order, &stop).await;
    ExitCode::FAILURE
}
