//! Artifacts of a bundle that the pipeline made, out of the real store: what is served is what was made (R6), and what
//! is gone is gone.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod support {
    pub mod finished;
}

use sea_orm::ConnectionTrait;
use songwalker_generator::package::layout;
use songwalker_jobs::artifacts::{self, Artifact};
use songwalker_jobs::ports::ObjectKey;
use songwalker_jobs::row::JobRow;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, System, cancel, delete, library, read};
use songwalker_schemas::wire::UpdateJob;
use songwalker_schemas::{ErrorCode, PatchSpec, VariationsDiff, canonical};
use support::finished;

/// Every artifact of a row, in a fixed order.
async fn all(system: &System, row: &JobRow) -> Vec<Result<Artifact, JobsError>> {
    vec![
        artifacts::bundle(system, row).await,
        artifacts::patch(system, row).await,
        artifacts::preview(system, row).await,
        artifacts::variations(system, row).await,
        artifacts::analysis(system, row).await,
        artifacts::spectrogram(system, row).await,
        artifacts::waveform(system, row).await,
        artifacts::variation_preview(system, row, variation_id()).await,
    ]
}

fn variation_id() -> &'static str {
    let path = finished::bundle()
        .files
        .keys()
        .find(|path| path.starts_with("variations/") && path.ends_with(".flac"))
        .expect("the bundle has a variation");
    &path["variations/".len()..path.len() - ".flac".len()]
}

async fn codes(system: &System, row: &JobRow) -> Vec<ErrorCode> {
    let answers = all(system, row).await;
    answers
        .into_iter()
        .map(|answer| answer.expect_err("is refused").code())
        .collect()
}

async fn execute(system: &TestSystem, sql: &str) {
    system
        .db
        .writer()
        .execute_unprepared(sql)
        .await
        .expect("is written");
}

#[tokio::test]
async fn every_artifact_is_the_file_that_was_made_under_its_hash() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let made = finished::bundle();
    let file = |path: &str| made.files.get(path).expect("the bundle has it").clone();
    let flac = layout::variation_flac(variation_id());
    let wanted = [
        (made.zip.clone(), "application/zip", "Warm Pad.zip".to_owned()),
        (
            file(layout::PATCH),
            "application/json",
            "Warm Pad.json".to_owned(),
        ),
        (
            file(layout::PREVIEW_FLAC),
            "audio/flac",
            "Warm Pad.flac".to_owned(),
        ),
        (
            file(layout::VARIATIONS_DIFF),
            "application/json",
            "Warm Pad variations.json".to_owned(),
        ),
        (
            file(layout::ANALYSIS),
            "application/json",
            "Warm Pad analysis.json".to_owned(),
        ),
        (file(layout::SPECTROGRAM), "image/png", "Warm Pad.png".to_owned()),
        (
            file(layout::WAVEFORM),
            "application/json",
            "Warm Pad waveform.json".to_owned(),
        ),
        (
            file(&flac),
            "audio/flac",
            format!("Warm Pad {}.flac", variation_id()),
        ),
    ];
    // Twice: out of the store, then out of memory.
    for _ in 0..2 {
        for (artifact, (bytes, content_type, filename)) in all(&system, &row).await.into_iter().zip(&wanted) {
            let artifact = artifact.expect("is served");
            assert_eq!(artifact.sha256, canonical::sha256_hex(bytes), "{filename}");
            assert!(*artifact.bytes == **bytes, "{filename}");
            assert_eq!(
                (artifact.content_type, &artifact.filename),
                (*content_type, filename)
            );
        }
    }
    let documents = artifacts::documents(&system, &row).await.expect("are served");
    let paths: Vec<&str> = documents.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            layout::ANALYSIS,
            layout::VARIATIONS_DIFF,
            layout::PATCH,
            layout::WAVEFORM
        ]
    );
    assert!(documents.iter().all(|(path, bytes)| file(path) == *bytes));
    PatchSpec::from_json(&documents[layout::PATCH]).expect("is a patch");
    let diff = serde_json::from_slice(&documents[layout::VARIATIONS_DIFF]).expect("is JSON");
    VariationsDiff::from_value(diff).expect("is a list of variations");
}

#[tokio::test]
async fn a_file_bears_the_name_that_its_user_gave_the_sound() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let request = UpdateJob {
        name: Some("../Größe: \"x\"".to_owned()),
        ..UpdateJob::default()
    };
    let row = library::update(&system, system.user, row.id(), request)
        .await
        .expect("is named");
    let bundle = artifacts::bundle(&system, &row).await.expect("is served");
    assert_eq!(bundle.filename, "Größe x.zip");
}

#[tokio::test]
async fn what_no_bundle_has_or_nobody_listed_is_not_served() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    for id in [
        "nothing",
        "",
        "../preview/preview",
        "../meta/intent",
        "DARKER",
        "é",
    ] {
        let error = artifacts::variation_preview(&system, &row, id)
            .await
            .expect_err("is not there");
        assert_eq!(error.code(), ErrorCode::NotFound, "{id}");
    }
}

