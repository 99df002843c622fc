//! Style, scripts and icon of the pages, built into the binary. A name carries the hash of what it names
//! (`player.1b2c3d4e.js`), so that browsers may keep it for ever: other content has another name. Scripts name each
//! other by plain names (`./player.js`); the hashed ones are put in here, once.

use std::sync::LazyLock;

/// For `Cache-Control`: a name never gets other content.
pub const CACHE: &str = "public, max-age=31536000, immutable";

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

struct Asset {
    /// Its name in the source.
    plain: &'static str,
    /// `/assets/<name>.<hash>.<ending>`.
    address: String,
    content: String,
    content_type: &'static str,
}

macro_rules! source {
    ($name:literal) => {
        include_str!(concat!("../../assets/", $name))
    };
}

/// Name, content type and parts of each asset. A script stands behind those that it imports.
const SOURCES: &[(&str, &str, &[&str])] = &[
    ("icon.svg", SVG, &[source!("icon.svg")]),
    (
        "songwalker.css",
        CSS,
        &[
            source!("base.css"),
            source!("player.css"),
            source!("share.css"),
            source!("home.css"),
        ],
    ),
    ("player.js", JS, &[source!("player.js")]),
    ("standalone.js", JS, &[source!("standalone.js")]),
    ("dom.js", JS, &[source!("dom.js")]),
    ("sentences.js", JS, &[source!("sentences.js")]),
    ("service.js", JS, &[source!("service.js")]),
    ("outline.js", JS, &[source!("outline.js")]),
    ("result.js", JS, &[source!("result.js")]),
    ("progress.js", JS, &[source!("progress.js")]),
    ("earlier.js", JS, &[source!("earlier.js")]),
    ("home.js", JS, &[source!("home.js")]),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets: Vec<Asset> = Vec::with_capacity(SOURCES.len());
    for (plain, content_type, parts) in SOURCES {
        let mut content = parts.concat();
        for earlier in &assets {
            let hashed = earlier.address.replace("/assets/", "./");
            content = content.replace(&format!("\"./{}\"", earlier.plain), &format!("\"{hashed}\""));
        }
        let hash = blake3::hash(content.as_bytes()).to_hex();
        let (stem, ending) = plain.rsplit_once('.').unwrap_or((plain, ""));
        assets.push(Asset {
            plain,
            address: format!("/assets/{stem}.{}.{ending}", &hash[..8]),
            content,
            content_type,
        });
    }
    assets
});

/// The content and content type of an asset by its address, `/assets/<name>.<hash>.<ending>`, or by what stands behind
/// `/assets/`; nothing where the name or its hash is not one of ours.
#[must_use]
pub fn asset(path: &str) -> Option<(&'static [u8], &'static str)> {
    let name = path.strip_prefix("/assets/").unwrap_or(path);
    let asset = ASSETS
        .iter()
        .find(|asset| asset.address.strip_prefix("/assets/") == Some(name))?;
    Some((asset.content.as_bytes(), asset.content_type))
}

/// The address of the asset with that name in the source; empty where there is none.
pub(super) fn address(plain: &str) -> &'static str {
    find(plain).map_or("", |asset| &asset.address)
}

/// The text of the asset with that name in the source; empty where there is none.
pub(super) fn content(plain: &str) -> &'static str {
    find(plain).map_or("", |asset| &asset.content)
}

fn find(plain: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.plain == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_served_under_its_hashed_name_only() {
        let address = address("player.js");
        let name = address.strip_prefix("/assets/").unwrap();
        let (bytes, content_type) = asset(name).unwrap();
        assert_eq!(asset(address), Some((bytes, content_type)));
        assert_eq!(content_type, JS);
        assert_eq!(bytes, content("player.js").as_bytes());
        let hash = name.split('.').nth(1).unwrap();
        assert_eq!(hash, &blake3::hash(bytes).to_hex()[..8]);
        for other in [
            "player.js",
            "player.00000000.js",
            "",
            "../pages.rs",
            "/etc/passwd",
        ] {
            assert!(asset(other).is_none(), "{other}");
        }
    }

    #[test]
    fn every_import_names_an_asset_that_is_there() {
        let mut imports = 0;
        for script in ASSETS.iter().filter(|asset| asset.content_type == JS) {
            for line in script.content.lines().filter(|line| line.starts_with("import ")) {
                let name = line.split('"').nth(1).unwrap();
                let name = name.strip_prefix("./").expect(line);
                assert!(asset(name).is_some(), "{} imports {name}", script.plain);
                imports += 1;
            }
        }
        assert!(imports > 3);
    }

    #[test]
    fn no_asset_asks_for_anything_elsewhere() {
        for asset in ASSETS.iter() {
            let text = asset.content.replace("http://www.w3.org/", "");
            for elsewhere in ["http://", "https://", "url(", "@import", "//cdn"] {
                assert!(!text.contains(elsewhere), "{} has {elsewhere}", asset.plain);
            }
        }
    }
}
