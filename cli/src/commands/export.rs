//! `songwalker export`: a patch as another synthesiser's file.

use std::io::Write;

use serde_json::json;
use songwalker_generator::export;
use songwalker_schemas::ErrorCode;

use crate::args::{Export, Synth};
use crate::failure::Failure;
use crate::terminal::{self, BOLD, NOTICE, clean, paint};
use crate::{source, whole_file};

/// Exports, and says what the file cannot carry.
pub fn run(args: &Export) -> Result<(), Failure> {
    let sound = source::sound(&args.source)?;
    let made = match args.format {
        Synth::Vital => export::vital_with(&sound.patch, &sound.assets),
    };
    let made = made.map_err(|error| Failure::new(ErrorCode::InvalidPatch, error.to_string()))?;
    whole_file::write(&args.out, |file| file.write_all(&made.bytes))?;
    if args.json {
        return terminal::print_json(
            &json!({ "out": args.out.to_string_lossy(), "bytes": made.bytes.len(), "lost": made.lost }),
        );
    }
    let mut text = format!(
        "{}  {} bytes\n",
        paint(BOLD, args.out.display()),
        made.bytes.len()
    );
    for lost in &made.lost {
        text.push_str(&format!("  {}  {}\n", paint(NOTICE, "not carried"), clean(lost)));
    }
    terminal::print(&text)
}
