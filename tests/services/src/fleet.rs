//! All four servers together, below one folder: started, written down, found again, ended.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::Addresses;
use crate::process;
use crate::servers::{Postgres, Rabbit, Redis, S3, Server, end_mapper};

/// The four servers.
pub struct Fleet {
    /// PostgreSQL.
    pub postgres: Postgres,
    /// RabbitMQ.
    pub rabbit: Rabbit,
    /// Redis.
    pub redis: Redis,
    /// The S3 server.
    pub s3: S3,
    folder: PathBuf,
}

/// What another process needs to know of a fleet that goes on after the one that started it.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    folder: PathBuf,
    groups: Vec<u32>,
    mapper_port: u16,
}

impl Fleet {
    /// Starts all of them below a new folder for throw-away files; `s3` is the program of the S3 server.
    ///
    /// # Errors
    /// One is missing, or does not start; those that did are ended.
    pub fn start(s3: &Path) -> Result<Self> {
        // Not below the workspace: the servers' accounts must be able to reach it.
        let folder = std::env::temp_dir().join(format!("songwalker-services-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let rabbit = {
            let folder = folder.clone();
            std::thread::spawn(move || Rabbit::new(&folder))
        };
        let others = (|| {
            let mut postgres = Postgres::new(&folder)?;
            let mut redis = Redis::new(&folder).inspect_err(|_| postgres.stop())?;
            let s3 = S3::new(&folder, s3).inspect_err(|_| {
                postgres.stop();
                redis.stop();
            })?;
            Ok((postgres, redis, s3))
        })();
        let rabbit = rabbit
            .join()
            .map_err(|_| anyhow::anyhow!("RabbitMQ's start panicked"))
            .flatten();
        match (others, rabbit) {
            (Ok((postgres, redis, s3)), Ok(rabbit)) => Ok(Self {
                postgres,
                rabbit,
                redis,
                s3,
                folder,
            }),
            (others, rabbit) => {
                let mut fault = None;
                match others {
                    Ok((mut postgres, mut redis, mut s3)) => {
                        postgres.stop();
                        redis.stop();
                        s3.stop();
                    }
                    Err(error) => fault = Some(error),
                }
                match rabbit {
                    Ok(mut rabbit) => rabbit.stop(),
                    Err(error) => fault = Some(error),
                }
                let _ = std::fs::remove_dir_all(&folder);
                Err(fault.unwrap_or_else(|| anyhow::anyhow!("no server started")))
            }
        }
    }

    /// Where they are.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses {
            postgres: Some(self.postgres.url()),
            rabbitmq: Some(self.rabbit.url()),
            redis: Some(self.redis.url()),
            s3: Some(self.s3.url()),
            s3_data: Some(self.s3.data().display().to_string()),
        }
    }

    /// Every server.
    pub fn servers(&mut self) -> [&mut dyn Server; 4] {
        [
            &mut self.postgres,
            &mut self.rabbit,
            &mut self.redis,
            &mut self.s3,
        ]
    }

    /// Writes down where they are, for tests (`services.env` in `target`) and for [`Self::end_written`].
    ///
    /// # Errors
    /// The files cannot be written.
    pub fn write(&mut self, target: &Path) -> Result<()> {
        let written = Written {
            folder: self.folder.clone(),
            groups: self.servers().iter().map(|server| server.group()).collect(),
            mapper_port: self.rabbit.mapper_port(),
        };
        std::fs::write(target.join("services.json"), serde_json::to_string(&written)?)?;
        let lines: String = self
            .addresses()
            .variables()
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
        std::fs::write(target.join("services.env"), lines)?;
        Ok(())
    }

    /// Ends the fleet that is written down in `target`, and forgets its data; whether there was one.
    ///
    /// # Errors
    /// The files cannot be read or removed.
    pub fn end_written(target: &Path) -> Result<bool> {
        let file = target.join("services.json");
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            text => text?,
        };
        let written: Written = serde_json::from_str(&text)?;
        for group in written.groups {
            process::end(group);
        }
        end_mapper(written.mapper_port);
        let _ = std::fs::remove_dir_all(&written.folder);
        let _ = std::fs::remove_file(target.join("services.env"));
        std::fs::remove_file(file)?;
        Ok(true)
    }

    /// Whether the fleet that is written down in `target` is there, every server of it.
    #[must_use]
    pub fn is_written_and_there(target: &Path) -> bool {
        std::fs::read_to_string(target.join("services.json"))
            .ok()
            .and_then(|text| serde_json::from_str::<Written>(&text).ok())
            .is_some_and(|written| written.groups.iter().all(|group| process::is_there(*group)))
    }

    /// Ends them, and forgets their data.
    pub fn end(&mut self) {
        for server in self.servers() {
            server.stop();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
