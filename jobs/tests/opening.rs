//! Opening a data directory: what is made, what is refused and in which words, and that what cannot be used stays as
//! it was.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait, PaginatorTrait};
use songwalker_jobs::clock::ManualClock;
use songwalker_jobs::data_dir::DataDir;
use songwalker_jobs::entity::{api_keys, users};
use songwalker_jobs::open::examine::{Closeness, Examined};
use songwalker_jobs::open::{look, open_with_clock};
use songwalker_jobs::secret::Secret;
use songwalker_jobs::testing::{START, catalogue};
use songwalker_jobs::{Config, JobsError, System, access, migrate};
use songwalker_schemas::canonical;
use songwalker_schemas::scope::Scope;

async fn open(dir: &Path) -> Result<System, JobsError> {
    let clock = Arc::new(ManualClock::new(START));
    open_with_clock(Config::for_tests(dir), catalogue(), clock).await
}

async fn opened(dir: &Path) -> System {
    open(dir).await.expect("opens")
}

/// Makes a data directory and closes it again.
async fn made(dir: &Path) {
    opened(dir).await.db.close().await;
}

/// Opening is refused; in which words.
async fn refused(dir: &Path) -> String {
    match open(dir).await {
        Err(JobsError::Unusable(message)) => message,
        other => panic!("not refused: {other:?}"),
    }
}

async fn raw(file: &Path) -> DatabaseConnection {
    let file = file.to_owned();
    let mut options = ConnectOptions::new("sqlite://raw.db");
    options
        .max_connections(1)
        .map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
            sqlite.filename(&file).create_if_missing(true)
        });
    Database::connect(options).await.expect("opens")
}

async fn run(file: &Path, sql: &[&str]) {
    let connection = raw(file).await;
    for statement in sql {
        connection.execute_unprepared(statement).await.expect("runs");
    }
    connection.close().await.expect("closes");
}

fn token(dir: &Path) -> String {
    fs::read_to_string(dir.join("token"))
        .expect("there is a token")
        .trim()
        .to_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

/// Every file of a directory that holds something, with the hash of that; but for the locks and SQLite's shared memory.
fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(dir)
        .expect("reads")
        .map(|entry| entry.expect("reads").path())
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), fs::read(path).expect("reads")))
        .filter(|(name, bytes)| !bytes.is_empty() && !name.ends_with("-shm"))
        .map(|(name, bytes)| (name, canonical::sha256_hex(&bytes)))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_new_data_directory_is_readable_by_its_account_only() {
    let parent = tempfile::tempdir().expect("a directory");
    let dir = parent.path().join("deep").join("data");
    let system = opened(&dir).await;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("objects")), 0o700);
    for file in [
        "songwalker.db",
        "songwalker.db-wal",
        "token",
        "open.lock",
        "in-use.lock",
    ] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
    system.db.close().await;
}

#[tokio::test]
async fn a_directory_that_others_may_read_still_holds_private_files_only() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("changes");
    let system = opened(dir.path()).await;
    for file in ["songwalker.db", "songwalker.db-wal", "token"] {
        assert_eq!(mode(&dir.path().join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(dir.path()), 0o755);
    system.db.close().await;
}

#[tokio::test]
async fn the_token_is_a_key_of_the_local_user_with_every_scope_and_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    let first = token(dir.path());
    let system = opened(dir.path()).await;
    assert_eq!(token(dir.path()), first);
    let caller = access::by_bearer(&system, &first).await.expect("works");
    assert_eq!(
        (caller.name.as_str(), caller.plan.name.as_str()),
        ("local", "local")
    );
    for scope in Scope::ALL {
        caller.needs(*scope).expect("may");
    }
    assert_eq!(
        api_keys::Entity::find()
            .count(system.db.read())
            .await
            .expect("counts"),
        1
    );
    assert_eq!(
        users::Entity::find()
            .count(system.db.read())
            .await
            .expect("counts"),
        1
    );
}

