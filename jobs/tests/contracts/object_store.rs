//! What every object store must do: show an object whole or not at all, keep it, and never hand out other bytes than
//! the key says (R6).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use songwalker_jobs::ports::{ObjectInfo, ObjectKey, ObjectStore, PortError};
use songwalker_schemas::{Timestamp, UserId};
use uuid::Uuid;

/// A store, its clock, and what can happen to it behind its back.
#[async_trait]
pub trait BackDoor: Send + Sync {
    fn store(&self) -> &dyn ObjectStore;
    /// What the store's wall clock says, no finer than it tells.
    fn now(&self) -> Timestamp;
    /// By how much the times that it tells may lag behind that.
    fn lag(&self) -> Duration;
    /// Lets time pass.
    async fn pass(&self, time: Duration);
    /// Puts other bytes where the object's are.
    async fn overwrite(&self, key: &ObjectKey, bytes: &[u8]);
    /// Leaves what a writer leaves that dies while it writes; how many things that are which the store can find.
    async fn half_write(&self, bytes: &[u8]) -> u64;
}

type Made = Arc<dyn BackDoor>;

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn key_of(user_id: UserId, bytes: &[u8]) -> ObjectKey {
    use sha2::Digest;
    let hex: String = sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ObjectKey::bundle(user_id, &hex).expect("a key")
}

async fn put(made: &Made, user_id: UserId, bytes: &[u8]) -> ObjectKey {
    let key = key_of(user_id, bytes);
    made.store().put(&key, Arc::from(bytes)).await.expect("put");
    key
}

async fn keys(made: &Made) -> Vec<String> {
    let all = made.store().list("", None, 10_000).await.expect("a list");
    all.iter().map(|info| info.key.as_str().to_owned()).collect()
}

pub async fn what_was_put_is_got_back(made: Made) {
    let store = made.store();
    store.ping().await.expect("answers");
    for bytes in [&b""[..], b"a bundle", &[0; 1_000_000]] {
        let key = key_of(user(1), bytes);
        assert_eq!(store.get(&key).await, Ok(None));
        assert_eq!(store.head(&key).await, Ok(None));
        let before = made.now().minus(made.lag());
        store.put(&key, Arc::from(bytes)).await.expect("put");
        assert_eq!(store.get(&key).await.expect("got").as_deref(), Some(bytes));
        let seen = store.head(&key).await.expect("seen").expect("is there");
        assert!(
            (before..=made.now()).contains(&seen.written_at),
            "{before} then {}",
            seen.written_at
        );
        let info = ObjectInfo {
            key: key.clone(),
            bytes: bytes.len() as u64,
            written_at: seen.written_at,
        };
        assert_eq!(seen, info);
    }
}

pub async fn putting_again_is_harmless_and_makes_it_new(made: Made) {
    let key = put(&made, user(1), b"a bundle").await;
    let first = made.store().head(&key).await.expect("seen").expect("is there");
    made.pass(Duration::from_secs(5)).await;
    put(&made, user(1), b"a bundle").await;
    let second = made.store().head(&key).await.expect("seen").expect("is there");
    assert!(second.written_at > first.written_at, "{first:?} then {second:?}");
    assert_eq!(keys(&made).await, [key.as_str()]);
}

pub async fn bytes_that_are_not_those_of_the_key_are_refused(made: Made) {
    let key = key_of(user(1), b"a bundle");
    let refused = made.store().put(&key, Arc::from(&b"another"[..])).await;
    assert!(matches!(refused, Err(PortError::Refused(_))), "{refused:?}");
    assert_eq!(made.store().get(&key).await, Ok(None));
    assert_eq!(keys(&made).await, [""; 0]);
}

pub async fn bytes_that_changed_are_never_handed_out_and_a_put_heals_them(made: Made) {
    let key = put(&made, user(1), b"a bundle").await;
    for other in [&b"a bundlf"[..], b"a bund", b""] {
        made.overwrite(&key, other).await;
        let got = made.store().get(&key).await;
        assert!(matches!(got, Err(PortError::Corrupt(_))), "{got:?}");
    }
    put(&made, user(1), b"a bundle").await;
    assert_eq!(
        made.store().get(&key).await.expect("got").as_deref(),
        Some(&b"a bundle"[..])
    );
}

pub async fn users_with_the_same_bytes_have_objects_of_their_own(made: Made) {
    let first = put(&made, user(1), b"a bundle").await;
    let second = put(&made, user(2), b"a bundle").await;
    made.store().delete(&first).await.expect("deleted");
    assert_eq!(made.store().get(&first).await, Ok(None));
    assert_eq!(
        made.store().get(&second).await.expect("got").as_deref(),
        Some(&b"a bundle"[..])
    );
}

