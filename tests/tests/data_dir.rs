//! Starting on what cannot be used: a port that is taken, a data directory that is locked, full, no directory, from a
//! newer program, or with a corrupt database. Each is said with its code, and nothing of it is changed.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use songwalker_jobs::Db;
use songwalker_tests::service::{Service, Settings, audit, command, small};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// `serve` that is refused: its exit code and what it says.
fn refused(dir: &Path, arguments: &[&str]) -> (i32, String) {
    let done = command(dir, &Settings::new())
        .args([&["serve"], arguments].concat())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    (done.status.code().unwrap_or(-1), text)
}

async fn used(dir: &Path) {
    let mut service = Service::start(dir, &Settings::new()).await.expect("it starts");
    let job = service.post(small("short dry pluck")).await.expect("accepted");
    service
        .ended(job["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    service.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let dir = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let (code, text) = refused(dir.path(), &["--listen", &address]);
    assert_ne!(code, 0);
    assert!(text.contains(&address) && text.contains("in use"), "{text}");
    assert!(!dir.path().join("server.json").exists());
}

#[tokio::test]
async fn a_directory_that_another_server_uses_is_refused_and_that_server_goes_on() {
    let dir = folder();
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    let (code, text) = refused(dir.path(), &["--listen", "127.0.0.1:0"]);
    assert_ne!(code, 0);
    assert!(text.contains(&service.pid().to_string()), "it says who: {text}");
    let job = service.post(small("short dry pluck")).await.expect("accepted");
    service
        .ended(job["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
}

#[test]
fn a_path_that_is_no_directory_is_refused() {
    let dir = folder();
    let file = dir.path().join("file");
    fs::write(&file, "x").expect("a file");
    for path in [file.clone(), file.join("below")] {
        let (code, text) = refused(&path, &["--listen", "127.0.0.1:0"]);
        assert_eq!(code, 6, "{text}");
    }
    assert_eq!(fs::read(&file).expect("it is there"), b"x");
}

#[tokio::test]
async fn a_corrupt_database_is_said_kept_and_the_backup_named() {
    let dir = folder();
    used(dir.path()).await;
    let database = dir.path().join("songwalker.db");
    let mut bytes = fs::read(&database).expect("the database");
    bytes[..4_096].fill(0x5a);
    fs::write(&database, &bytes).expect("it is spoiled");
    let (code, text) = refused(dir.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(code, 6, "{text}");
    assert!(text.contains("restore"), "it says what helps: {text}");
    assert!(
        fs::read(&database).expect("it is there") == bytes,
        "it is kept as it is"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_kept() {
    let dir = folder();
    used(dir.path()).await;
    let database = dir.path().join("songwalker.db");
    let db = Db::open(&database).await.expect("the database");
    let tx = db.begin().await.expect("a transaction");
    sea_orm_insert(&tx).await;
    tx.commit().await.expect("a commit");
    db.close().await;
    let (code, text) = refused(dir.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(code, 6, "{text}");
    assert!(text.contains("newer"), "{text}");
}

async fn sea_orm_insert(tx: &sea_orm::DatabaseTransaction) {
    use sea_orm::ConnectionTrait;
    tx.execute_unprepared(
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 0)",
    )
    .await
    .expect("a row");
}

/// A file system of a few megabytes; `None` where this account may not mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let dir = folder();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_disk_that_fills_up_fails_jobs_and_loses_none() {
    let Some(disk) = SmallDisk::new() else {
        println!("skipped: this account may not mount a small file system");
        return;
    };
    let dir = disk.0.path();
    let mut service = Service::start(dir, &Settings::new()).await.expect("it starts");
    let filler = dir.join("filler");
    let done = service.post(small("short dry pluck")).await.expect("accepted");
    let done = service
        .ended(done["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    assert_eq!(done["state"], "succeeded", "{done}");
    let _ = fs::write(&filler, vec![0; 4_000_000]);
    let (status, answer) = service
        .call("POST", "/v1/jobs", Some(small("another pluck")))
        .await
        .expect("an answer");
    assert!(
        matches!(status, 202 | 503),
        "accepted, or refused with a code: {status} {answer}"
    );
    fs::remove_file(&filler).expect("room again");
    for job in service.jobs().await.expect("the jobs") {
        service
            .ended(job["id"].as_str().expect("an id"))
            .await
            .expect("every accepted job ends");
    }
    service.stop().await.expect("it stops");
    audit(dir).expect("nothing found");
}
