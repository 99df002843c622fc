//! Where jobs and everything else that is kept are: a data directory here, or a server elsewhere.

use std::path::PathBuf;

use clap::Args;

/// A data directory on this machine, and its configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Where jobs, bundles and keys are kept [default: songwalker in the user's data folder]
    #[arg(long, value_name = "DIR", help_heading = "Where")]
    pub data_dir: Option<PathBuf>,
    /// The configuration to read [default: songwalker/config.toml in the user's configuration folder]
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub config: Option<PathBuf>,
}

/// A data directory on this machine, or a server.
#[derive(Debug, Clone, Default, Args)]
pub struct Target {
    #[command(flatten)]
    pub place: Place,
    /// Ask that server instead; its key comes from SONGWALKER_KEY or --key-file
    #[arg(long, value_name = "URL", conflicts_with_all = ["data_dir", "config"], help_heading = "Where")]
    pub server: Option<String>,
    /// A file that holds the key for --server, and nothing else
    #[arg(long, value_name = "FILE", requires = "server", help_heading = "Where")]
    pub key_file: Option<PathBuf>,
}
