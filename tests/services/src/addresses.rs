//! Where tests find the servers: in the environment, else in the file that `cargo xtask services up` wrote.

use std::collections::BTreeMap;
use std::path::Path;

/// The environment variable that makes a missing server a failure (`required`), where else the test says that it was
/// skipped.
pub const REQUIRED: &str = "SONGWALKER_TEST_SERVICES";

/// The addresses of servers for tests; none where there is no such server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// `postgres://postgres@127.0.0.1:port/postgres`, by somebody who may make databases.
    pub postgres: Option<String>,
    /// `amqp://guest:guest@127.0.0.1:port/%2f`.
    pub rabbitmq: Option<String>,
    /// `redis://127.0.0.1:port/0`.
    pub redis: Option<String>,
    /// `http://access:secret@127.0.0.1:port`, by somebody who may make buckets.
    pub s3: Option<String>,
    /// The folder in which the S3 server keeps its buckets, where it is one of ours.
    pub s3_data: Option<String>,
}

/// The variables, in the order of the fields.
pub const NAMES: [&str; 5] = [
    "SONGWALKER_TEST_POSTGRES_URL",
    "SONGWALKER_TEST_RABBITMQ_URL",
    "SONGWALKER_TEST_REDIS_URL",
    "SONGWALKER_TEST_S3_URL",
    "SONGWALKER_TEST_S3_DATA",
];

impl Addresses {
    /// The environment's, each that is missing there from `file`, lines of `NAME=value`.
    #[must_use]
    pub fn find(file: &Path) -> Self {
        let written: BTreeMap<String, String> = std::fs::read_to_string(file)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let of = |name: &str| std::env::var(name).ok().or_else(|| written.get(name).cloned());
        let [postgres, rabbitmq, redis, s3, s3_data] = NAMES.map(of);
        Self {
            postgres,
            rabbitmq,
            redis,
            s3,
            s3_data,
        }
    }

    /// The same, the file being `services.env` in the target directory that a test's own program lies in.
    #[must_use]
    pub fn of_tests() -> Self {
        let test = std::env::current_exe().unwrap_or_default();
        let target = test.ancestors().nth(3).unwrap_or(Path::new("."));
        Self::find(&target.join("services.env"))
    }

    /// Name and value of each that there is.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let values = [
            &self.postgres,
            &self.rabbitmq,
            &self.redis,
            &self.s3,
            &self.s3_data,
        ];
        NAMES
            .into_iter()
            .zip(values)
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }

    /// Whether every server is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        [&self.postgres, &self.rabbitmq, &self.redis, &self.s3]
            .iter()
            .all(|address| address.is_some())
    }
}

/// What a test does without its server: it fails where servers are required, else it says that it is skipped.
///
/// # Panics
/// Servers are required.
pub fn missing(server: &str) {
    let required = std::env::var(REQUIRED).is_ok_and(|value| value == "required");
    assert!(!required, "there is no {server}, and {REQUIRED}=required");
    println!("skipped: there is no {server}; start one with `cargo xtask services up`");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_what_the_environment_does_not() {
        let file = std::env::temp_dir().join(format!("songwalker-addresses-{}", std::process::id()));
        std::fs::write(&file, format!("{}=redis://127.0.0.1:1/0\nother\n", NAMES[2])).unwrap();
        let found = Addresses::find(&file);
        std::fs::remove_file(&file).unwrap();
        let redis = std::env::var(NAMES[2]).unwrap_or_else(|_| "redis://127.0.0.1:1/0".to_owned());
        assert_eq!(found.redis, Some(redis));
        assert!(found.variables().iter().any(|(name, _)| *name == NAMES[2]));
    }
}
