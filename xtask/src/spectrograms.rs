//! `cargo xtask spectrograms`: makes every template and every recipe and writes `docs/templates.md` and `docs/recipes.md`,
//! the pages that show how each looks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::thumbnail;
use crate::workspace::{Workspace, output};

/// The template whose whole picture the README shows.
const SHOWN: &str = "pad_evolving";

/// One of the two pages.
struct Page {
    /// Its file in `docs`.
    file: &'static str,
    /// Where its pictures are, in `docs`.
    pictures: &'static str,
    /// What `songwalker templates` is told to list them.
    listed: &'static [&'static str],
    title: &'static str,
    about: &'static str,
}

const PAGES: [Page; 2] = [
    Page {
        file: "recipes.md",
        pictures: "recipes",
        listed: &["templates", "--recipes", "--json"],
        title: "Recipes",
        about: "Named ways to change a template, what each aims at, and what it sounds like: the preview phrase of its \
                bundle, 30 Hz to 20 kHz",
    },
    Page {
        file: "templates.md",
        pictures: "spectrograms",
        listed: &["templates", "--json"],
        title: "Templates",
        about: "What each template sounds like as it is: the preview phrase of its bundle, 30 Hz to 20 kHz",
    },
];

/// Makes the pages; true when every template and every recipe could be made.
pub fn run(binary: Option<PathBuf>) -> Result<bool> {
    let workspace = Workspace::find()?;
    let binary = workspace.release_binary(binary.as_deref())?;
    for page in &PAGES {
        write(&workspace, &binary, page)?;
    }
    Ok(true)
}

fn write(workspace: &Workspace, binary: &Path, what: &Page) -> Result<()> {
    let listed: Value = serde_json::from_str(&output(Command::new(binary).args(what.listed))?)?;
    let templates = listed
        .as_array()
        .or_else(|| listed["templates"].as_array())
        .context("no list of templates")?;
    let scratch = workspace.target.join("spectrograms");
    let pictures = workspace.root.join("docs").join(what.pictures);
    for folder in [&scratch, &pictures] {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
    }
    let mut page = format!(
        "# {}\n\n{} (`cargo xtask spectrograms` writes this page).\n",
        what.title, what.about
    );
    let mut category = "";
    let mut sorted: Vec<&Value> = templates.iter().collect();
    sorted.sort_by_key(|t| (text(t, "category"), text(t, "id")));
    for template in sorted {
        let id = text(template, "id");
        if text(template, "category") != category {
            category = text(template, "category");
            write!(page, "\n## {category}\n")?;
        }
        let bundle = generate(binary, template, &scratch.join(id))?;
        let picture = std::fs::read(bundle.join("preview/spectrogram.png"))
            .with_context(|| format!("{id} has no spectrogram"))?;
        std::fs::write(pictures.join(format!("{id}.png")), thumbnail::of(&picture)?)?;
        if id == SHOWN {
            std::fs::write(workspace.root.join("docs/spectrogram.png"), &picture)?;
        }
        let analysis = analysis(&bundle).unwrap_or_default();
        std::fs::remove_dir_all(scratch.join(id))?;
        let description = template["description"].as_str().unwrap_or_default();
        write!(page, "\n### {} (`{id}`)\n\n", text(template, "name"))?;
        if !description.is_empty() {
            write!(page, "{description}\n\n")?;
        }
        if let Some(also) = template["also"].as_array() {
            let names: Vec<&str> = also.iter().filter_map(Value::as_str).collect();
            write!(
                page,
                "Also {}. On `{}`; {}.\n\n",
                names.join(", "),
                text(template, "template_id"),
                text(template, "aims")
            )?;
        }
        write!(
            page,
            "![{}]({}/{id}.png)\n{analysis}",
            text(template, "name"),
            what.pictures
        )?;
        println!("{id}");
    }
    std::fs::write(workspace.root.join("docs").join(what.file), page)?;
    println!("docs/{}: {} sounds", what.file, templates.len());
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The folder of the unpacked bundle that the template alone makes, as a job in a data directory beside it.
fn generate(binary: &Path, template: &Value, folder: &Path) -> Result<PathBuf> {
    let data_dir = folder.join("data");
    let answer = output(
        Command::new(binary)
            .env("SONGWALKER__DATA_DIR", &data_dir)
            .args([
                "generate",
                text(template, "category"),
                "--template",
                text(template, "id"),
                "--seed",
                "0",
                "--planner",
                "embedded",
            ])
            .args(["--variations", "0", "--json", "--out"])
            .arg(folder),
    )?;
    let answer: Value = serde_json::from_str(&answer)?;
    std::fs::remove_dir_all(data_dir)?;
    let patch = folder.join(answer["patch"].as_str().context("no patch in the answer")?);
    patch
        .parent()
        .map(Path::to_path_buf)
        .context("the patch lies in no folder")
}

/// One line of what was measured, where the bundle says it.
fn analysis(bundle: &Path) -> Option<String> {
    let analysis: Value =
        serde_json::from_slice(&std::fs::read(bundle.join("meta/analysis.json")).ok()?).ok()?;
    let measured = if analysis["lufs"].is_number() {
        &analysis
    } else {
        first_with_lufs(&analysis)?
    };
    let figure = |key: &str, decimals: usize| {
        measured[key]
            .as_f64()
            .map_or_else(|| "–".to_owned(), |v| format!("{v:.decimals$}"))
    };
    Some(format!(
        "\nattack {} ms, sustain {} dB, tail {} ms, brightness {} octaves, width {}, movement {}, {} LUFS\n",
        figure("attack_ms", 0),
        figure("sustain_db", 1),
        figure("tail60_ms", 0),
        figure("brightness_oct", 2),
        figure("width", 2),
        figure("movement", 2),
        figure("lufs", 1),
    ))
}

/// The first object, in depth, that holds a measured loudness.
fn first_with_lufs(value: &Value) -> Option<&Value> {
    value.as_object()?.values().find_map(|v| {
        if v["lufs"].is_number() {
            Some(v)
        } else {
            first_with_lufs(v)
        }
    })
}
