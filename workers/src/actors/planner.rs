//! The `Planner` admits planning: how many at a time, and with which model. It holds the language model that the
//! installation names, with the one circuit breaker of this worker; who was admitted asks it himself, so that a stop drops
//! the question at once. The embedded planner runs in the attempt's own child.

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use songwalker_llm::Model;
use songwalker_schemas::job::PlannerChoice;
use tokio::sync::Semaphore;

use crate::attempt::{Admitted, Failure};

/// May this planner be asked? Answered once it may.
#[derive(Debug, Message)]
#[rtype(result = "Result<Admitted, Failure>")]
pub struct Admit(pub PlannerChoice);

/// The actor.
#[derive(Debug)]
pub struct Planner {
    at_once: Arc<Semaphore>,
    model: Option<Arc<Model>>,
}

impl Planner {
    /// At most so many at a time, with the model that there is.
    #[must_use]
    pub fn new(at_once: usize, model: Option<Arc<Model>>) -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(at_once.max(1))),
            model,
        }
    }
}

impl Actor for Planner {
    type Context = Context<Self>;
}

impl Handler<Admit> for Planner {
    type Result = ResponseFuture<Result<Admitted, Failure>>;

    fn handle(&mut self, Admit(choice): Admit, _: &mut Self::Context) -> Self::Result {
        let at_once = Arc::clone(&self.at_once);
        let model = match choice {
            PlannerChoice::Auto | PlannerChoice::Embedded => None,
            PlannerChoice::Llm | PlannerChoice::Hybrid => self.model.clone(),
        };
        Box::pin(async move {
            let permit = at_once.acquire_owned().await.map_err(|_| Failure::Planner)?;
            Ok(Admitted::with(permit, model))
        })
    }
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(Planner);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use songwalker_llm::Settings;

    use super::*;

    #[actix::test]
    async fn only_so_many_plan_at_a_time_and_only_who_asks_for_it_gets_the_model() {
        let model = Model::new(Settings {
            base_url: "http://127.0.0.1:1/v1".to_owned(),
            model: "small".to_owned(),
            key: None,
            answer_tokens: 1_000,
            silence: Duration::from_secs(1),
        })
        .expect("settings");
        let planner = Planner::new(1, Some(Arc::new(model))).start();
        let ask = |choice| planner.send(Admit(choice));
        let first = ask(PlannerChoice::Embedded)
            .await
            .expect("answers")
            .expect("admitted");
        assert!(first.model().is_none());
        let mut second = Box::pin(ask(PlannerChoice::Hybrid));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        let second = second.await.expect("answers").expect("admitted");
        assert_eq!(second.model().map(Model::name), Some("small"));
    }
}
