//! What people see in a browser: the page of a share, the page of a share that is gone, the home page, and the style
//! and scripts that they use.
//!
//! Plain functions from data to text: no request, no database, no clock. Routes and headers are the router's; the
//! policy that the pages are written for is [`csp`]. What a share shows comes from the bundle's patch, measures and
//! variations alone: there is no field that could carry a prompt (R10).

pub mod assets;
mod differences;
mod figures;
mod measures;
mod outline;
mod share_page;
mod standalone;

use askama::Template;
use songwalker_generator::package::names;

pub use assets::asset;
pub use differences::Difference;
pub use measures::Measure;
pub use outline::Outline;
pub use share_page::{Knob, ShareLinks, SharePage};
pub use standalone::{StandaloneParts, share_standalone};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The bundle has no such file.
    #[error("the bundle has no {0}")]
    Missing(&'static str),
    /// A file of the bundle is not what it should be.
    #[error("cannot read {0} of the bundle")]
    Unreadable(&'static str),
    /// The template cannot be filled in.
    #[error("cannot write the page: {0}")]
    Template(#[from] askama::Error),
}

/// The policy under which every page of the server works: nothing from elsewhere, nothing inline, in no frame.
#[must_use]
pub const fn csp() -> &'static str {
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

/// What stands in a page's head.
enum Head {
    /// Style and script are files of this server.
    Linked {
        /// Address of the style sheet.
        style: &'static str,
        /// Address of the script; empty for none.
        script: &'static str,
        /// Address of the icon.
        icon: &'static str,
    },
    /// Everything is in the page.
    Inline {
        /// The policy, by the hashes of style and script.
        policy: String,
        /// The style sheet.
        style: &'static str,
        /// The script.
        script: String,
        /// The icon as `data:` address.
        icon: String,
    },
}

impl Head {
    fn linked(script: &'static str) -> Self {
        Self::Linked {
            style: assets::address("songwalker.css"),
            script: if script.is_empty() {
                ""
            } else {
                assets::address(script)
            },
            icon: assets::address("icon.svg"),
        }
    }
}

#[derive(Template)]
#[template(path = "share.html")]
struct ShareTemplate<'a> {
    head: Head,
    page: &'a SharePage,
    /// What the page is about, for search results and previews of the link.
    summary: String,
    kind: String,
    tags: Vec<&'a str>,
    until: Option<String>,
    above: String,
    below: String,
    source: &'a str,
    /// The stem of the bundle's files.
    stem: String,
    size: String,
    licence: String,
}

#[derive(Template)]
#[template(path = "gone.html")]
struct GoneTemplate {
    head: Head,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomeTemplate {
    head: Head,
    above: &'static str,
    below: &'static str,
    source: &'static str,
}

/// The page of a share, `GET /s/{token}`.
///
/// # Errors
/// The template cannot be filled in.
pub fn share(page: &SharePage) -> Result<String, PageError> {
    share_with(page, Head::linked("player.js"))
}

fn share_with(page: &SharePage, head: Head) -> Result<String, PageError> {
    let (above, below) = page.outline.paths();
    let template = ShareTemplate {
        head,
        page,
        summary: page.summary(),
        kind: page.kind(),
        tags: page.words(),
        until: page.expires_at.and_then(figures::day),
        above,
        below,
        source: &page.links.preview,
        stem: names::file_stem(&page.name),
        size: figures::bytes(page.bundle_bytes),
        licence: page.licence(),
    };
    Ok(template.render()?)
}

/// The page of every share that cannot be shown: unknown, expired and revoked ones have the same bytes.
///
/// # Errors
/// The template cannot be filled in.
pub fn gone() -> Result<String, PageError> {
    Ok(GoneTemplate {
        head: Head::linked(""),
    }
    .render()?)
}

/// The home page, `GET /`: the same for everybody; what is somebody's own comes by the API.
///
/// # Errors
/// The template cannot be filled in.
pub fn home() -> Result<String, PageError> {
    Ok(HomeTemplate {
        head: Head::linked("home.js"),
        above: "",
        below: "",
        source: "",
    }
    .render()?)
}

#[cfg(test)]
mod tests;
