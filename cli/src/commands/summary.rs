//! How a generation ends for a person: what was asked and measured, where the files are, what can be done next.

use std::path::Path;

use anstyle::Style;
use songwalker_generator::package::layout;
use songwalker_schemas::limits::{DEFAULT_VARIATIONS, MAX_SEED};

use crate::args::DEFAULT_OUT;
use crate::commands::asked;
use crate::commands::deliver::Made;
use crate::named::short;
use crate::table::{LINE, Table, wrapped};
use crate::terminal::{BOLD, COMMAND, DIM, GOOD, NOTICE, clean, paint, program, quoted};
use crate::whereabouts;

/// Longest prompt that is repeated in a line to type, in characters.
const MAX_REPEATED_PROMPT: usize = 70;

/// Below this confidence the words were hardly a description of a sound.
const LOW_CONFIDENCE: f64 = 0.35;

/// Loudness of every preview, where its peak allows it.
const TARGET_LUFS: f64 = -18.0;

const PLAIN: Style = Style::new();

/// The whole of it.
pub fn text(made: &Made) -> String {
    let mut text = heading(made);
    text.push_str(&understood(made));
    text.push_str(&measured(made));
    text.push_str(&remarks(made));
    text.push_str(&files(made));
    text.push_str(&next(made));
    text
}

fn heading(made: &Made) -> String {
    let patch = &made.bundle.patch;
    let kind = patch
        .meta
        .subcategory
        .as_ref()
        .map(|kind| format!(" ({})", clean(&kind.replace('_', " "))))
        .unwrap_or_default();
    format!(
        "{}  {}{kind}, {}{}\n\n",
        paint(BOLD, clean(&patch.name)),
        patch.meta.category,
        patch.modules.voicing.mode,
        paint(
            DIM,
            format!(
                ", seed {}, {:.1} s",
                made.asked.seed,
                made.timings_ms.get("total").unwrap_or(&0.0) / 1e3
            )
        ),
    )
}

/// What was asked, as it was understood.
fn understood(made: &Made) -> String {
    let words = asked::in_words(&made.bundle.intent);
    let words = if words.is_empty() {
        "nothing beyond its kind".to_owned()
    } else {
        words.join(", ")
    };
    let mut table = Table::new();
    for (index, line) in wrapped(&clean(&words), LINE - 14).into_iter().enumerate() {
        let name = if index == 0 { "understood" } else { "" };
        table.row([(DIM, name.to_owned()), (PLAIN, line)]);
    }
    format!("{}\n", table.text(2))
}

fn measured(made: &Made) -> String {
    let report = &made.bundle.report;
    let mut table = Table::new();
    table.row([
        (PLAIN, String::new()),
        (DIM, "checked".into()),
        (DIM, "wanted".into()),
        (DIM, "measured".into()),
    ]);
    for asked in &report.asked {
        table.row([
            mark(asked.reached),
            (PLAIN, clean(&asked.what)),
            (PLAIN, figures(&clean(&asked.wanted))),
            (
                if asked.reached { PLAIN } else { NOTICE },
                figures(&clean(&asked.got)),
            ),
        ]);
    }
    let loudness = &report.loudness;
    let got = format!(
        "{:.1} LUFS, peak {:.1} dBTP",
        loudness.lufs, loudness.true_peak_db
    )
    .replace('-', "−");
    let (wanted, reached) = match loudness.limited_by.as_str() {
        "loudness" => ("−18 LUFS", true),
        "peak" => ("8 notes below −1 dBTP", true),
        _ => ("−18 LUFS", (loudness.lufs - TARGET_LUFS).abs() <= 1.0),
    };
    table.row([
        mark(reached),
        (PLAIN, "loudness".into()),
        (PLAIN, wanted.into()),
        (PLAIN, got),
    ]);
    table.text(2)
}

/// A measure with no more digits than say something, and a true minus.
fn figures(measure: &str) -> String {
    let figure = |word: &str| {
        let Some(value) = word.parse::<f64>().ok().filter(|value| value.is_finite()) else {
            return word.to_owned();
        };
        let text = match value.abs() {
            size if size >= 99.95 => format!("{value:.0}"),
            size if size >= 9.995 => format!("{value:.1}"),
            _ => format!("{value:.2}"),
        };
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        text.replace('-', "−")
    };
    measure.split(' ').map(figure).collect::<Vec<_>>().join(" ")
}

fn mark(reached: bool) -> (Style, String) {
    if reached {
        (GOOD, "✓".into())
    } else {
        (NOTICE, "~".into())
    }
}

