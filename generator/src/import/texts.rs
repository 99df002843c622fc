//! What people read: name, author, licence, comment, style, the macros' names, and the tempo it was made at.

use serde_json::{Value, json};
use songwalker_schemas::Category;
use songwalker_schemas::limits::MAX_NAME_CHARS;

use super::Warnings;
use super::preset::Preset;

/// SPDX: nobody said anything about the licence.
const NO_LICENCE: &str = "NOASSERTION";
/// How the first line of a comment that we wrote begins.
const LICENCE_LINE: &str = "Licence: ";
/// How a line of a comment begins that our export adds for itself.
const LOST_LINE: &str = "Not carried: ";
const MAX_AUTHOR: usize = 128;
const MAX_COMMENT: usize = 2_000;
const MAX_LABEL: usize = 48;
/// What a preset without any name is called.
const NAMELESS: &str = "Imported";

/// Writes them into a patch's document.
pub fn texts(preset: &Preset, file_name: Option<&str>, document: &mut Value, warnings: &mut Warnings) {
    let own_name = [preset.name.as_str(), file_name.unwrap_or_default(), NAMELESS]
        .into_iter()
        .map(one_line)
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let name = cut(&own_name, MAX_NAME_CHARS, "preset_name", warnings);
    let (license, comment) = licence(&preset.comments);
    let style = preset.style.trim();
    let (category, tag) = category(style);
    if tag {
        warnings.add(
            "preset_style",
            format!("{style:?} is none of our categories: {category} stands in, and it is kept as a tag"),
        );
    }
    let tags: Vec<String> = if tag {
        vec![cut_quietly(&one_line(style).to_lowercase(), 64)]
    } else {
        Vec::new()
    };
    let meta = &mut document["meta"];
    meta["author"] = json!(cut(&one_line(&preset.author), MAX_AUTHOR, "author", warnings));
    meta["license"] = json!(license);
    meta["comment"] = json!(cut(&comment, MAX_COMMENT, "comments", warnings));
    meta["category"] = json!(category);
    meta["tags"] = json!(tags);
    meta["imported"] = json!(true);
    meta["tempo_bpm"] = json!(tempo(preset, warnings));
    document["name"] = json!(name);
    for (index, label) in preset.macro_names.iter().enumerate() {
        let feature = format!("macro{}", index + 1);
        let mut label = cut(&one_line(label), MAX_LABEL, &feature, warnings);
        if label.is_empty() {
            label = format!("MACRO {}", index + 1);
        }
        document["macros"][index]["label"] = json!(label);
    }
    for index in preset.macro_names.len()..8 {
        document["macros"][index]["label"] = json!(format!("Macro {}", index + 1));
    }
}

/// Vital keeps beats per second.
fn tempo(preset: &Preset, warnings: &mut Warnings) -> f64 {
    let bpm = preset.number("beats_per_minute") * 60.0;
    let inside = if bpm.is_nan() {
        120.0
    } else {
        bpm.clamp(20.0, 300.0)
    };
    if (inside - bpm).abs() > 1e-3 || bpm.is_nan() {
        warnings.add(
            "beats_per_minute",
            format!("{bpm} beats a minute; {inside} stand in"),
        );
    }
    // Single precision knows 124 as 124.0000009…
    let whole = inside.round();
    if (inside - whole).abs() < 1e-4 {
        whole
    } else {
        inside
    }
}

/// The licence that our export wrote into the comment, and the comment without what our export added to it.
fn licence(comments: &str) -> (String, String) {
    let comments = comments.replace("\r\n", "\n");
    let said = comments
        .strip_prefix(LICENCE_LINE)
        .map(|rest| rest.split_once('\n').unwrap_or((rest, "")));
    let is_spdx = |text: &str| {
        (1..=64).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".+ ()-".contains(c))
    };
    match said {
        Some((license, rest)) if is_spdx(license) => {
            let mut rest = rest;
            while rest.starts_with(LOST_LINE) {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            }
            (license.to_owned(), clean(rest))
        }
        _ => (NO_LICENCE.to_owned(), clean(&comments)),
    }
}

/// The category of one of Vital's styles, and whether the style is one that we lack.
fn category(style: &str) -> (Category, bool) {
    match style {
        "Bass" => (Category::Bass, false),
        "Lead" => (Category::Lead, false),
        "Keys" => (Category::Keys, false),
        "Pad" => (Category::Pad, false),
        "Percussion" => (Category::Drum, false),
        "Sequence" => (Category::Sequence, false),
        "SFX" => (Category::Fx, false),
        "" => (Category::Lead, false),
        "Experiment" => (Category::Fx, true),
        _ => (Category::Lead, true),
    }
}

/// Text without control characters but line ends.
fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .collect();
    kept.trim().to_owned()
}

/// Text on one line.
fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut_quietly(text: &str, most: usize) -> String {
    text.chars().take(most).collect::<String>().trim().to_owned()
}

fn cut(text: &str, most: usize, feature: &str, warnings: &mut Warnings) -> String {
    let count = text.chars().count();
    if count > most {
        warnings.add(feature, format!("{count} characters; the first {most} are kept"));
    }
    cut_quietly(text, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_read_only_where_we_wrote_it() {
        let (license, comment) = licence("Licence: CC-BY-4.0\nNot carried: a\nNot carried: b\nSoft.\nVery.");
        assert_eq!(
            (license.as_str(), comment.as_str()),
            ("CC-BY-4.0", "Soft.\nVery.")
        );
        for other in ["", "by me", "Licence: see <https://x>\nx"] {
            assert_eq!(licence(other), (NO_LICENCE.to_owned(), other.to_owned()));
        }
    }
}
