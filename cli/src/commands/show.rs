//! `songwalker show`: what is in a bundle or in a job, and the line that makes it again.

use std::path::Path;

use serde_json::{Value, json};
use songwalker_generator::package::{archive, layout};
use songwalker_schemas::job::JobState;
use songwalker_schemas::limits::DEFAULT_VARIATIONS;
use songwalker_schemas::patch::MacroSlot;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::wire::Job;
use songwalker_schemas::{ErrorCode, Fault, VariationsDiff};

use crate::args::{JobReference, Show};
use crate::client::Client;
use crate::commands::deliver::by_model;
use crate::commands::{analyse, job as one_job};
use crate::failure::Failure;
use crate::source::{self, Bundle};
use crate::table::Table;
use crate::terminal::{self, BOLD, COMMAND, DIM, clean, paint, program, quoted};
use crate::{named, runtime, whereabouts};

/// Positions of a drawn knob.
const KNOB: usize = 12;

/// Prints what is in it.
pub fn run(args: &Show) -> Result<(), Failure> {
    let reference = args.what.to_str().and_then(|text| text.parse().ok());
    match reference {
        Some(reference) if !args.what.exists() => of_job(args, &reference),
        _ => of_path(args),
    }
}

fn of_path(args: &Show) -> Result<(), Failure> {
    let bundle = source::bundle(&args.what)?;
    let command = command(&args.what, &bundle.report.provenance);
    if args.command {
        return terminal::print(&format!("{command}\n"));
    }
    let (analysis, variations) = documents(&bundle)?;
    if args.json {
        return terminal::print_json(&as_json(&bundle, &analysis, &variations, &command));
    }
    let mut text = in_words(&bundle, &analysis, &variations);
    text.push_str(&made_again(&command));
    terminal::print(&text)
}

fn of_job(args: &Show, reference: &JobReference) -> Result<(), Failure> {
    let (job, zip) = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let done = async {
            let job = named::job(&client, reference).await?;
            let has_bundle = job.state == JobState::Succeeded && job.links.bundle.is_some();
            let zip = if has_bundle {
                Some(client.bundle(&job).await?)
            } else {
                None
            };
            Ok((job, zip))
        };
        let done = done.await;
        client.close().await?;
        done
    })?;
    let command = command_of_job(&job);
    if args.command {
        let command = command.ok_or_else(|| {
            Failure::new(ErrorCode::Gone, "the prompt of this job is erased")
                .with_hint("fetch its bundle: `songwalker show` of that prints a line that needs no prompt")
        })?;
        return terminal::print(&format!("{command}\n"));
    }
    let bundle = zip.map(|zip| source::checked(&args.what, zip)).transpose()?;
    let Some(bundle) = bundle else {
        return one_job::say(&job, one_job::Said::Whole, args.json);
    };
    let (analysis, variations) = documents(&bundle)?;
    if args.json {
        let bundle = as_json(
            &bundle,
            &analysis,
            &variations,
            command.as_deref().unwrap_or_default(),
        );
        return terminal::print_json(&json!({ "job": job, "bundle": bundle }));
    }
    let mut text = one_job::whole(&job);
    text.push('\n');
    text.push_str(&in_words(&bundle, &analysis, &variations));
    text.push_str(&command.map_or_else(String::new, |command| made_again(&command)));
    terminal::print(&text)
}

fn documents(bundle: &Bundle) -> Result<(Value, VariationsDiff), Failure> {
    let analysis = document(bundle, layout::ANALYSIS)?;
    let variations =
        VariationsDiff::from_value(document(bundle, layout::VARIATIONS_DIFF)?).map_err(|faults| {
            Failure::new(ErrorCode::InvalidBundle, "broken variations")
                .with_faults(faults.as_slice().to_vec())
        })?;
    Ok((analysis, variations))
}

/// The line that asks for the same again; nothing where the prompt is erased.
fn command_of_job(job: &Job) -> Option<String> {
    let request = &job.request;
    let mut command = match job.parent_job_id {
        Some(parent) => format!("{} refine {parent}", program()),
        None => format!("{} generate", program()),
    };
    let mut option = |name: &str, value: &str| command.push_str(&format!(" --{name} {}", quoted(value)));
    option("seed", &request.seed.to_string());
    if request.variations != DEFAULT_VARIATIONS {
        option("variations", &request.variations.to_string());
    }
    if let Some(template) = request
        .template_id
        .as_ref()
        .filter(|_| job.parent_job_id.is_none())
    {
        option("template", template);
    }
    if let Some(planner) = by_model(request.planner).filter(|_| job.parent_job_id.is_none()) {
        option("planner", planner.name());
    }
    if !request.tags.is_empty() && job.parent_job_id.is_none() {
        option("tags", &request.tags.join(","));
    }
    let prompt = request.prompt.as_deref()?;
    command.push_str(whereabouts::options());
    command.push_str(&format!(" -- {}", quoted(prompt)));
    Some(command)
}