/// What a person should know and would not see.
fn remarks(made: &Made) -> String {
    let (report, intent) = (&made.bundle.report, &made.bundle.intent);
    let mut remarks: Vec<String> = Vec::new();
    for conflict in &report.conflicts {
        let asked = conflict.asked.join("” and “");
        remarks.push(format!(
            "“{asked}” disagree about {}; kept: {}",
            conflict.about, conflict.kept
        ));
    }
    if made.asked.prompt.is_some() && intent.confidence < LOW_CONFIDENCE {
        remarks.push("Few of these words describe a sound, so much of this is a guess.".to_owned());
    }
    if report.loudness.limited_by == "master" && report.loudness.lufs < TARGET_LUFS - 1.0 {
        remarks.push("Its volume is as high as it goes, and it is still quieter than −18 LUFS.".to_owned());
    }
    for lost in made.bundle.lost() {
        remarks.push(format!("Vital does not carry: {lost}"));
    }
    let silent = made.bundle.silent_variations();
    if !silent.is_empty() {
        remarks.push(format!(
            "To stay small, the bundle has no sound of: {}",
            silent.join(", ")
        ));
    }
    let mut text = String::new();
    for remark in remarks {
        for (index, line) in wrapped(&clean(&remark), LINE - 4).into_iter().enumerate() {
            let mark = if index == 0 {
                paint(NOTICE, "!")
            } else {
                " ".to_owned()
            };
            text.push_str(&format!("  {mark} {line}\n"));
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

fn files(made: &Made) -> String {
    let bundle = made.bundle;
    let folder = &made.written.folder;
    let there = if made.written.already_there {
        "  was already there, the same to the last bit"
    } else {
        ""
    };
    let mut table = Table::new();
    let mut file = |path: &str, what: String| table.row([(PLAIN, path.to_owned()), (DIM, what)]);
    file(&layout::vital(&bundle.stem), "open this in Vital".to_owned());
    file(layout::PREVIEW_FLAC, "hear it".to_owned());
    let variations = bundle.variations();
    if !variations.is_empty() {
        file("variations/", variations.join(", "));
    }
    let zip = made.written.zip.file_name().unwrap_or_default().to_string_lossy();
    file(&zip, format!("all of it, {}", size(bundle.zip.len())));
    let mut text = format!(
        "\n{}{}\n{}",
        paint(BOLD, slashed(folder)),
        paint(DIM, there),
        table.text(2)
    );
    if let Some(installed) = made.installed {
        text.push_str(&format!(
            "{}  {}\n",
            paint(BOLD, "In Vital's browser"),
            installed.display()
        ));
    }
    text
}

fn next(made: &Made) -> String {
    let mut table = Table::new();
    let mut line = |what: &str, command: String| table.row([(DIM, what.to_owned()), (COMMAND, command)]);
    if let Some(command) = another_version(made) {
        line("another version", command);
    }
    let program = program();
    let folder = quoted(&made.written.folder.display().to_string());
    line("macros and measures", format!("{program} show {folder}"));
    line("check every file", format!("{program} verify {folder}"));
    if let Some(made_by) = made.made_by {
        let page = quoted(&format!("{}.html", made.bundle.stem));
        line(
            "let others hear it",
            whereabouts::line(&format!("share {} --html {page}", short(made_by.job.id))),
        );
    }
    // What this machine cannot do is not praised.
    if !made.delivery.play && !crate::play::found().is_empty() {
        line("hear it at once", whereabouts::line("generate … --play"));
    }
    if made.delivery.install.is_none() {
        line(
            "into Vital's browser",
            whereabouts::line("generate … --install vital"),
        );
    }
    format!("\n{}\n{}", paint(BOLD, "Next"), table.text(2))
}

/// The line that was typed with the next seed; none where it would be too long to read or could command a terminal.
fn another_version(made: &Made) -> Option<String> {
    let asked = made.asked;
    let prompt = asked
        .prompt
        .as_deref()
        .filter(|prompt| prompt.chars().count() <= MAX_REPEATED_PROMPT)?;
    let mut command = format!("{} generate {}", program(), quoted(prompt.trim()));
    let mut option = |name: &str, value: &str| command.push_str(&format!(" --{name} {}", quoted(value)));
    if let Some(id) = &asked.template {
        option("template", id);
    }
    if !asked.tags.is_empty() {
        option("tags", &asked.tags.join(","));
    }
    if asked.variations != DEFAULT_VARIATIONS {
        option("variations", &asked.variations.to_string());
    }
    if let Some(planner) = asked.planner {
        option("planner", planner.name());
    }
    if made.delivery.out != Path::new(DEFAULT_OUT) {
        option("out", &made.delivery.out.display().to_string());
    }
    option("seed", &(asked.seed.wrapping_add(1) & MAX_SEED).to_string());
    command.push_str(whereabouts::options());
    is_plain(&command).then_some(command)
}

/// Whether a line can be shown as it is.
fn is_plain(line: &str) -> bool {
    !line.contains('\n') && clean(line) == line
}

fn slashed(folder: &Path) -> String {
    format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR)
}

fn size(bytes: usize) -> String {
    if bytes < 1_000_000 {
        format!("{} kB", bytes.div_ceil(1_000))
    } else {
        format!("{:.1} MB", bytes as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_have_no_digits_that_say_nothing() {
        assert_eq!(figures("75.00 … 2700 ms"), "75 … 2700 ms");
        assert_eq!(figures("≥ -10.50 dB"), "≥ −10.5 dB");
        assert_eq!(figures("0.00 cents"), "0 cents");
        assert_eq!(figures("never"), "never");
    }

    #[test]
    fn a_line_that_could_command_a_terminal_is_not_shown() {
        assert!(is_plain("songwalker generate \"warm pad, ä 🌊\" --seed 1"));
        for unclean in ["a\tb", "a\nb", "a\u{202e}b", "a\u{61c}b", "a\u{1b}[2Jb"] {
            assert!(!is_plain(unclean), "{unclean:?}");
        }
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        assert_eq!(
            [size(1), size(999_000), size(1_250_000)],
            ["1 kB", "999 kB", "1.2 MB"]
        );
    }
}
