//! The throw-away Python environments in the target directory: what they hold, how they are made, how scripts run in
//! them.
//!
//! Made once from a file of requirements, re-used as long as their imports work.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, execute, succeeds};

/// An environment, by what it is for.
pub struct Environment {
    /// What it is for, for people.
    pub title: &'static str,
    folder: &'static str,
    requirements: &'static str,
    /// Python that fails where something is missing.
    imports: &'static str,
    /// Whether it may use the system's packages: it can then be made without a network where they are installed.
    takes_system_packages: bool,
}

/// Conformance and evaluation: the real Vital engine, and what measures sound.
pub const CONFORMANCE: Environment = Environment {
    title: "Python packages vita (the real Vital engine), numpy, scipy",
    folder: "conformance-venv",
    requirements: "conformance/requirements.txt",
    imports: "import sys; assert sys.version_info >= (3, 10); import vita, numpy, scipy.signal, scipy.io",
    takes_system_packages: true,
};

/// The HTTP contract: the fuzzer. Its versions are pinned, so that the same requests are drawn everywhere.
pub const CONTRACT: Environment = Environment {
    title: "Python package schemathesis",
    folder: "contract-venv",
    requirements: "contract/requirements.txt",
    imports: "import sys; assert sys.version_info >= (3, 10); import schemathesis; \
              assert schemathesis.__version__.startswith('4.')",
    takes_system_packages: false,
};

/// What is in `deploy/`: linters, and Helm's own code. Pinned, so that they find the same everywhere.
pub const DEPLOY: Environment = Environment {
    title: "Python packages yamllint, check-jsonschema, hadolint, shellcheck, helm, kubernetes-validate",
    folder: "deploy-venv",
    requirements: "deploy/requirements.txt",
    imports: "import sys; assert sys.version_info >= (3, 10); \
              import check_jsonschema, helm_python, kubernetes_validate, yaml, yamllint",
    takes_system_packages: false,
};

/// What our jobs are measured beside. Pinned, so that the same is measured everywhere.
pub const LOAD: Environment = Environment {
    title: "Python packages celery, redis",
    folder: "load-venv",
    requirements: "load/requirements.txt",
    imports: "import celery, redis; assert celery.__version__.startswith('5.')",
    takes_system_packages: false,
};

/// Hosts that load the plugin.
pub const PLUGIN: Environment = Environment {
    title: "Python packages pedalboard, dawdreamer",
    folder: "plugin-venv",
    requirements: "plugin/requirements.txt",
    imports: "import sys; assert sys.version_info >= (3, 10); import pedalboard, dawdreamer, numpy",
    takes_system_packages: false,
};

impl Environment {
    fn folder(&self, workspace: &Workspace) -> PathBuf {
        workspace.target.join(self.folder)
    }

    fn interpreter(&self, workspace: &Workspace) -> PathBuf {
        self.folder(workspace).join("bin/python")
    }

    /// Its interpreter, where everything that the scripts import is there already.
    pub fn ready(&self, workspace: &Workspace) -> Option<PathBuf> {
        let python = self.interpreter(workspace);
        succeeds(Command::new(&python).args(["-c", self.imports])).then_some(python)
    }

    /// Its interpreter; the environment is made or completed where it has to be.
    pub fn prepare(&self, workspace: &Workspace) -> Result<PathBuf> {
        if let Some(python) = self.ready(workspace) {
            return Ok(python);
        }
        std::fs::create_dir_all(&workspace.target)?;
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]);
        if self.takes_system_packages {
            venv.arg("--system-site-packages");
        }
        execute(venv.arg(self.folder(workspace))).context("the Python environment cannot be made")?;
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ];
        execute(
            Command::new(self.interpreter(workspace))
                .args(install)
                .arg(workspace.script(self.requirements)),
        )
        .context("the Python packages cannot be installed")?;
        self.ready(workspace)
            .context("the Python packages are installed but cannot be imported")
    }
}

/// A script of the `tests/` folder, run by this interpreter; it leaves no compiled files behind.
pub fn script(workspace: &Workspace, python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg("-B")
        .arg(workspace.script(name))
        .env("PYTHONUNBUFFERED", "1");
    command
}
