//! The version of what turns words into patches. It changes with the engine, with lexicon, templates and recipes, and by hand
//! with the mapper: two generators of one version give the same bytes for the same request.

use std::sync::OnceLock;

use songwalker_schemas::canonical::sha256_hex;

/// The version of planner, mapper, check and packaging, raised by hand with each change of what they make.
const CODE_VERSION: &str = "0.2.0";

/// `code+hash`: the hash is of the engine's version, the lexicon, the templates and the recipes.
#[must_use]
pub fn generator_version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut data = songwalker_engine::ENGINE_VERSION.to_owned();
        let texts = crate::templates::texts().chain(crate::recipes::texts());
        for text in texts.chain(crate::planner::lexicon_texts()) {
            data.push('\0');
            data.push_str(text);
        }
        format!("{CODE_VERSION}+{}", &sha256_hex(data.as_bytes())[..8])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_same_each_time_and_names_its_data() {
        let version = generator_version();
        assert_eq!(version, generator_version());
        let (code, data) = version.split_once('+').expect("code and data");
        assert_eq!(code, CODE_VERSION);
        assert!(data.len() == 8 && data.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
