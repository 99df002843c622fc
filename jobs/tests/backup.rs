//! Backups: taken while the service runs, put back whole, and refused rather than put back by halves.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::backup::{backup, restore};
use songwalker_jobs::clock::ManualClock;
use songwalker_jobs::entity::{jobs, prompts, users};
use songwalker_jobs::open::open_with_clock;
use songwalker_jobs::ports::{ObjectInfo, ObjectKey, ObjectStore, PortError};
use songwalker_jobs::publish::{About, Packaged};
use songwalker_jobs::runner::{RunnerLock, adopt};
use songwalker_jobs::system::Parts;
use songwalker_jobs::testing::{self, START, TestSystem, catalogue};
use songwalker_jobs::{Config, JobsError, System, access, claim, delete, publish, read};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId, UserId, canonical};
use tokio::sync::Semaphore;
use uuid::Uuid;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, ZipArchive};

fn request(prompt: &str) -> CreateJob {
    serde_json::from_value(serde_json::json!({ "prompt": prompt })).expect("a request")
}

async fn queued(system: &System, user: UserId, prompt: &str) -> JobId {
    accept(system, user, request(prompt), None)
        .await
        .expect("is accepted")
        .row
        .id()
}

/// A job that succeeded with these bytes.
async fn succeeded(system: &System, user: UserId, prompt: &str, bytes: &[u8]) -> JobId {
    let job = queued(system, user, prompt).await;
    let own = claim::claim(system, Uuid::now_v7(), job)
        .await
        .expect("answers")
        .expect("is taken")
        .own;
    let packaged = Packaged {
        sha256: canonical::sha256_hex(bytes),
        bytes: bytes.len() as u64,
        about: About {
            name: "Pad".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: "0".repeat(64),
        },
    };
    publish::store(system, &own, &packaged, bytes.into())
        .await
        .expect("is stored");
    publish::succeed(system, &own, &packaged).await.expect("succeeds");
    job
}

async fn bundle(system: &System, user: UserId, job: JobId) -> Vec<u8> {
    let row = read::row(system, user, job).await.expect("is there");
    read::bundle(system, &row).await.expect("is there")
}

async fn open(dir: &Path) -> System {
    let clock = Arc::new(ManualClock::new(START));
    open_with_clock(Config::for_tests(dir), catalogue(), clock)
        .await
        .expect("opens")
}

fn code(error: &JobsError) -> ErrorCode {
    error.code()
}

/// A store that gives objects only when it is let.
struct Gated {
    inner: Arc<dyn ObjectStore>,
    entered: Semaphore,
    go: Semaphore,
}

