//! What stands for a data directory where tests run on services: a schema, names and prefixes of its own in the servers of
//! `SONGWALKER_TEST_*_URL`, made from the directory's path, so that the next start on the same directory finds the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use songwalker_services::{Addresses, BUCKET};

use crate::service::{Settings, command};

/// The names of one test's part of the servers.
#[derive(Debug, Clone)]
pub struct Shared {
    name: String,
    addresses: Addresses,
}

impl Shared {
    /// The part that stands for `dir`, where tests run on services.
    #[must_use]
    pub fn of_tests(dir: &Path) -> Option<Self> {
        songwalker_jobs::testing::is_on_services().then(|| {
            let mut hasher = DefaultHasher::new();
            dir.hash(&mut hasher);
            Self {
                name: format!("e_{:016x}_{}", hasher.finish(), std::process::id()),
                addresses: Addresses::of_tests(),
            }
        })
    }

    /// The configuration that names it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let of = |address: &Option<String>| address.clone().unwrap_or_default();
        let s3 = of(&self.addresses.s3);
        let (keys, at) = s3
            .trim_start_matches("http://")
            .split_once('@')
            .unwrap_or_default();
        let (access, secret) = keys.split_once(':').unwrap_or_default();
        [
            (
                "DATABASE__URL",
                format!(
                    "{}?options[search_path]={}",
                    of(&self.addresses.postgres),
                    self.name
                ),
            ),
            ("DATABASE__CONNECTIONS", "8".to_owned()),
            ("QUEUE__URL", of(&self.addresses.rabbitmq)),
            ("QUEUE__PREFIX", self.name.clone()),
            ("REDIS__URL", of(&self.addresses.redis)),
            ("REDIS__PREFIX", self.name.clone()),
            ("STORE__BUCKET", BUCKET.to_owned()),
            ("STORE__ENDPOINT", format!("http://{at}")),
            ("STORE__ACCESS_KEY", access.to_owned()),
            ("STORE__SECRET_KEY", secret.to_owned()),
            ("STORE__PREFIX", format!("{}/", self.name)),
            // What died is found within seconds.
            ("WORKER__HEARTBEAT", "500ms".to_owned()),
            ("WORKER__LEASE", "3s".to_owned()),
            ("SCHEDULER__FULL_SWEEP_EVERY", "2s".to_owned()),
            ("QUEUE__REHINT_AFTER", "3s".to_owned()),
        ]
        .into_iter()
        .map(|(key, value)| (format!("SONGWALKER__{key}"), value))
        .collect()
    }

    /// Makes schema and user, where this is the first start, and leaves a key of the user where `serve` would.
    ///
    /// # Errors
    /// A server does not answer.
    pub fn make(&self, dir: &Path) -> Result<()> {
        let token = dir.join("token");
        if token.exists() {
            return Ok(());
        }
        self.make_schema()?;
        let told = |arguments: &[&str]| -> Result<Value> {
            let done = command(dir, &Settings::new())
                .args(arguments)
                .stdin(Stdio::null())
                .output()?;
            ensure!(
                done.status.success(),
                "{arguments:?} ended with {}: {}",
                done.status,
                String::from_utf8_lossy(&done.stderr)
            );
            Ok(serde_json::from_slice(&done.stdout)?)
        };
        told(&["migrate", "--json"])?;
        told(&["admin", "user", "add", "tester", "--plan", "local", "--json"])?;
        let mut add = vec![
            "admin", "key", "add", "--user", "tester", "--name", "test", "--json",
        ];
        for scope in songwalker_schemas::Scope::NAMES {
            add.extend(["--scope", scope]);
        }
        let key = told(&add)?;
        let secret = key["secret"]
            .as_str()
            .or_else(|| key["key"]["secret"].as_str())
            .context("no key")?;
        std::fs::write(token, secret)?;
        Ok(())
    }

    /// Makes the schema alone, without a table.
    ///
    /// # Errors
    /// The server does not answer, or it is there already.
    pub fn make_schema(&self) -> Result<()> {
        songwalker_services::servers::query(self.server()?, &format!("CREATE SCHEMA {}", self.name))
    }

    /// Runs a statement in the schema.
    ///
    /// # Errors
    /// The server does not answer, or refuses.
    pub fn query(&self, statement: &str) -> Result<()> {
        let of_schema = format!("SET search_path TO {}; {statement}", self.name);
        songwalker_services::servers::query(self.server()?, &of_schema)
    }

    fn server(&self) -> Result<&str> {
        self.addresses.postgres.as_deref().context("no PostgreSQL server")
    }

    /// Where the S3 server keeps this part's objects, as files.
    ///
    /// # Errors
    /// The server is not one of ours.
    pub fn objects(&self) -> Result<PathBuf> {
        let data = self.addresses.s3_data.as_deref();
        let data = data.context("the folder of the S3 server is not named")?;
        Ok(PathBuf::from(data).join(BUCKET).join(&self.name))
    }
}
