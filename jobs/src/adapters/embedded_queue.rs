//! The queue within one process: hints in memory, consumers woken at once.
//!
//! What is lost with the process is found again by the adoption at the next start and by the sweep: the row is the
//! truth (R4). Hints of one job that still wait are one hint.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::ports::{Consumer, Delivery, Hint, PortError, Queue};

/// Hints within this process.
#[derive(Debug, Default)]
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

impl EmbeddedQueue {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[derive(Debug, Default)]
struct Shared {
    // A std mutex: no section awaits.
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Hint>,
    last_tag: u64,
}

impl State {
    /// Whether the job has a hint that waits; that one then stands for both.
    fn merge(&mut self, hint: &Hint) -> bool {
        let Some(same) = self
            .waiting
            .iter_mut()
            .find(|waiting| waiting.job_id == hint.job_id)
        else {
            return false;
        };
        same.quarantine |= hint.quarantine;
        true
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No section can leave the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Delivery> {
        let mut state = self.state();
        let hint = state.waiting.pop_front()?;
        state.last_tag += 1;
        Some(Delivery {
            hint,
            tag: state.last_tag,
        })
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, hints: &[Hint]) -> Result<(), PortError> {
        {
            let mut state = self.shared.state();
            for hint in hints {
                if !state.merge(hint) {
                    state.waiting.push_back(hint.clone());
                }
            }
        }
        self.shared.arrived.notify_waiters();
        Ok(())
    }

    async fn consumer(&self, prefetch: usize) -> Result<Box<dyn Consumer>, PortError> {
        if prefetch == 0 {
            return Err(PortError::Refused("a consumer that may hold nothing".to_owned()));
        }
        Ok(Box::new(EmbeddedConsumer {
            shared: Arc::clone(&self.shared),
            prefetch,
            held: BTreeMap::new(),
        }))
    }

    async fn depth(&self) -> Result<u64, PortError> {
        Ok(self.shared.state().waiting.len() as u64)
    }

    async fn ping(&self) -> Result<(), PortError> {
        Ok(())
    }
}

struct EmbeddedConsumer {
    shared: Arc<Shared>,
    prefetch: usize,
    held: BTreeMap<u64, Hint>,
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        if self.held.len() >= self.prefetch {
            return std::future::pending().await;
        }
        loop {
            // Listens before it looks: what arrives between the two wakes it.
            let mut arrived = std::pin::pin!(self.shared.arrived.notified());
            arrived.as_mut().enable();
            if let Some(delivery) = self.shared.take() {
                self.held.insert(delivery.tag, delivery.hint.clone());
                return Some(delivery);
            }
            arrived.await;
        }
    }

    async fn ack(&mut self, delivery: Delivery) -> Result<(), PortError> {
        match self.held.remove(&delivery.tag) {
            Some(_) => Ok(()),
            None => Err(PortError::Refused("the delivery of another consumer".to_owned())),
        }
    }
}

impl Drop for EmbeddedConsumer {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state();
            for hint in std::mem::take(&mut self.held).into_values().rev() {
                if !state.merge(&hint) {
                    state.waiting.push_front(hint);
                }
            }
        }
        self.shared.arrived.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::JobId;
    use uuid::Uuid;

    use super::*;

    fn hint(number: u128, quarantine: bool) -> Hint {
        Hint {
            quarantine,
            ..Hint::of(JobId(Uuid::from_u128(number)))
        }
    }

    #[tokio::test]
    async fn hints_of_one_job_that_wait_are_one_and_keep_the_first_place() {
        let queue = EmbeddedQueue::new();
        queue
            .publish(&[hint(1, false), hint(2, false), hint(1, true)])
            .await
            .unwrap();
        assert_eq!(queue.depth().await, Ok(2));
        let mut consumer = queue.consumer(2).await.unwrap();
        assert_eq!(consumer.next().await.unwrap().hint, hint(1, true));
        assert_eq!(consumer.next().await.unwrap().hint, hint(2, false));
    }

    #[tokio::test]
    async fn what_comes_back_joins_the_hint_that_waits_already() {
        let queue = EmbeddedQueue::new();
        queue.publish(&[hint(1, true), hint(2, false)]).await.unwrap();
        let mut consumer = queue.consumer(1).await.unwrap();
        let held = consumer.next().await.unwrap();
        queue.publish(&[hint(1, false)]).await.unwrap();
        assert_eq!(queue.depth().await, Ok(2));
        drop((held, consumer));
        assert_eq!(queue.depth().await, Ok(2));
        let mut heir = queue.consumer(2).await.unwrap();
        assert_eq!(heir.next().await.unwrap().hint, hint(2, false));
        assert_eq!(heir.next().await.unwrap().hint, hint(1, true));
    }

    #[tokio::test]
    async fn a_consumer_that_may_hold_nothing_is_refused() {
        assert!(matches!(
            EmbeddedQueue::new().consumer(0).await,
            Err(PortError::Refused(_))
        ));
    }

    #[tokio::test]
    async fn only_who_got_a_delivery_can_acknowledge_it() {
        let queue = EmbeddedQueue::new();
        queue.publish(&[hint(1, false), hint(2, false)]).await.unwrap();
        let mut first = queue.consumer(1).await.unwrap();
        let mut second = queue.consumer(1).await.unwrap();
        let (of_first, of_second) = (first.next().await.unwrap(), second.next().await.unwrap());
        assert!(second.ack(of_first).await.is_err());
        second.ack(of_second).await.unwrap();
    }
}