#[tokio::test]
async fn a_token_that_is_lost_unknown_or_seen_by_others_is_replaced_and_the_old_one_works_no_more() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    let file = dir.path().join("token");
    let spoil: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&file).expect("removes"),
        &|| fs::write(&file, "swk_unknown\n").expect("writes"),
        &|| fs::write(&file, [0xff, 0xfe, 0]).expect("writes"),
        &|| fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("changes"),
    ];
    for spoil in spoil {
        let before = token(dir.path());
        spoil();
        let system = opened(dir.path()).await;
        let after = token(dir.path());
        assert_ne!(after, before);
        assert_eq!(mode(&file), 0o600);
        access::by_bearer(&system, &after).await.expect("works");
        access::by_bearer(&system, &before)
            .await
            .expect_err("works no more");
        system.db.close().await;
    }
}

#[tokio::test]
async fn programs_that_open_a_new_directory_at_once_make_one_database_and_one_user() {
    let dir = tempfile::tempdir().expect("a directory");
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let path = dir.path().to_owned();
            tokio::spawn(async move { opened(&path).await })
        })
        .collect();
    let mut systems = Vec::new();
    for system in opening {
        systems.push(system.await.expect("is not cut off"));
    }
    let system = &systems[0];
    assert_eq!(
        users::Entity::find()
            .count(system.db.read())
            .await
            .expect("counts"),
        1
    );
    assert_eq!(
        api_keys::Entity::find()
            .count(system.db.read())
            .await
            .expect("counts"),
        1
    );
    access::by_bearer(system, &token(dir.path()))
        .await
        .expect("works");
}

#[tokio::test]
async fn a_path_with_odd_letters_is_just_a_path() {
    let parent = tempfile::tempdir().expect("a directory");
    let dir = parent.path().join("a b?mode=memory&x=%41#ü");
    made(&dir).await;
    assert!(fs::metadata(dir.join("songwalker.db")).is_ok_and(|file| file.len() > 0));
}

#[tokio::test]
async fn what_is_no_directory_or_cannot_be_written_is_refused_with_its_name() {
    let parent = tempfile::tempdir().expect("a directory");
    let file = parent.path().join("file");
    fs::write(&file, "text").expect("writes");
    for place in [file.clone(), file.join("below")] {
        let message = refused(&place).await;
        assert!(
            message.contains("is not a directory") && message.contains("file"),
            "{message}"
        );
    }
    // A place where nobody, whatever the rights, can make a directory.
    let message = refused(Path::new("/proc/self/songwalker")).await;
    assert!(
        message.starts_with("/proc/self/songwalker cannot be"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&file).expect("reads"), "text");
}

#[tokio::test]
async fn a_database_elsewhere_that_is_not_there_is_named_by_its_key_and_nothing_is_made_here() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = Config::for_tests(dir.path());
    config.database.url = Some(Secret::new("postgres://me:canary@127.0.0.1:1/none".to_owned()));
    let clock = Arc::new(ManualClock::new(START));
    let error = open_with_clock(config, catalogue(), clock)
        .await
        .expect_err("is refused")
        .to_string();
    assert!(
        error.contains("database.url") && !error.contains("canary"),
        "{error}"
    );
    assert!(!dir.path().join("songwalker.db").exists());
}

#[tokio::test]
async fn a_damaged_database_is_left_as_it_is_and_the_newest_backup_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    let file = dir.path().join("songwalker.db");
    let whole = fs::read(&file).expect("reads");
    let mut no_header = whole.clone();
    no_header[..100].fill(0x5a);
    let mut no_middle = whole.clone();
    no_middle[8192..20_000].fill(0x5a);
    let cut = whole[..whole.len() / 2].to_vec();
    let rubbish = b"not a database at all, just a text that is longer than a header ".repeat(20);
    for damaged in [no_header, no_middle, cut, rubbish] {
        fs::write(&file, &damaged).expect("writes");
        let before = files(dir.path());
        let message = refused(dir.path()).await;
        assert!(
            message.contains("is damaged") && message.contains("there is none in"),
            "{message}"
        );
        assert_eq!(files(dir.path()), before);
    }
    let backups = dir.path().join("backups");
    fs::create_dir(&backups).expect("makes");
    for (name, seconds) in [
        ("before-m0002_x-1.db", 20),
        ("mine.zip", 30),
        ("notes.txt", 40),
        ("old.zip", 10),
    ] {
        fs::write(backups.join(name), "").expect("writes");
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::options()
            .write(true)
            .open(backups.join(name))
            .and_then(|file| file.set_modified(at))
            .expect("sets");
    }
    let message = refused(dir.path()).await;
    assert!(
        message.contains(&format!(
            "songwalker restore {} --force",
            backups.join("mine.zip").display()
        )),
        "{message}"
    );
}

