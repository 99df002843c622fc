//! What the cache promises: one load for many, a bound in bytes, and that what was forgotten is not there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use songwalker_schemas::UserId;
use tokio::sync::Notify;

use super::*;

fn key(number: u8) -> ObjectKey {
    let user = UserId(sea_orm::prelude::Uuid::from_u128(1));
    ObjectKey::bundle(user, &format!("{number:064x}")).unwrap()
}

fn bundle(bytes: usize) -> Content {
    Content {
        zip: vec![0; bytes].into(),
        sha256: String::new(),
        files: BTreeMap::new(),
    }
}

/// Counts loads.
#[derive(Default)]
struct Loads(AtomicUsize);

impl Loads {
    async fn of(&self, bytes: usize) -> Result<Content, JobsError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(bundle(bytes))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn what_was_loaded_is_not_loaded_again() {
    let one = key(1);
    let (cache, loads) = (BundleCache::default(), Loads::default());
    let first = cache.get_or_load(&one, loads.of(10)).await.unwrap();
    let second = cache.get_or_load(&one, loads.of(10)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(loads.count(), 1);
    assert_eq!(cache.state().bytes, 10);
}

#[tokio::test]
async fn those_who_ask_at_once_wait_for_one_load() {
    let one = key(1);
    let (cache, loads, gate) = (BundleCache::default(), Loads::default(), Notify::new());
    let slow = cache.get_or_load(&one, async {
        gate.notified().await;
        loads.of(10).await
    });
    let others = futures::future::join_all((0..50).map(|_| cache.get_or_load(&one, loads.of(10))));
    // `join!` asks in this order: the slow one holds the load when the others come.
    let (first, others, ()) = tokio::join!(slow, others, async { gate.notify_one() });
    let first = first.unwrap();
    assert!(
        others
            .into_iter()
            .all(|other| Arc::ptr_eq(&other.unwrap(), &first))
    );
    assert_eq!(loads.count(), 1);
    assert_eq!(cache.state().bytes, 10);
    assert!(cache.state().loading.is_empty());
}

#[tokio::test]
async fn the_one_asked_for_longest_ago_makes_room() {
    let one = key(1);
    let (cache, loads) = (BundleCache::default(), Loads::default());
    let third = MAX_BYTES / 3;
    for number in [1, 2, 3, 1, 4] {
        cache.get_or_load(&key(number), loads.of(third)).await.unwrap();
    }
    assert_eq!(loads.count(), 4);
    assert!(cache.state().bytes <= MAX_BYTES);
    cache.get_or_load(&one, loads.of(third)).await.unwrap();
    assert_eq!(loads.count(), 4, "asked for lately, so still there");
    cache.get_or_load(&key(2), loads.of(third)).await.unwrap();
    assert_eq!(loads.count(), 5, "asked for longest ago, so gone");
}

#[tokio::test]
async fn one_that_is_larger_than_all_room_is_served_and_not_kept() {
    let one = key(1);
    let (cache, loads) = (BundleCache::default(), Loads::default());
    let served = cache.get_or_load(&one, loads.of(MAX_BYTES + 1)).await.unwrap();
    assert_eq!(served.bytes(), MAX_BYTES + 1);
    assert_eq!(cache.state().bytes, 0);
    assert!(cache.state().kept.is_empty());
}

#[tokio::test]
async fn a_load_that_fails_leaves_nothing_and_the_next_one_may_succeed() {
    let one = key(1);
    let (cache, loads) = (BundleCache::default(), Loads::default());
    let failed = cache.get_or_load(&one, async { Err(JobsError::NotFound("bundle")) });
    assert!(failed.await.is_err());
    cache.get_or_load(&one, loads.of(10)).await.unwrap();
    assert_eq!(loads.count(), 1);
}

#[tokio::test]
async fn a_load_that_nobody_waits_for_any_more_is_begun_anew() {
    let one = key(1);
    let (cache, loads) = (BundleCache::default(), Loads::default());
    {
        let never = cache.get_or_load(&one, std::future::pending());
        tokio::pin!(never);
        assert!(futures::poll!(&mut never).is_pending());
    }
    cache.get_or_load(&key(2), loads.of(10)).await.unwrap();
    assert!(cache.state().loading.is_empty());
    cache.get_or_load(&one, loads.of(10)).await.unwrap();
    assert_eq!(loads.count(), 2);
}

#[tokio::test]
async fn what_was_forgotten_is_not_there_even_if_it_was_being_loaded() {
    let one = key(1);
    let (cache, loads) = (BundleCache::default(), Loads::default());
    cache.get_or_load(&one, loads.of(10)).await.unwrap();
    cache.forget(&one);
    assert_eq!(cache.state().bytes, 0);
    let meanwhile = cache.get_or_load(&one, async {
        cache.forget(&one);
        loads.of(10).await
    });
    assert_eq!(meanwhile.await.unwrap().bytes(), 10);
    assert!(cache.state().kept.is_empty());
    assert_eq!(loads.count(), 2);
}
