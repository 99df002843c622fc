//! Where a run takes place: a data directory on a disk that can be full, or four servers that can be killed; the settings
//! under which the product runs there; and what is done to it beside the product: SQL, the audit.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use songwalker_jobs::Db;
use songwalker_jobs::secret::Secret;
use songwalker_services::{BUCKET, Fleet, Server};
use tempfile::TempDir;

use crate::plan::Way;
use crate::proxy::Proxy;

/// How large the disk of a data directory may become.
const DISK: &str = "size=8g";
/// By how many bytes more a disk that is to be full is tried.
const ROOM: u64 = 32 * 1024;
/// What our queues are called.
pub const PREFIX: &str = "faults";
/// By how much something may be late at the end.
const PATIENCE: &str = "15s";

/// Everything happens within seconds; orphans go as soon as a hard deadline lets them.
const SETTINGS: &[(&str, &str)] = &[
    ("RETRY__BASE", "200ms"),
    ("RETRY__MAX", "2s"),
    ("SCHEDULER__SWEEP_EVERY", "100ms"),
    ("SCHEDULER__FULL_SWEEP_EVERY", "2s"),
    ("WORKER__HEARTBEAT", "500ms"),
    ("WORKER__LEASE", "4s"),
    ("WORKER__SOFT_DEADLINE", "10s"),
    ("WORKER__HARD_DEADLINE", "12s"),
    ("WORKER__SHUTDOWN_GRACE", "3s"),
    ("WORKER__CHILD_CORES", "1"),
    ("WORKER__CHILD_MEMORY_BYTES", "1073741824"),
    ("QUEUE__REHINT_AFTER", "4s"),
    ("RETENTION__OBJECTS_GRACE", "25s"),
    ("WEBHOOKS__ALLOW_PRIVATE", "[\"127.0.0.0/8\", \"::1/128\"]"),
    ("WEBHOOKS__TIMEOUT", "2s"),
    // The clock jumps by hours: prompts come to their date in each run, results in a long one.
    ("RETENTION__PROMPTS", "50m"),
    ("RETENTION__ARTIFACTS", "5h"),
];

/// Where a run takes place.
pub struct Place {
    /// Which way.
    pub way: Way,
    /// The servers.
    pub fleet: Option<Arc<Mutex<Fleet>>>,
    /// The way to the S3 server.
    pub proxy: Option<Proxy>,
    binary: PathBuf,
    folder: TempDir,
    is_mounted: bool,
    environment: Vec<(String, String)>,
    hours: Mutex<i64>,
}

impl Place {
    /// A new place, its servers started, its database migrated.
    ///
    /// # Errors
    /// A server is missing, or something does not start.
    pub async fn make(way: Way, binary: &Path, s3: Option<&Path>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("songwalker-faults-").tempdir()?;
        let mut place = Self {
            way,
            fleet: None,
            proxy: None,
            binary: binary.canonicalize()?,
            folder,
            is_mounted: false,
            environment: Vec::new(),
            hours: Mutex::new(0),
        };
        std::fs::create_dir_all(place.data_dir())?;
        std::fs::create_dir_all(place.logs())?;
        let mut settings: Vec<(String, String)> = SETTINGS
            .iter()
            .map(|(name, value)| (format!("SONGWALKER__{name}"), (*value).to_owned()))
            .collect();
        let mut set = |name: &str, value: String| settings.push((name.to_owned(), value));
        set("HOME", "/nonexistent".to_owned());
        set("NO_COLOR", "1".to_owned());
        set("SONGWALKER__DATA_DIR", place.data_dir().display().to_string());
        set(
            "SONGWALKER_CLOCK_OFFSET_FILE",
            place.clock_file().display().to_string(),
        );
        match way {
            Way::Embedded => {
                place.is_mounted = mount(&place.data_dir(), DISK);
                set("SONGWALKER__WORKER__SLOTS", "2".to_owned());
            }
            Way::Distributed => {
                let program = s3
                    .context("the program of the S3 server is not named (--s3)")?
                    .canonicalize()?;
                let fleet = tokio::task::spawn_blocking(move || Fleet::start(&program)).await??;
                let s3_url = fleet.s3.url();
                let (keys, at) = s3_url
                    .trim_start_matches("http://")
                    .split_once('@')
                    .context("keys in the address of S3")?;
                let (access, secret) = keys.split_once(':').context("two keys")?;
                let port = at.rsplit(':').next().unwrap_or_default().parse()?;
                let proxy = Proxy::start(port).await?;
                for (name, value) in [
                    ("DATABASE__URL", fleet.postgres.url()),
                    ("DATABASE__CONNECTIONS", "8".to_owned()),
                    ("QUEUE__URL", fleet.rabbit.url()),
                    ("QUEUE__PREFIX", PREFIX.to_owned()),
                    ("REDIS__URL", fleet.redis.url()),
                    ("REDIS__PREFIX", PREFIX.to_owned()),
                    ("STORE__BUCKET", BUCKET.to_owned()),
                    ("STORE__ENDPOINT", proxy.endpoint()),
                    ("STORE__ACCESS_KEY", access.to_owned()),
                    ("STORE__SECRET_KEY", secret.to_owned()),
                    ("WORKER__SLOTS", "1".to_owned()),
                ] {
                    set(&format!("SONGWALKER__{name}"), value);
                }
                place.fleet = Some(Arc::new(Mutex::new(fleet)));
                place.proxy = Some(proxy);
            }
        }
        place.environment = settings;
        if way == Way::Distributed {
            place.told(&["migrate", "--json"])?;
        }
        Ok(place)
    }