#[tokio::test]
async fn a_large_database_is_looked_through_after_a_death_and_not_after_a_clean_end() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    let file = dir.path().join("songwalker.db");
    run(
        &file,
        &[
            "CREATE TABLE large (id INTEGER PRIMARY KEY, text BLOB)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO large SELECT i, randomblob(3000) FROM n",
        ],
    )
    .await;
    let mut bytes = fs::read(&file).expect("reads");
    assert!(bytes.len() > 8 << 20);
    let page = bytes.len() / 2 / 4096 * 4096;
    bytes[page..page + 4096].fill(0);
    fs::write(&file, &bytes).expect("writes");
    // After a clean end only what is needed is read: the damage lies in a table that nobody asks for.
    made(dir.path()).await;
    // A process that was killed leaves its log.
    let alive = opened(dir.path()).await;
    alive
        .db
        .writer()
        .execute_unprepared("UPDATE users SET created_at = 1")
        .await
        .expect("runs");
    let log = fs::read(dir.path().join("songwalker.db-wal")).expect("reads");
    assert!(!log.is_empty());
    let copy = tempfile::tempdir().expect("a directory");
    fs::copy(&file, copy.path().join("songwalker.db")).expect("copies");
    fs::write(copy.path().join("songwalker.db-wal"), &log).expect("writes");
    let message = refused(copy.path()).await;
    assert!(message.contains("is damaged"), "{message}");
    assert_eq!(
        fs::read(copy.path().join("songwalker.db-wal")).expect("reads"),
        log
    );
    // While the process lives, its log says nothing of a death.
    made(dir.path()).await;
    alive.db.close().await;
}

#[tokio::test]
async fn r1_what_a_killed_process_had_committed_is_there_at_the_next_opening() {
    let dir = tempfile::tempdir().expect("a directory");
    let alive = opened(dir.path()).await;
    alive
        .db
        .writer()
        .execute_unprepared("UPDATE users SET created_at = 77")
        .await
        .expect("runs");
    let killed = tempfile::tempdir().expect("a directory");
    for name in ["songwalker.db", "songwalker.db-wal", "token"] {
        fs::copy(dir.path().join(name), killed.path().join(name)).expect("copies");
    }
    let system = opened(killed.path()).await;
    let users = users::Entity::find().all(system.db.read()).await.expect("reads");
    assert_eq!(users.iter().map(|user| user.created_at).collect::<Vec<_>>(), [77]);
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    let file = dir.path().join("songwalker.db");
    run(
        &file,
        &["INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)"],
    )
    .await;
    let before = files(dir.path());
    let message = refused(dir.path()).await;
    assert!(
        message.contains("newer songwalker") && message.contains("m9999_future"),
        "{message}"
    );
    assert_eq!(files(dir.path()), before);
}

#[tokio::test]
async fn the_database_of_another_program_is_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a directory");
    run(
        &dir.path().join("songwalker.db"),
        &["CREATE TABLE recipes (name TEXT)"],
    )
    .await;
    let before = files(dir.path());
    let message = refused(dir.path()).await;
    assert!(message.contains("another program"), "{message}");
    assert_eq!(files(dir.path()), before);
}

