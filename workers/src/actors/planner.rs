//! The `Planner` admits planning: how many at a time, and by which planners. The embedded planner runs in the attempt's
//! own child; what is admitted here is the asking.

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use songwalker_schemas::job::PlannerChoice;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::attempt::Failure;

/// May this planner be asked? Answered once it may.
#[derive(Debug, Message)]
#[rtype(result = "Result<OwnedSemaphorePermit, Failure>")]
pub struct Admit(pub PlannerChoice);

/// The actor.
#[derive(Debug)]
pub struct Planner {
    at_once: Arc<Semaphore>,
}

impl Planner {
    /// At most so many at a time.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(at_once.max(1))),
        }
    }
}

impl Actor for Planner {
    type Context = Context<Self>;
}

impl Handler<Admit> for Planner {
    type Result = ResponseFuture<Result<OwnedSemaphorePermit, Failure>>;

    fn handle(&mut self, Admit(choice): Admit, _: &mut Self::Context) -> Self::Result {
        let at_once = Arc::clone(&self.at_once);
        Box::pin(async move {
            match choice {
                PlannerChoice::Auto | PlannerChoice::Embedded => {
                    at_once.acquire_owned().await.map_err(|_| Failure::Planner)
                }
                PlannerChoice::Llm | PlannerChoice::Hybrid => Err(Failure::Planner),
            }
        })
    }
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(Planner);

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn only_so_many_plan_at_a_time_and_no_planner_that_is_not_there() {
        let planner = Planner::new(1).start();
        let ask = |choice| planner.send(Admit(choice));
        let first = ask(PlannerChoice::Embedded)
            .await
            .expect("answers")
            .expect("admitted");
        let mut second = Box::pin(ask(PlannerChoice::Auto));
        assert!(futures::poll!(&mut second).is_pending());
        assert!(matches!(ask(PlannerChoice::Llm).await, Ok(Err(Failure::Planner))));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.expect("answers").is_ok());
    }
}