/// The line that makes the same bytes again, from the intent that the bundle holds; of a refined sound the form of that
/// line, as no bundle holds the words.
pub fn command(bundle: &Path, provenance: &Provenance) -> String {
    let Provenance {
        seed,
        variations,
        parent,
        ..
    } = provenance;
    if parent.is_some() {
        return format!(
            "{} refine PARENT WORDS --seed {seed} --variations {variations}",
            program()
        );
    }
    format!(
        "{} generate --intent {} --seed {seed} --variations {variations}",
        program(),
        quoted(&bundle.display().to_string())
    )
}

fn document(bundle: &Bundle, path: &str) -> Result<Value, Failure> {
    let refused = |problem: String| {
        Failure::new(ErrorCode::InvalidBundle, "the bundle cannot be read").with_faults(vec![Fault {
            pointer: format!("/{path}"),
            problem,
        }])
    };
    let files = archive::read(&bundle.zip).map_err(|_| refused("not a zip".to_owned()))?;
    let bytes = files.get(path).ok_or_else(|| refused("missing".to_owned()))?;
    serde_json::from_slice(bytes).map_err(|error| refused(error.to_string()))
}

/// The measures of the note, wherever the document of what was measured keeps them.
pub fn measures(analysis: &Value) -> Option<&Value> {
    if analysis["lufs"].is_number() && analysis["attack_ms"].is_number() {
        return Some(analysis);
    }
    analysis.as_object()?.values().find_map(measures)
}

fn as_json(bundle: &Bundle, analysis: &Value, variations: &VariationsDiff, command: &str) -> Value {
    let report = &bundle.report;
    let patch = &report.patch;
    let macros: Vec<Value> = patch
        .macros
        .iter()
        .map(|slot| {
            json!({ "role_id": slot.role_id, "label": slot.label, "value": slot.value, "default": slot.default,
                "min": slot.min, "max": slot.max, "targets": slot.targets.len() })
        })
        .collect();
    let variations: Vec<Value> = variations
        .variations
        .iter()
        .map(|v| json!({ "id": v.id, "type": v.kind, "changes": v.patch.len() }))
        .collect();
    json!({
        "name": patch.name, "category": patch.meta.category, "subcategory": patch.meta.subcategory,
        "voicing": patch.modules.voicing.mode, "tags": patch.meta.tags, "author": patch.meta.author,
        "license": patch.meta.license, "macros": macros, "analysis": analysis, "variations": variations,
        "provenance": report.provenance, "files": report.manifest.files, "bytes": bundle.zip.len(),
        "sha256": report.zip_sha256, "bundle_sha256": report.manifest.bundle_sha256, "command": command,
    })
}

fn in_words(bundle: &Bundle, analysis: &Value, variations: &VariationsDiff) -> String {
    let report = &bundle.report;
    let patch = &report.patch;
    let plain = anstyle::Style::new();
    let kind = patch
        .meta
        .subcategory
        .as_ref()
        .map(|kind| format!(" ({})", clean(&kind.replace('_', " "))))
        .unwrap_or_default();
    let mut text = format!(
        "{}  {}{kind}, {}\n\n",
        paint(BOLD, clean(&patch.name)),
        patch.meta.category,
        patch.modules.voicing.mode
    );

    let mut facts = Table::new();
    let mut fact = |name: &str, value: String| facts.row([(DIM, name.to_owned()), (plain, clean(&value))]);
    fact("template", report.provenance.template_id.clone());
    fact("seed", report.provenance.seed.to_string());
    if !patch.meta.tags.is_empty() {
        fact("tags", patch.meta.tags.join(", "));
    }
    let names: Vec<String> = variations.variations.iter().map(|v| v.kind.to_string()).collect();
    fact(
        "variations",
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        },
    );
    fact("author", patch.meta.author.clone());
    fact("licence", patch.meta.license.clone());
    fact(
        "made by",
        format!(
            "engine {}, generator {}",
            report.provenance.engine_version, report.provenance.generator_version
        ),
    );
    fact("sha256", report.zip_sha256.clone());
    text.push_str(&facts.text(2));

    text.push_str(&format!("\n{}\n", paint(BOLD, "Macros")));
    let mut macros = Table::new();
    for slot in &patch.macros {
        macros.row([
            (plain, clean(&slot.label)),
            (DIM, drawn(slot)),
            (plain, format!("{:.2}", slot.value)),
            (DIM, slot.role_id.name().to_owned()),
        ]);
    }
    text.push_str(&macros.text(2));

    if let Some(measured) = measures(analysis) {
        text.push_str(&format!("\n{}\n", paint(BOLD, "Measured")));
        for line in analyse::table(measured).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn made_again(command: &str) -> String {
    format!(
        "\n{}\n  {}\n",
        paint(BOLD, "Make it again"),
        paint(COMMAND, clean(command))
    )
}

/// A knob's way with its place on it.
fn drawn(slot: &MacroSlot) -> String {
    let place = (slot.value.clamp(0.0, 1.0) * (KNOB - 1) as f64).round() as usize;
    (0..KNOB).map(|i| if i == place { '●' } else { '─' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_found_at_any_depth() {
        let flat = json!({ "lufs": -18.0, "attack_ms": 1.0 });
        assert_eq!(measures(&flat), Some(&flat));
        assert_eq!(
            measures(&json!({ "loudness": { "lufs": 1.0 }, "note": { "x": flat } })),
            Some(&flat)
        );
        assert_eq!(measures(&json!({ "x": [flat] })), None);
    }
}