#[tokio::test]
async fn a_locked_database_is_called_locked() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    let holder = raw(&dir.path().join("songwalker.db")).await;
    for statement in [
        "PRAGMA locking_mode = EXCLUSIVE",
        "UPDATE users SET created_at = 1",
    ] {
        holder.execute_unprepared(statement).await.expect("runs");
    }
    let message = refused(dir.path()).await;
    assert!(message.contains("locked by another program"), "{message}");
    holder.close().await.expect("closes");
    made(dir.path()).await;
}

#[tokio::test]
async fn nothing_is_begun_anew_beside_bundles_whose_rows_are_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    made(dir.path()).await;
    fs::create_dir(
        dir.path()
            .join("objects/users/0190a5c0-0000-7000-8000-000000000000"),
    )
    .expect("makes");
    let file = dir.path().join("songwalker.db");
    fs::remove_file(&file).expect("removes");
    let message = refused(dir.path()).await;
    assert!(message.contains("is missing"), "{message}");
    assert!(!file.exists());
    fs::write(&file, "").expect("writes");
    assert!(refused(dir.path()).await.contains("is missing"));
}

#[tokio::test]
async fn what_a_program_that_died_was_working_on_is_removed_but_not_under_one_that_lives() {
    let dir = tempfile::tempdir().expect("a directory");
    let alive = opened(dir.path()).await;
    fs::create_dir(dir.path().join(".songwalker-work")).expect("makes");
    fs::write(dir.path().join(".songwalker-work/copy.db"), "private").expect("writes");
    fs::write(dir.path().join(".songwalker-token"), "private").expect("writes");
    opened(dir.path()).await.db.close().await;
    assert!(dir.path().join(".songwalker-work").exists());
    alive.db.close().await;
    drop(alive);
    made(dir.path()).await;
    assert!(!dir.path().join(".songwalker-work").exists());
    assert!(!dir.path().join(".songwalker-token").exists());
}

#[tokio::test]
async fn looking_changes_nothing_and_says_what_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(
        look(dir.path(), Closeness::Everything).await.expect("looks"),
        None
    );
    made(dir.path()).await;
    let before = files(dir.path());
    let Some(Examined::Ours { applied, pending }) =
        look(dir.path(), Closeness::Everything).await.expect("looks")
    else {
        panic!("not ours")
    };
    assert!(!applied.is_empty() && pending.is_empty());
    assert_eq!(files(dir.path()), before);
}

#[tokio::test]
async fn a_database_that_is_up_to_date_is_neither_copied_nor_changed() {
    let dir = tempfile::tempdir().expect("a directory");
    let system = opened(dir.path()).await;
    let migrated = migrate::migrate(&system.db, &DataDir::at(dir.path()))
        .await
        .expect("migrates");
    assert_eq!(migrated, migrate::Migrated::default());
    assert!(!dir.path().join("backups").exists());
}

/// A file system of its own; none where this account may not mount one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a directory");
        mount(&["-t", "tmpfs", "-o", size, "tmpfs"], dir.path()).then_some(Self(dir))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn mount(options: &[&str], place: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(options).arg(place).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_full_disk_is_called_full_and_once_there_is_room_everything_is_made() {
    for size in ["size=4k", "size=16k", "size=64k", "size=200k"] {
        let Some(disk) = Disk::new(size) else {
            println!("skipped: this account may not mount a file system");
            return;
        };
        let dir = disk.0.path();
        let message = refused(dir).await;
        assert!(message.contains("no space left"), "{size}: {message}");
        assert!(mount(&["-o", "remount,size=4m"], dir));
        made(dir).await;
        assert!(!token(dir).is_empty());
    }
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_is_called_so() {
    let Some(disk) = Disk::new("size=4m") else {
        println!("skipped: this account may not mount a file system");
        return;
    };
    let dir = disk.0.path();
    made(dir).await;
    assert!(mount(&["-o", "remount,ro"], dir));
    for place in [dir.to_owned(), dir.join("below")] {
        let message = refused(&place).await;
        assert!(message.contains("cannot be written"), "{message}");
    }
}
