//! The step `browser`: the pages of a real server in a real browser, phone and desktop. What is looked at there is
//! `tests/browser/page_check.py`'s.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::python;
use crate::service::{Service, command};
use crate::steps::Outcome;
use crate::workspace::{Workspace, execute};

/// Starts a server, makes a sound and a page of its own for it, and looks at all pages. Pictures: `target/browser`.
pub fn run(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    let binary = workspace.dev_binary()?;
    let pictures = workspace.target.join("browser");
    if pictures.exists() {
        std::fs::remove_dir_all(&pictures)?;
    }
    let service = Service::start(&binary, &workspace.target.join("browser-service"), &[])?;
    look(&service, &binary, |of, arguments| {
        let mut check = python::script(workspace, python, "browser/page_check.py");
        execute(check.args(arguments).arg("--out").arg(pictures.join(of)))
    })?;
    service.stop_and_audit(&binary)?;
    println!("pictures in {}", pictures.display());
    Ok(Outcome::Passed)
}

fn look(service: &Service, binary: &Path, check: impl Fn(&str, &[&str]) -> Result<()>) -> Result<()> {
    let token_file = service.data_dir.join("token");
    let token_file = token_file.to_str().context("the path is no text")?;
    check("server", &["--url", &service.url(), "--token-file", token_file])?;

    let id = service.post(&json!({ "prompt": "glassy bell, long ring", "variations": 2 }))?;
    let job = service.ended(&id)?;
    ensure!(job["state"] == "succeeded", "{job}");
    let page = service.data_dir.with_file_name("page.html");
    execute(
        command(binary, &service.data_dir, &[])
            .args(["share", &id, "--html"])
            .arg(&page),
    )?;
    check(
        "file",
        &[
            "--share",
            &format!("file://{}", page.display()).replace(' ', "%20"),
        ],
    )
}