    /// The environment of the product's processes.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment.clone()
    }

    /// The product.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Where the logs of the processes lie.
    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// Runs a command of the product to its end; what it answers.
    ///
    /// # Errors
    /// It fails.
    pub fn told(&self, arguments: &[&str]) -> Result<Value> {
        let done = self.command(arguments).output()?;
        ensure!(
            done.status.success(),
            "{arguments:?} ended with {}: {}",
            done.status,
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(serde_json::from_slice(&done.stdout).unwrap_or(Value::Null))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// A user who may do everything with jobs of their own; the key.
    ///
    /// # Errors
    /// The database does not take it.
    pub fn user(&self, name: &str) -> Result<String> {
        self.told(&["admin", "user", "add", name, "--plan", "local", "--json"])?;
        let mut add = vec![
            "admin", "key", "add", "--user", name, "--name", "faults", "--json",
        ];
        for scope in songwalker_schemas::Scope::NAMES {
            add.extend(["--scope", scope]);
        }
        let key = self.told(&add)?;
        let secret = key["secret"].as_str().context("no key")?;
        Ok(secret.to_owned())
    }

    /// `songwalker audit`: its report, or what it found.
    ///
    /// # Errors
    /// It cannot be made now.
    pub fn audit(&self, deep: bool) -> Result<std::result::Result<Value, Vec<String>>> {
        let mut arguments = vec!["audit", "--history", "--patience", PATIENCE, "--json"];
        if deep {
            arguments.push("--deep");
        }
        let done = self.command(&arguments).output()?;
        if done.status.success() {
            return Ok(Ok(serde_json::from_slice(&done.stdout)?));
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let error: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
            .with_context(|| format!("the audit ended with {}: {said}", done.status))?;
        if error["error"]["code"] != "verification_failed" {
            bail!("the audit ended with {}: {error}", done.status);
        }
        let details = error["error"]["details"].as_array().cloned().unwrap_or_default();
        let mut found = vec![error["error"]["message"].as_str().unwrap_or_default().to_owned()];
        found.extend(details.iter().map(|fault| {
            let of = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
            format!("{}  {}", of("pointer"), of("problem"))
        }));
        Ok(Err(found))
    }

    /// The database, for what is done to it beside the product.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn database(&self) -> Result<Db> {
        Ok(match &self.fleet {
            Some(_) => Db::connect(&Secret::new(self.database_url()), 2).await?,
            None => Db::open(&self.data_dir().join("songwalker.db")).await?,
        })
    }

    fn database_url(&self) -> String {
        self.server(|fleet| fleet.postgres.url()).unwrap_or_default()
    }

    /// Something of the servers.
    pub fn server<T>(&self, ask: impl FnOnce(&mut Fleet) -> T) -> Option<T> {
        let fleet = self.fleet.as_ref()?;
        Some(ask(&mut fleet.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Runs statements.
    ///
    /// # Errors
    /// One fails.
    pub async fn execute(&self, statements: &[String]) -> Result<()> {
        let db = self.database().await?;
        for statement in statements {
            db.writer().execute_unprepared(statement).await?;
        }
        db.close().await;
        Ok(())
    }

    /// Rows of a text and a number.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rows(&self, sql: &str) -> Result<Vec<(String, i64)>> {
        let db = self.database().await?;
        let statement = Statement::from_string(db.read().get_database_backend(), sql);
        let rows = db.read().query_all_raw(statement).await?;
        let rows = rows
            .iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
        let rows: Result<Vec<_>, sea_orm::DbErr> = rows.collect();
        db.close().await;
        Ok(rows?)
    }

    /// From here on the database writes down, in each transaction that changes it, how many jobs of a user are not
    /// final (R9). A transaction of the product changes one job, so the last number that it writes is the one at its commit.
    ///
    /// # Errors
    /// The database does not take it.
    pub async fn observe_quotas(&self) -> Result<()> {
        let (id, is_shared) = match self.way {
            Way::Distributed => ("UUID", true),
            Way::Embedded => ("BLOB", false),
        };
        let count = "INSERT INTO observed SELECT NEW.user_id, COUNT(*) FROM jobs
            WHERE user_id = NEW.user_id AND state NOT IN ('succeeded', 'failed', 'cancelled')";
        let mut statements = vec![format!(
            "CREATE TABLE observed (user_id {id} NOT NULL, unfinished BIGINT NOT NULL)"
        )];
        for (name, event) in [("inserted", "INSERT"), ("changed", "UPDATE OF state")] {
            if is_shared {
                statements.push(format!(
                    "CREATE FUNCTION observe_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {count}; RETURN NULL; END $$"
                ));
                statements.push(format!(
                    "CREATE TRIGGER observe_{name} AFTER {event} ON jobs FOR EACH ROW EXECUTE FUNCTION observe_{name}()"
                ));
            } else {
                statements.push(format!(
                    "CREATE TRIGGER observe_{name} AFTER {event} ON jobs BEGIN {count}; END"
                ));
            }
        }
        self.execute(&statements).await
    }

    /// The wall clock of every process jumps an hour ahead.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clock_jumps(&self) -> Result<()> {
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        *hours += 1;
        // Whoever reads meanwhile reads the one or the other.
        let new = self.folder.path().join("clock.new");
        std::fs::write(&new, (*hours * 3_600_000).to_string())?;
        std::fs::rename(new, self.clock_file())?;
        Ok(())
    }

    /// Whether the disk can be full.
    pub const fn has_own_disk(&self) -> bool {
        self.is_mounted
    }

    /// Leaves no room on the disk of the data directory, or gives it back.
    ///
    /// # Errors
    /// The disk is not one of ours.
    pub fn fill_disk(&self, is_full: bool) -> Result<()> {
        ensure!(self.is_mounted, "the disk is not one of ours");
        if !is_full {
            let size = format!("remount,{DISK}");
            ensure!(mount(&self.data_dir(), &size), "the disk cannot be changed");
            return Ok(());
        }
        // Less than is used cannot be had, and that grows meanwhile.
        for room in 1..=32 {
            let disk = rustix::fs::statvfs(self.data_dir())?;
            let used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
            let size = format!("remount,size={}", used + room * ROOM);
            if mount(&self.data_dir(), &size) {
                return Ok(());
            }
        }
        bail!("the disk cannot be changed")
    }

    /// Keeps the folder with the logs, and says where it is.
    pub fn keep(mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

/// Mounts memory as a disk; only root can.
fn mount(at: &Path, options: &str) -> bool {
    Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "songwalker-faults"])
        .arg(at)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Drop for Place {
    fn drop(&mut self) {
        self.server(Fleet::end);
        if self.is_mounted {
            let _ = Command::new("umount").arg("-l").arg(self.data_dir()).status();
        }
    }
}
