//! `songwalker share`: a link to a sound, or one page that holds it.

use std::io::Write;
use std::path::Path;

use serde_json::json;
use songwalker_api::pages::{ShareLinks, SharePage, StandaloneParts, share_standalone};
use songwalker_generator::package::layout;
use songwalker_schemas::ErrorCode;
use songwalker_schemas::wire::{CreateShare, NewShare};

use crate::args::Share;
use crate::bundle::Bundle;
use crate::client::Client;
use crate::failure::Failure;
use crate::terminal::{self, BOLD, DIM, NOTICE, paint};
use crate::{follow, moment, named, runtime, whereabouts, whole_file};

/// Shares.
pub fn run(args: &Share) -> Result<(), Failure> {
    match &args.html {
        Some(file) => page(args, file),
        None => link(args),
    }
}

/// Where a link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To a server that others reach, as far as can be told from here.
    Others,
    /// To a server that only this machine reaches.
    ThisMachine,
    /// To an address at which no server of this data directory runs now.
    NotYet,
}

fn link(args: &Share) -> Result<(), Failure> {
    let (share, reach) = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let request = CreateShare {
            expires_in: args.expires.clone(),
        };
        let done = async {
            let job = named::job(&client, &args.job).await?;
            let share: NewShare = client.share(job.id, &request).await?;
            let reach = match &client {
                Client::Here(_) => Reach::NotYet,
                Client::There(there) if there.is_private() && leads_here(&share.url) => Reach::ThisMachine,
                Client::There(_) => Reach::Others,
            };
            Ok((share, reach))
        };
        let done = done.await;
        client.close().await?;
        done
    })?;
    if args.json {
        return terminal::print_json(&json!({
            "id": share.share.id, "job_id": share.share.job_id, "name": share.share.name, "url": share.url,
            "expires_at": share.share.expires_at, "this_machine_only": reach == Reach::ThisMachine,
            "served_now": reach != Reach::NotYet,
        }));
    }
    let end = format!(
        "until {}; {} ends it",
        moment::second(share.share.expires_at),
        whereabouts::said(&format!("shares --revoke {}", named::short(share.share.id)))
    );
    let mut text = format!("{}\n  {}\n", paint(BOLD, &share.url), paint(DIM, end));
    let serve = format!(
        "it works while {} runs; now none does",
        whereabouts::said("serve")
    );
    let word = match reach {
        Reach::Others => None,
        Reach::ThisMachine => Some(
            "it works on this machine only, while the server runs; set server.public_url for one that others reach, \
             or use --html",
        ),
        Reach::NotYet => Some(serve.as_str()),
    };
    if let Some(word) = word {
        text.push_str(&format!("  {} {word}\n", paint(NOTICE, "!")));
    }
    terminal::print(&text)
}

/// Whether an address is one of this machine.
fn leads_here(url: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"]
        .iter()
        .any(|start| url.starts_with(start))
}

/// Refuses to replace a file that nobody said may go. What is no file, such as a device, is written to.
fn may_be_written(file: &Path, force: bool) -> Result<(), Failure> {
    if force || !file.is_file() {
        return Ok(());
    }
    let message = format!("{} is there already", file.display());
    Err(Failure::new(ErrorCode::Conflict, message)
        .with_hint("name another file with --html, or replace it with --force"))
}

fn page(args: &Share, file: &Path) -> Result<(), Failure> {
    may_be_written(file, args.force)?;
    let bundle = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let done = async {
            let job = named::job(&client, &args.job).await?;
            client.bundle(&follow::succeeded(job)?).await
        };
        let done = done.await;
        client.close().await?;
        Bundle::unpack(done?)
    })?;
    let page = html(&bundle)?;
    whole_file::write(file, |out| out.write_all(page.as_bytes()))
        .map_err(|failure| failure.with_hint("name a file with --html that can be written"))?;
    let name = &bundle.patch.name;
    if args.json {
        return terminal::print_json(
            &json!({ "html": file.to_string_lossy(), "bytes": page.len(), "name": name }),
        );
    }
    terminal::print(&format!(
        "{}  {}\n",
        paint(BOLD, file.display()),
        paint(
            DIM,
            format!(
                "{:.1} MB, with player and bundle; needs no server",
                page.len() as f64 / 1e6
            )
        )
    ))
}

/// The bundle as one page.
fn html(bundle: &Bundle) -> Result<String, Failure> {
    let refused = |problem: String| Failure::new(ErrorCode::InvalidBundle, problem);
    let file = |path: &str| {
        let bytes = bundle.files.get(path).map(Vec::as_slice);
        bytes.ok_or_else(|| refused(format!("the bundle has no {path}")))
    };
    // The page puts its own content in the place of addresses.
    let links = ShareLinks::of_token("");
    let page = SharePage::from_files(&bundle.files, bundle.zip.len() as u64, links, None)
        .map_err(|error| refused(error.to_string()))?;
    let parts = StandaloneParts {
        preview_flac: file(layout::PREVIEW_FLAC)?,
        spectrogram_png: file(layout::SPECTROGRAM)?,
        bundle_zip: &bundle.zip,
    };
    share_standalone(&page, &parts).map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
}
