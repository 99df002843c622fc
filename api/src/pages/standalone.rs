//! A share as one file: sound, picture, bundle, style and script are all in the page, which asks for nothing at all
//! and says so in its own policy.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Head, PageError, ShareLinks, SharePage, assets, share_with};

/// What the page carries inside.
#[derive(Debug, Clone, Copy)]
pub struct StandaloneParts<'a> {
    /// The preview, FLAC.
    pub preview_flac: &'a [u8],
    /// Its spectrogram, PNG.
    pub spectrogram_png: &'a [u8],
    /// The bundle.
    pub bundle_zip: &'a [u8],
}

/// The page of a share as one file. The page's own links and its end are not used: a file does not end.
///
/// # Errors
/// The template cannot be filled in.
pub fn share_standalone(page: &SharePage, parts: &StandaloneParts) -> Result<String, PageError> {
    let page = SharePage {
        links: ShareLinks {
            preview: data("audio/flac", parts.preview_flac),
            spectrogram: data("image/png", parts.spectrogram_png),
            bundle: data("application/zip", parts.bundle_zip),
            patch: None,
        },
        expires_at: None,
        ..page.clone()
    };
    let style = assets::content("songwalker.css");
    let script = [assets::content("standalone.js"), assets::content("player.js")].concat();
    let policy = format!(
        "default-src 'none'; img-src data:; media-src data: blob:; style-src '{}'; script-src '{}'; base-uri 'none'; \
         form-action 'none'",
        hash(style),
        hash(&script)
    );
    let icon = data("image/svg+xml", assets::content("icon.svg").as_bytes());
    share_with(
        &page,
        Head::Inline {
            policy,
            style,
            script,
            icon,
        },
    )
}

fn data(content_type: &str, bytes: &[u8]) -> String {
    format!("data:{content_type};base64,{}", STANDARD.encode(bytes))
}

/// As a policy names what it allows inline.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
