//! The servers, one file each, and what can be done to any of them.

mod postgres;
mod rabbit;
mod redis;
mod s3;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
pub use postgres::{Postgres, query};
pub use rabbit::{Rabbit, end_mapper};
pub use redis::Redis;
pub use s3::{BUCKET, S3, VERSION as S3_VERSION};

use crate::process;

/// A server that runs, or was killed and will run again.
pub trait Server: Send {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// Its address, as [`Addresses`](crate::Addresses) has it.
    fn url(&self) -> String;
    /// The group of its processes.
    fn group(&self) -> u32;
    /// Starts it on its port and data, and waits until it answers.
    ///
    /// # Errors
    /// It does not.
    fn start(&mut self) -> Result<()>;
    /// Ends it in order.
    fn stop(&mut self) {
        process::end(self.group());
    }
    /// `kill -9`.
    fn kill(&mut self) {
        process::kill(self.group());
    }
    /// Whether it is there.
    fn is_there(&self) -> bool {
        process::is_there(self.group())
    }
}

/// A folder of its own for a server.
fn folder(parent: &Path, name: &str) -> Result<PathBuf> {
    let folder = parent.join(name);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}
