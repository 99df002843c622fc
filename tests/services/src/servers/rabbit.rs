//! RabbitMQ: a node of its own, with its own name, cookie, port mapper and plugins (none).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Server, folder};
use crate::process::{self, Account, connect, free_port, launch, run, until};

/// A RabbitMQ node.
#[derive(Debug)]
pub struct Rabbit {
    folder: PathBuf,
    port: u16,
    mapper_port: u16,
    node_port: u16,
    group: u32,
    account: Account,
}

/// Debian's own start script changes users and writes elsewhere: the one behind it does not.
const SERVER: [&str; 2] = ["/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"];

impl Rabbit {
    /// Whether it can be started on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        process::program(&SERVER).is_some()
    }

    /// A new node below `parent`, started.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn new(parent: &Path) -> Result<Self> {
        let mut server = Self {
            folder: folder(parent, "rabbitmq")?,
            port: free_port()?,
            mapper_port: free_port()?,
            node_port: free_port()?,
            group: 0,
            account: Account::of_server("rabbitmq"),
        };
        for part in ["home", "mnesia", "log"] {
            folder(&server.folder, part)?;
        }
        let configuration = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nlog.console = false\nlog.file.level = info\n\
             disk_free_limit.absolute = 100MB\nvm_memory_high_watermark.absolute = 1GB\n",
            server.port
        );
        std::fs::write(server.folder.join("rabbitmq.conf"), configuration)?;
        std::fs::write(server.folder.join("rabbitmq-env.conf"), "")?;
        std::fs::write(server.folder.join("enabled_plugins"), "[].\n")?;
        server.account.own(&server.folder)?;
        server.start()?;
        Ok(server)
    }

    /// Forgets everything that the node holds, as a lost disk would. The node must not run.
    ///
    /// # Errors
    /// The folder cannot be emptied.
    pub fn empty_disk(&self) -> Result<()> {
        let data = self.folder.join("mnesia");
        std::fs::remove_dir_all(&data)?;
        folder(&self.folder, "mnesia")?;
        self.account.own(&data)
    }

    /// Where its port mapper listens.
    #[must_use]
    pub const fn mapper_port(&self) -> u16 {
        self.mapper_port
    }
}

/// Ends a node's port mapper, a daemon that outlives the node.
pub fn end_mapper(port: u16) {
    let _ = run(Command::new("epmd")
        .args(["-port", &port.to_string(), "-kill"])
        .env("ERL_EPMD_ADDRESS", "127.0.0.1"));
}

impl Server for Rabbit {
    fn name(&self) -> &'static str {
        "RabbitMQ"
    }

    fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    fn group(&self) -> u32 {
        self.group
    }

    fn start(&mut self) -> Result<()> {
        let program = process::program(&SERVER).context("RabbitMQ is not installed")?;
        let log = self.folder.join("start.log");
        let at = |name: &str| self.folder.join(name);
        let mut command = self.account.command(&program);
        let bin = program.parent().unwrap_or(Path::new("/usr/lib/rabbitmq/bin"));
        command
            .env_clear()
            .current_dir(&self.folder)
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()))
            .env("LANG", "C.UTF-8")
            .env("HOME", at("home"))
            .env("ERL_EPMD_PORT", self.mapper_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", format!("songwalker{}@localhost", self.port))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.node_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", at("rabbitmq-env.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
            );
        self.group = launch(&mut command, &log)?;
        let port = self.port;
        until(self.name(), &log, || {
            let Some(mut stream) = connect(port) else {
                return false;
            };
            let mut answer = [0; 1];
            stream.write_all(b"AMQP\x00\x00\x09\x01").is_ok() && stream.read_exact(&mut answer).is_ok()
        })
    }

    fn stop(&mut self) {
        process::end(self.group);
        end_mapper(self.mapper_port);
    }
}
