//! What only the disk store promises: files for this account only, calls that are dropped, failures made by tests.

use std::os::unix::fs::PermissionsExt;

use songwalker_schemas::UserId;
use uuid::Uuid;

use super::*;
use crate::clock::SystemClock;

fn store_in(dir: &Path) -> DiskStore {
    DiskStore::open(dir.join("objects"), Arc::new(SystemClock::new())).unwrap()
}

fn object(number: u32, bytes: usize) -> (ObjectKey, Arc<[u8]>) {
    use sha2::Digest;
    let bytes: Arc<[u8]> = number.to_le_bytes().into_iter().cycle().take(bytes).collect();
    let sha256: String = sha2::Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    (
        ObjectKey::bundle(UserId(Uuid::from_u128(1)), &sha256).unwrap(),
        bytes,
    )
}

#[tokio::test]
async fn nobody_but_this_account_can_read_what_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let (key, bytes) = object(1, 100);
    store.put(&key, bytes).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = store.path(&key);
    assert_eq!(mode(&path), 0o600);
    assert_eq!((mode(path.parent().unwrap()), mode(&store.root)), (0o700, 0o700));
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_what_was_put() {
    let dir = tempfile::tempdir().unwrap();
    let (key, bytes) = object(1, 100);
    store_in(dir.path()).put(&key, Arc::clone(&bytes)).await.unwrap();
    assert_eq!(
        store_in(dir.path()).get(&key).await.unwrap().as_deref(),
        Some(&bytes[..])
    );
}

#[tokio::test]
async fn files_that_are_none_of_ours_are_not_listed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let (key, bytes) = object(1, 100);
    store.put(&key, bytes).await.unwrap();
    std::fs::write(store.root.join("users/notes.txt"), "x").unwrap();
    std::fs::write(store.path(&key).with_file_name("thumbnail"), "x").unwrap();
    std::fs::create_dir(store.path(&key).with_file_name("0".repeat(64))).unwrap();
    let listed = store.list("", None, 10).await.unwrap();
    assert_eq!(listed.into_iter().map(|info| info.key).collect::<Vec<_>>(), [key]);
}

#[tokio::test]
async fn a_store_whose_directory_is_gone_or_a_file_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    std::fs::remove_dir_all(&store.root).unwrap();
    let (key, bytes) = object(1, 100);
    assert!(matches!(store.ping().await, Err(PortError::Unavailable(_))));
    assert!(matches!(
        store.put(&key, bytes).await,
        Err(PortError::Unavailable(_))
    ));
    std::fs::write(&store.root, "x").unwrap();
    let opened = DiskStore::open(&store.root, Arc::new(SystemClock::new()));
    assert!(matches!(opened, Err(PortError::Unavailable(_))));
}

/// One blocking thread works off the calls in their order, so that after the ping nothing of them is left.
#[test]
fn a_call_that_is_dropped_takes_place_before_that_or_never() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .build();
    runtime.unwrap().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let store = store_in(dir.path());
        let mut seen = Vec::new();
        for number in 0..300 {
            let (key, bytes) = object(number, 20_000);
            let path = store.path(&key);
            let mut put = Box::pin(store.put(&key, Arc::clone(&bytes)));
            // Seldom the other thread is done already.
            let _ = futures::poll!(&mut put);
            spin(number);
            drop(put);
            seen.push((path.clone(), path.exists()));
            if number % 2 == 0 {
                continue;
            }
            let (key, bytes) = object(number + 1_000, 10);
            let path = store.path(&key);
            store.put(&key, bytes).await.unwrap();
            let mut delete = Box::pin(store.delete(&key));
            let _ = futures::poll!(&mut delete);
            spin(number % 50);
            drop(delete);
            seen.push((path.clone(), path.exists()));
        }
        store.ping().await.unwrap();
        for (path, existed) in seen {
            assert_eq!(path.exists(), existed);
        }
        assert_eq!(names(&store.partial()).unwrap(), [""; 0]);
    });
}

/// Time for the other thread, a different amount each round.
fn spin(rounds: u32) {
    for _ in 0..rounds * 40 {
        std::hint::spin_loop();
    }
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_put_that_lies_has_taken_place_and_can_be_done_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let (key, bytes) = object(1, 100);
    let puts = crate::failpoint::scope("store_put_lies=fail", async {
        let first = store.put(&key, Arc::clone(&bytes)).await;
        let there = store.head(&key).await.unwrap().is_some();
        (first, there, store.put(&key, bytes).await)
    });
    let (first, there, second) = puts.await.unwrap();
    assert!(matches!(first, Err(PortError::Unavailable(_))), "{first:?}");
    assert!(there);
    assert_eq!(second, Ok(()));
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_put_that_finds_no_space_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let (key, bytes) = object(1, 100);
    let put = crate::failpoint::scope("store_put_full=fail", store.put(&key, bytes));
    assert_eq!(put.await.unwrap(), Err(PortError::Full));
    assert_eq!(store.head(&key).await, Ok(None));
    assert_eq!(names(&store.partial()).unwrap(), [""; 0]);
}