#[async_trait::async_trait]
impl ObjectStore for Gated {
    async fn put(&self, key: &ObjectKey, bytes: Arc<[u8]>) -> Result<(), PortError> {
        self.inner.put(key, bytes).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, PortError> {
        self.entered.add_permits(1);
        self.go.acquire().await.expect("stays open").forget();
        self.inner.get(key).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, PortError> {
        self.inner.head(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        self.inner.delete(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, PortError> {
        self.inner.list(prefix, after, limit).await
    }

    async fn sign_get(
        &self,
        key: &ObjectKey,
        ttl: Duration,
        filename: &str,
    ) -> Result<Option<String>, PortError> {
        self.inner.sign_get(key, ttl, filename).await
    }

    async fn sweep_partial(&self, older_than: Duration) -> Result<u64, PortError> {
        self.inner.sweep_partial(older_than).await
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.inner.ping().await
    }
}

/// A system without quotas, and a place for its backup.
async fn with_place() -> (TestSystem, tempfile::TempDir, PathBuf) {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let outside = tempfile::tempdir().expect("a directory");
    let file = outside.path().join("songs.zip");
    (system, outside, file)
}

#[tokio::test]
async fn what_a_backup_holds_comes_back_whole_with_the_secrets_of_the_users() {
    let (system, outside, file) = with_place().await;
    let user = system.user;
    let other = system.add_user("other", "standard").await;
    let finished = succeeded(&system, user, "warm pad", b"the first bundle").await;
    let others = succeeded(&system, other, "warm pad", b"the other's bundle").await;
    let waiting = queued(&system, user, "waits").await;
    let running = queued(&system, user, "runs").await;
    claim::claim(&system, Uuid::now_v7(), running)
        .await
        .expect("answers")
        .expect("is taken");
    let secrets = users::Entity::find().all(system.db.read()).await.expect("reads");

    let told = backup(&system, &file).await.expect("is backed up");
    assert_eq!((told.objects, told.missing.len()), (2, 0));
    assert_eq!(told.bytes, fs::metadata(&file).expect("is there").len());
    assert_eq!(
        fs::metadata(&file).expect("is there").permissions().mode() & 0o777,
        0o600
    );
    // The service goes on, and nothing is left of the work.
    queued(&system, user, "after the backup").await;
    for dir in [system.path(), outside.path()] {
        let left = fs::read_dir(dir).expect("reads").filter(|entry| {
            let entry = entry.as_ref().expect("reads");
            entry.file_name().to_string_lossy().starts_with(".songwalker-")
        });
        assert_eq!(left.count(), 0);
    }

    let place = outside.path().join("elsewhere");
    let restored = restore(&file, &place, false).await.expect("is restored");
    assert_eq!((restored.objects, restored.moved_aside), (2, None));
    let back = open(&place).await;
    let lock = RunnerLock::try_take(&place)
        .expect("can be looked at")
        .expect("is free");
    let adopted = adopt(&back, &lock).await.expect("adopts");
    assert_eq!((adopted.queued, adopted.again), (1, 1));
    assert_eq!(
        users::Entity::find().all(back.db.read()).await.expect("reads"),
        secrets
    );
    assert_eq!(bundle(&back, user, finished).await, b"the first bundle");
    assert_eq!(bundle(&back, other, others).await, b"the other's bundle");
    // R2: the same request is still the same job.
    for (prompt, job) in [("warm pad", finished), ("waits", waiting)] {
        let again = accept(&back, user, request(prompt), None)
            .await
            .expect("is accepted");
        assert_eq!((again.answer, again.row.id()), (Answer::Existing, job));
    }
}

#[tokio::test]
async fn r10_no_token_is_in_a_backup_and_the_restored_one_gets_its_own() {
    let (system, outside, file) = with_place().await;
    succeeded(&system, system.user, "warm pad", b"a bundle").await;
    backup(&system, &file).await.expect("is backed up");
    let token = fs::read_to_string(system.path().join("token")).expect("reads");
    let mut zip = ZipArchive::new(fs::File::open(&file).expect("opens")).expect("is a zip");
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).expect("is there");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("reads");
        let holds = bytes
            .windows(token.trim().len())
            .any(|window| window == token.trim().as_bytes());
        assert!(!holds, "{:?}", entry.name());
    }
    let place = outside.path().join("elsewhere");
    restore(&file, &place, false).await.expect("is restored");
    let back = open(&place).await;
    let own = fs::read_to_string(place.join("token")).expect("reads");
    access::by_bearer(&back, own.trim()).await.expect("works");
    access::by_bearer(&back, token.trim())
        .await
        .expect_err("works no more");
}

#[tokio::test]
async fn a_directory_that_holds_jobs_is_replaced_only_by_force_and_nothing_of_it_is_lost() {
    let (system, _outside, file) = with_place().await;
    let user = system.user;
    let first = succeeded(&system, user, "in the backup", b"kept").await;
    backup(&system, &file).await.expect("is backed up");
    let second = succeeded(&system, user, "after the backup", b"set aside").await;
    let place = system.path().to_owned();
    system.db.close().await;
    let TestSystem {
        system, dir: _dir, ..
    } = system;
    drop(system);

    let refused = restore(&file, &place, false).await.expect_err("is refused");
    assert_eq!(code(&refused), ErrorCode::Conflict);
    let restored = restore(&file, &place, true).await.expect("is restored");
    let aside = restored.moved_aside.expect("something was there");
    assert!(aside.starts_with(&place));
    assert_eq!(
        fs::metadata(&aside).expect("is there").permissions().mode() & 0o777,
        0o700
    );
    let back = open(&place).await;
    assert_eq!(bundle(&back, user, first).await, b"kept");
    assert!(read::row(&back, user, second).await.is_err());
    back.db.close().await;
    drop(back);
    // What was set aside is a whole data directory.
    let aside = open(&aside).await;
    assert_eq!(bundle(&aside, user, second).await, b"set aside");
    aside.db.close().await;
}

#[tokio::test]
async fn nothing_is_restored_under_a_program_that_uses_the_directory() {
    let (system, _outside, file) = with_place().await;
    backup(&system, &file).await.expect("is backed up");
    let refused = restore(&file, system.path(), true).await.expect_err("is refused");
    assert!(
        refused.to_string().contains("another songwalker program uses"),
        "{refused}"
    );
    let mut lock = RunnerLock::try_take(system.path())
        .expect("can be looked at")
        .expect("is free");
    lock.name_purpose("songwalker serve").expect("is written");
    let refused = restore(&file, system.path(), true).await.expect_err("is refused");
    assert!(
        refused.to_string().contains("`songwalker serve` is running"),
        "{refused}"
    );
    assert_eq!(
        jobs::Entity::find()
            .count(system.db.read())
            .await
            .expect("counts"),
        0
    );
}

/// The backup with each entry as `change` wants it.
fn changed(file: &Path, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
    let mut from = ZipArchive::new(fs::File::open(file).expect("opens")).expect("is a zip");
    let path = file.with_extension("changed.zip");
    let mut to = ZipWriter::new(fs::File::create(&path).expect("is made"));
    for index in 0..from.len() {
        let mut entry = from.by_index(index).expect("is there");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("reads");
        let name = entry.name().expect("is text").into_owned();
        if let Some(bytes) = change(&name, bytes) {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            to.start_file(name, options).expect("is begun");
            to.write_all(&bytes).expect("is written");
        }
    }
    to.finish().expect("is whole");
    path
}

#[tokio::test]
async fn a_backup_that_is_not_what_was_put_by_is_refused_whole() {
    let (system, outside, file) = with_place().await;
    succeeded(&system, system.user, "warm pad", b"a bundle").await;
    backup(&system, &file).await.expect("is backed up");
    let is_object = |name: &str| name.starts_with("objects/");
    let flip = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Some(bytes)
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("is text");
    type Change<'a> = Box<dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>> + 'a>;
    let spoiled: [(&str, Change); 7] = [
        (
            "an object",
            Box::new(|name, bytes| if is_object(name) { flip(bytes) } else { Some(bytes) }),
        ),
        (
            "no object",
            Box::new(|name, bytes| (!is_object(name)).then_some(bytes)),
        ),
        (
            "the database",
            Box::new(|name, bytes| {
                if name == "songwalker.db" {
                    flip(bytes)
                } else {
                    Some(bytes)
                }
            }),
        ),
        (
            "no list",
            Box::new(|name, bytes| (name != "manifest.json").then_some(bytes)),
        ),
        (
            "a list without the object",
            Box::new(|name, bytes| {
                let mut list: serde_json::Value = match name {
                    "manifest.json" => serde_json::from_slice(&bytes).expect("is JSON"),
                    _ => return Some(bytes),
                };
                list["objects"] = serde_json::json!([]);
                Some(list.to_string().into_bytes())
            }),
        ),
        (
            "a name that leads outside",
            Box::new(|name, bytes| match name {
                "manifest.json" => Some(text(bytes).replace("users/", "users/../../").into_bytes()),
                _ => Some(bytes),
            }),
        ),
        (
            "another form",
            Box::new(|name, bytes| match name {
                "manifest.json" => Some(
                    text(bytes)
                        .replace("\"version\": 1", "\"version\": 2")
                        .into_bytes(),
                ),
                _ => Some(bytes),
            }),
        ),
    ];
    let place = outside.path().join("elsewhere");
    for (what, change) in spoiled {
        let spoiled = changed(&file, change);
        let error = restore(&spoiled, &place, false).await.expect_err(what);
        assert_eq!(code(&error), ErrorCode::VerificationFailed, "{what}: {error}");
    }
    let bytes = fs::read(&file).expect("reads");
    let cut = outside.path().join("cut.zip");
    fs::write(&cut, &bytes[..bytes.len() - 30]).expect("writes");
    let error = restore(&cut, &place, false).await.expect_err("is cut");
    assert_eq!(code(&error), ErrorCode::VerificationFailed);
    let error = restore(&outside.path().join("nowhere.zip"), &place, false)
        .await
        .expect_err("is nowhere");
    assert_eq!(code(&error), ErrorCode::NotFound);
    // After all of this the place is as new.
    assert!(!place.join("songwalker.db").exists() && !place.join("objects").exists());
    restore(&file, &place, false)
        .await
        .expect("the whole one is restored");
}

#[tokio::test]
async fn a_backup_of_a_newer_program_is_refused() {
    let (system, outside, file) = with_place().await;
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
    system.db.writer().execute_unprepared(newer).await.expect("runs");
    backup(&system, &file).await.expect("is backed up");
    let error = restore(&file, &outside.path().join("elsewhere"), false)
        .await
        .expect_err("is refused");
    assert!(error.to_string().contains("newer songwalker"), "{error}");
}

#[tokio::test]
async fn a_copy_from_before_a_migration_is_put_back_and_the_bundles_stay() {
    let (system, outside, _) = with_place().await;
    let user = system.user;
    let job = succeeded(&system, user, "warm pad", b"a bundle").await;
    let copy = outside.path().join("before-m0002_x-1.db");
    let sql = format!("VACUUM INTO '{}'", copy.display());
    system.db.writer().execute_unprepared(&sql).await.expect("runs");
    let place = system.path().to_owned();
    system.db.close().await;
    let TestSystem {
        system, dir: _dir, ..
    } = system;
    drop(system);
    fs::write(place.join("songwalker.db"), "spoiled").expect("writes");

    let restored = restore(&copy, &place, true).await.expect("is restored");
    let aside = restored.moved_aside.expect("something was there");
    assert_eq!(
        fs::read_to_string(aside.join("songwalker.db")).expect("reads"),
        "spoiled"
    );
    assert_eq!(bundle(&open(&place).await, user, job).await, b"a bundle");
}

#[tokio::test]
async fn an_object_that_is_missing_is_named_and_spoils_nothing_else() {
    let (system, outside, file) = with_place().await;
    let user = system.user;
    let whole = succeeded(&system, user, "whole", b"a bundle").await;
    for (prompt, bytes) in [("lost", b"lost"), ("rots", b"rots")] {
        succeeded(&system, user, prompt, bytes).await;
    }
    let key = |bytes: &[u8]| ObjectKey::bundle(user, &canonical::sha256_hex(bytes)).expect("a key");
    let path = |bytes: &[u8]| system.path().join("objects").join(key(bytes).as_str());
    fs::remove_file(path(b"lost")).expect("removes");
    fs::write(path(b"rots"), "rotten").expect("writes");
    let told = backup(&system, &file).await.expect("is backed up");
    let mut expected = vec![key(b"lost").to_string(), key(b"rots").to_string()];
    expected.sort();
    assert_eq!((told.objects, &told.missing), (1, &expected));
    let place = outside.path().join("elsewhere");
    let restored = restore(&file, &place, false).await.expect("is restored");
    assert_eq!(restored.missing, expected);
    assert_eq!(bundle(&open(&place).await, user, whole).await, b"a bundle");
}

#[tokio::test]
async fn a_job_that_is_deleted_while_the_backup_is_taken_is_not_in_it() {
    let (system, outside, file) = with_place().await;
    let user = system.user;
    let kept = succeeded(&system, user, "kept", b"kept").await;
    let deleted = succeeded(&system, user, "deleted", b"deleted").await;
    let gated = Arc::new(Gated {
        inner: Arc::clone(&system.store),
        entered: Semaphore::new(0),
        go: Semaphore::new(0),
    });
    let beside = System::new(Parts {
        config: system.config.clone(),
        db: system.db.clone(),
        clock: Arc::clone(&system.system.clock),
        queue: Arc::clone(&system.queue),
        store: Arc::clone(&gated) as Arc<dyn ObjectStore>,
        limiter: Arc::clone(&system.limiter),
        bus: Arc::clone(&system.bus),
        catalogue: catalogue(),
    });
    let to = file.clone();
    let taking = tokio::spawn(async move { backup(&beside, &to).await });
    // The database is copied when the first object is asked for.
    gated.entered.acquire().await.expect("stays open").forget();
    delete::delete(&system, user, deleted).await.expect("is deleted");
    gated.go.add_permits(2);
    let told = taking.await.expect("is not cut off").expect("is backed up");
    assert_eq!((told.objects, told.missing), (1, Vec::new()));
    let place = outside.path().join("elsewhere");
    restore(&file, &place, false).await.expect("is restored");
    let back = open(&place).await;
    assert_eq!(bundle(&back, user, kept).await, b"kept");
    assert!(read::row(&back, user, deleted).await.is_err());
    assert_eq!(
        prompts::Entity::find()
            .count(back.db.read())
            .await
            .expect("counts"),
        1
    );
}

#[tokio::test]
async fn a_file_that_is_there_is_never_written_over() {
    let (system, _outside, file) = with_place().await;
    fs::write(&file, "something else").expect("writes");
    let error = backup(&system, &file).await.expect_err("is refused");
    assert_eq!(code(&error), ErrorCode::Conflict);
    assert_eq!(fs::read_to_string(&file).expect("reads"), "something else");
}

#[tokio::test]
async fn a_restore_that_was_cut_off_keeps_the_directory_closed_until_one_has_gone_through() {
    let (system, outside, file) = with_place().await;
    let job = succeeded(&system, system.user, "warm pad", b"a bundle").await;
    backup(&system, &file).await.expect("is backed up");
    let place = outside.path().join("elsewhere");
    restore(&file, &place, false).await.expect("is restored");
    // It died after the mark and before the new database was in its place.
    fs::write(place.join("restoring"), "").expect("writes");
    fs::remove_file(place.join("songwalker.db")).expect("removes");
    let clock = Arc::new(ManualClock::new(START));
    let closed = open_with_clock(Config::for_tests(&place), catalogue(), clock)
        .await
        .expect_err("is closed");
    assert!(closed.to_string().contains("a restore of"), "{closed}");
    assert_eq!(
        code(&restore(&file, &place, false).await.expect_err("needs force")),
        ErrorCode::Conflict
    );
    restore(&file, &place, true).await.expect("is restored");
    assert_eq!(bundle(&open(&place).await, system.user, job).await, b"a bundle");
}
