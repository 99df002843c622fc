//! Cancellation at random moments of a job's life (R8): every job that was cancelled before it succeeded leaves nothing
//! in the store, the slot is free again, and what was too late to cancel is whole.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use songwalker_tests::service::{Service, Settings, audit, objects, small};

const TIMES: u64 = 200;
/// The life to begin with: one that met a machine with much to do says little about how long the others live.
const LONGEST_LIFE: Duration = Duration::from_secs(2);

/// Moments in thousandths of a job's life, spread over it and a little more by a fixed sequence (a linear congruence), so
/// that a failure can be found again.
fn moments() -> impl Iterator<Item = u32> {
    let mut state = 12_345_u64;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % 1_200).unwrap_or(0)
    })
}

#[tokio::test]
async fn r8_two_hundred_cancellations_at_random_moments_leave_nothing_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut service = Service::start(
        dir.path(),
        &Settings::new().with("SONGWALKER__QUOTAS__ENABLED", "false"),
    )
    .await
    .expect("it starts");
    let (mut cancelled, mut succeeded) = (0, 0);
    let mut results = BTreeSet::new();
    // How long one lives here, once its child is warm: the shortest life that was seen.
    let mut life = LONGEST_LIFE;
    for words in ["pluck of the first", "pluck of the second"] {
        let began = Instant::now();
        let job = service.post(small(words)).await.expect("accepted");
        let job = service
            .ended(job["id"].as_str().expect("an id"))
            .await
            .expect("it ends");
        life = began.elapsed().min(life);
        results.insert(job["bundle"]["sha256"].as_str().expect("its hash").to_owned());
    }
    for (n, moment) in (0..TIMES).zip(moments()) {
        let began = Instant::now();
        let job = service
            .post(small(&format!("pluck {n}")))
            .await
            .expect("accepted");
        let id = job["id"].as_str().expect("an id").to_owned();
        // Not a wait for anything: the moment itself is what is tried.
        tokio::time::sleep(life * moment / 1_000).await;
        let (status, _) = service
            .call("POST", &format!("/v1/jobs/{id}/cancel"), None)
            .await
            .expect("an answer");
        assert!(matches!(status, 200 | 202), "{status}");
        let job = service.ended(&id).await.expect("it ends");
        match job["state"].as_str() {
            Some("cancelled") => {
                cancelled += 1;
                assert!(job["bundle"].is_null() && job["stopped_at"].is_string(), "{job}");
            }
            Some("succeeded") => {
                succeeded += 1;
                life = began.elapsed().min(life);
                results.insert(job["bundle"]["sha256"].as_str().expect("its hash").to_owned());
            }
            other => panic!("{other:?}: {job}"),
        }
    }
    assert_eq!(cancelled + succeeded, TIMES);
    assert!(cancelled > TIMES / 4, "only {cancelled} were cancelled in time");
    service.stop().await.expect("it stops");
    let left: BTreeSet<String> = objects(dir.path())
        .expect("the store")
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(left, results, "objects beside those of the jobs that succeeded");
    audit(dir.path()).expect("nothing found");
}