pub async fn what_is_deleted_is_gone_and_deleting_what_is_missing_is_fine(made: Made) {
    let key = key_of(user(1), b"a bundle");
    made.store().delete(&key).await.expect("nothing to delete");
    put(&made, user(1), b"a bundle").await;
    made.store().delete(&key).await.expect("deleted");
    made.store().delete(&key).await.expect("nothing to delete");
    assert_eq!(made.store().get(&key).await, Ok(None));
    assert_eq!(made.store().head(&key).await, Ok(None));
    assert_eq!(keys(&made).await, [""; 0]);
    put(&made, user(1), b"a bundle").await;
    assert_eq!(keys(&made).await, [key.as_str()]);
}

pub async fn a_list_pages_through_every_object_in_the_order_of_keys(made: Made) {
    let mut expected = Vec::new();
    for number in 0..24_u8 {
        let bytes = vec![number; usize::from(number)];
        expected.push(
            put(&made, user(u128::from(number % 3)), &bytes)
                .await
                .as_str()
                .to_owned(),
        );
    }
    expected.sort();
    for limit in [1, 5, 24, 100] {
        let mut listed: Vec<String> = Vec::new();
        loop {
            let page = made
                .store()
                .list("users/", listed.last().cloned(), limit)
                .await
                .expect("a page");
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            listed.extend(page.iter().map(|info| info.key.as_str().to_owned()));
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }
}

pub async fn a_list_holds_only_what_starts_with_its_prefix(made: Made) {
    let key = put(&made, user(1), b"a bundle").await;
    put(&made, user(2), b"a bundle").await;
    put(&made, user(1), b"another").await;
    let count = async |prefix: &str| made.store().list(prefix, None, 100).await.expect("a list").len();
    assert_eq!(count("").await, 3);
    assert_eq!(count(&format!("users/{}/", user(1))).await, 2);
    assert_eq!(count(&key.as_str()[..50]).await, 1);
    assert_eq!(count(key.as_str()).await, 1);
    assert_eq!(count(&format!("users/{}/", user(3))).await, 0);
    assert_eq!(count("elsewhere/").await, 0);
    assert_eq!(made.store().list("", None, 0).await, Ok(Vec::new()));
    let info = made.store().list(key.as_str(), None, 1).await.expect("a list");
    assert_eq!(
        made.store().head(&key).await.expect("seen").as_slice(),
        info.as_slice()
    );
}

pub async fn what_a_dead_writer_left_is_no_object_and_is_swept(made: Made) {
    let left = made.half_write(b"a bun").await;
    let key = put(&made, user(1), b"a bundle").await;
    assert_eq!(keys(&made).await, [key.as_str()]);
    let day = Duration::from_secs(86_400);
    assert_eq!(made.store().sweep_partial(day).await, Ok(0));
    made.pass(day).await;
    assert_eq!(made.store().sweep_partial(day).await, Ok(left));
    assert_eq!(made.store().sweep_partial(Duration::ZERO).await, Ok(0));
    assert_eq!(keys(&made).await, [key.as_str()]);
}

pub async fn a_reader_beside_many_writers_sees_all_or_nothing(made: Made) {
    let bytes: Arc<[u8]> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let key = key_of(user(1), &bytes);
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (made, key, bytes) = (Arc::clone(&made), key.clone(), Arc::clone(&bytes));
        writers.spawn(async move { made.store().put(&key, bytes).await });
    }
    while !writers.is_empty() {
        let got = made.store().get(&key).await.expect("never half of it");
        assert!(got.is_none_or(|got| got[..] == bytes[..]));
        while let Some(written) = writers.try_join_next() {
            written.expect("a writer").expect("written");
        }
    }
    assert_eq!(
        made.store().get(&key).await.expect("got").as_deref(),
        Some(&bytes[..])
    );
}

pub async fn a_signed_address_is_one_or_there_is_none(made: Made) {
    let key = put(&made, user(1), b"a bundle").await;
    let signed = made
        .store()
        .sign_get(&key, Duration::from_secs(60), "a bundle.zip")
        .await
        .expect("an answer");
    assert!(signed.is_none_or(|address| address.starts_with("http") && address.contains(key.sha256())));
}

macro_rules! object_store_contract {
    ($adapter:ident, $make:expr) => {
        contract!(
            $adapter,
            object_store,
            $make,
            [
                what_was_put_is_got_back,
                putting_again_is_harmless_and_makes_it_new,
                bytes_that_are_not_those_of_the_key_are_refused,
                bytes_that_changed_are_never_handed_out_and_a_put_heals_them,
                users_with_the_same_bytes_have_objects_of_their_own,
                what_is_deleted_is_gone_and_deleting_what_is_missing_is_fine,
                a_list_pages_through_every_object_in_the_order_of_keys,
                a_list_holds_only_what_starts_with_its_prefix,
                what_a_dead_writer_left_is_no_object_and_is_swept,
                a_reader_beside_many_writers_sees_all_or_nothing,
                a_signed_address_is_one_or_there_is_none,
            ]
        );
    };
}
pub(crate) use object_store_contract;
