//! The docs page of all parameters (`docs/parameters.md`), made from the table.

use std::fmt::Write as _;

use crate::params::table;
use crate::table::Kind;

/// The page as Markdown. Slots that differ by number only stand once, with `{i}`.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Parameters of a patch\n\nMade from the parameter table by `cargo xtask generate`; edit the table, not this page. `{i}` counts from 0. \
         Effects are written by type here; in a patch they stand in `/modules/fx/0` to `/modules/fx/8` in processing order. \
         *Mod* marks what routes and macros may aim at.\n",
    );
    let mut section = String::new();
    for row in table() {
        let Some((pattern, heading)) = pattern(&row.path) else {
            continue;
        };
        if heading != section {
            let _ = write!(
                page,
                "\n## {heading}\n\n| pointer | unit | range | default | mod | what it does | Vital |\n|---|---|---|---|---|---|---|\n"
            );
            section = heading;
        }
        let range = match row.kind {
            Kind::Continuous | Kind::Integer => format!("{} … {}", row.min, row.max),
            Kind::Choice(names) => names[row.min as usize..=row.max as usize].join(", "),
            Kind::Flag => "off, on".to_owned(),
        };
        let default = match row.kind {
            Kind::Continuous | Kind::Integer => row.default.to_string(),
            Kind::Choice(names) => names[row.default as usize].to_owned(),
            Kind::Flag => if row.default == 0.0 { "off" } else { "on" }.to_owned(),
        };
        let _ = writeln!(
            page,
            "| `{pattern}` | {} | {range} | {default} | {} | **{}.** {} | {} |",
            row.unit,
            if row.modulatable { "yes" } else { "" },
            row.label,
            row.effect,
            if row.vital.is_empty() {
                "–".to_owned()
            } else {
                format!("`{}`", row.vital)
            },
        );
    }
    page
}

/// The pattern of a path and its section; `None` for all slots of a kind but the first.
fn pattern(path: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["modules", kind, slot, rest @ ..] if slot.bytes().all(|b| b.is_ascii_digit()) => {
            let first = if *kind == "filter" { "1" } else { "0" };
            (*slot == first).then(|| {
                (
                    format!("/modules/{kind}/{{i}}/{}", rest.join("/")),
                    format!("{kind}/{{i}}"),
                )
            })
        }
        ["modules", "fx", kind, ..] => Some((path.to_owned(), format!("fx: {kind}"))),
        ["modules", kind, ..] => Some((path.to_owned(), (*kind).to_owned())),
        _ => None,
    }
}