#[tokio::test]
async fn a_job_without_a_result_has_no_artifacts() {
    let system = testing::system().await;
    let running = finished::running(&system, system.user, "runs").await.job_id;
    let cancelled = finished::queued(&system, system.user, "ends").await;
    cancel::cancel(&system, system.user, cancelled)
        .await
        .expect("is cancelled");
    for job in [running, cancelled] {
        let row = read::row(&system, system.user, job).await.expect("is there");
        assert_eq!(codes(&system, &row).await, [ErrorCode::NotFound; 8]);
    }
}

#[tokio::test]
async fn artifacts_past_their_retention_are_gone_though_they_were_in_memory() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    artifacts::patch(&system, &row).await.expect("is served");
    execute(&system, "UPDATE jobs SET artifacts_deleted_at = 1").await;
    let row = read::row(&system, system.user, row.id()).await.expect("is there");
    assert_eq!(codes(&system, &row).await, [ErrorCode::Gone; 8]);
}

#[tokio::test]
async fn a_deleted_job_has_no_artifacts_even_for_who_read_its_row_before() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    artifacts::patch(&system, &row).await.expect("is served");
    delete::delete(&system, system.user, row.id())
        .await
        .expect("is deleted");
    assert_eq!(codes(&system, &row).await, [ErrorCode::NotFound; 8]);
}

#[tokio::test]
async fn the_same_bytes_of_another_user_are_served_after_ones_own_are_deleted() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let mine = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let theirs = finished::with_bundle(&system, other, "warm analog pad").await;
    let again = finished::with_bundle(&system, system.user, "another prompt").await;
    for row in [&mine, &theirs, &again] {
        artifacts::bundle(&system, row).await.expect("is served");
    }
    delete::delete(&system, system.user, mine.id())
        .await
        .expect("is deleted");
    artifacts::bundle(&system, &again)
        .await
        .expect("a second job refers to the object");
    delete::delete(&system, system.user, again.id())
        .await
        .expect("is deleted");
    assert_eq!(codes(&system, &again).await, [ErrorCode::NotFound; 8]);
    artifacts::bundle(&system, &theirs)
        .await
        .expect("another user's is another object");
}

#[tokio::test]
async fn an_object_that_rotted_or_is_lost_is_an_error_and_never_served() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let sha256 = row.model.bundle_sha256.clone().expect("is published");
    let key = ObjectKey::bundle(system.user, &sha256).expect("is a key");
    let file = find(system.path(), &sha256).expect("the object is a file");
    let whole = std::fs::read(&file).expect("is read");
    let mut rotten = whole.clone();
    rotten[1_000] ^= 1;
    std::fs::write(&file, rotten).expect("is written");
    assert_eq!(codes(&system, &row).await, [ErrorCode::StorageUnavailable; 8]);
    std::fs::write(&file, whole).expect("is written");
    artifacts::patch(&system, &row).await.expect("is whole again");

    let lost = finished::published(&system, system.user, "lost", b"lost", &"0".repeat(64)).await;
    let lost_sha256 = lost.model.bundle_sha256.clone().expect("is published");
    let lost_key = ObjectKey::bundle(system.user, &lost_sha256).expect("is a key");
    assert_ne!(key, lost_key);
    system.store.delete(&lost_key).await.expect("is deleted");
    assert_eq!(codes(&system, &lost).await, [ErrorCode::Internal; 8]);
}

#[tokio::test]
async fn an_object_that_is_no_bundle_of_its_row_is_not_served() {
    let system = testing::system().await;
    let no_zip = finished::succeeded(&system, system.user, "no zip").await;
    assert_eq!(codes(&system, &no_zip).await, [ErrorCode::Internal; 8]);
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let other = JobRow::from({
        let mut model = row.model.clone();
        model.manifest_sha256 = Some("0".repeat(64));
        model
    });
    assert_eq!(codes(&system, &other).await, [ErrorCode::Internal; 8]);
    artifacts::bundle(&system, &row)
        .await
        .expect("what failed was not kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_get_the_same_bytes() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let asked = (0..200).map(|_| {
        let (system, row) = (system.system.clone(), row.clone());
        tokio::spawn(async move { artifacts::preview(&system, &row).await })
    });
    let wanted = &finished::bundle().files[layout::PREVIEW_FLAC];
    for answer in asked.collect::<Vec<_>>() {
        let preview = answer.await.expect("does not stop").expect("is served");
        assert!(*preview.bytes == **wanted);
    }
}

#[tokio::test]
async fn nothing_of_an_artifact_is_printed() {
    let system = testing::system().await;
    let row = finished::with_bundle(&system, system.user, "warm analog pad").await;
    let patch = artifacts::patch(&system, &row).await.expect("is served");
    let printed = format!("{patch:?}");
    assert!(printed.len() < 200 && !printed.contains("Warm"), "{printed}");
}

/// The file somewhere under `dir` whose name holds `part`.
fn find(dir: &std::path::Path, part: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, part) {
                return Some(found);
            }
        } else if path.file_name()?.to_string_lossy().contains(part) {
            return Some(path);
        }
    }
    None
}
