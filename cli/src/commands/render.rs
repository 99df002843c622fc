//! `songwalker render`: a patch into a WAV file.

use serde_json::json;
use songwalker_engine::render::{self, MAX_SECONDS, Note, RenderError, RenderRequest};
use songwalker_engine::{ENGINE_VERSION, patch_player};
use songwalker_generator::package::midi;
use songwalker_schemas::patch::RoleId;
use songwalker_schemas::{ErrorCode, Fault, PatchSpec};

use crate::args::{Knob, MacroSetting, Render};
use crate::cpu_time::CpuTimer;
use crate::failure::Failure;
use crate::interrupt::{self, Answer};
use crate::source::{self, Sound};
use crate::terminal::{self, BOLD, DIM, NOTICE, clean, paint};
use crate::{wav, whole_file};

/// Largest MIDI file that is read, bytes.
const MAX_MIDI_BYTES: usize = 4 << 20;

/// Renders, writes, and says what it cost.
pub fn run(args: &Render) -> Result<(), Failure> {
    let Sound { patch, assets } = source::sound(&args.source)?;
    let assets = assets.for_engine();
    let request = request(args, &patch)?;
    let timer = CpuTimer::start();
    interrupt::answer(Answer::Ask);
    let audio = render::render_with(&patch, &assets, &request, &interrupt::is_asked).map_err(failure)?;
    let cpu_s = timer.seconds();
    wav::write(&args.out, &audio)?;

    let realtime = if cpu_s > 0.0 {
        audio.seconds() / cpu_s
    } else {
        f64::INFINITY
    };
    let unsupported = patch_player::unsupported(&patch);
    if args.json {
        return terminal::print_json(&json!({
            "out": args.out.to_string_lossy(), "frames": audio.frames(), "sample_rate": audio.sample_rate, "seconds": audio.seconds(),
            "cpu_s": cpu_s, "realtime": realtime, "unsupported": unsupported,
            "engine_version": ENGINE_VERSION, "made_for": patch.engine_version,
        }));
    }
    let mut text = format!(
        "{}  {:.2} s at {} Hz\n  {}\n",
        paint(BOLD, args.out.display()),
        audio.seconds(),
        audio.sample_rate,
        paint(
            DIM,
            format!("{cpu_s:.2} s of processor time, {realtime:.1} × real time")
        ),
    );
    if songwalker_engine::may_differ(&patch.engine_version) {
        let versions = format!(
            "made for engine {}, played by {ENGINE_VERSION}: it may sound different",
            clean(&patch.engine_version)
        );
        text.push_str(&format!("  {}  {versions}\n", paint(NOTICE, "another engine")));
    }
    for part in &unsupported {
        text.push_str(&format!("  {}  {}\n", paint(NOTICE, "not played"), clean(part)));
    }
    terminal::print(&text)
}

fn request(args: &Render, patch: &PatchSpec) -> Result<RenderRequest, Failure> {
    let notes = match &args.midi {
        Some(path) => {
            let bytes = whole_file::read(path, MAX_MIDI_BYTES, ErrorCode::InvalidAudio)?;
            midi::decode(&bytes).map_err(|error| {
                Failure::new(
                    ErrorCode::InvalidAudio,
                    format!("cannot use {}: {error}", path.display()),
                )
            })?
        }
        None => vec![Note {
            start_s: 0.0,
            hold_s: args.hold,
            key: args.note,
            velocity: args.velocity,
        }],
    };
    let end_s = notes
        .iter()
        .map(|note| note.start_s + note.hold_s)
        .fold(0.0, f64::max);
    let seconds = end_s + args.tail;
    if (seconds * f64::from(args.sample_rate)).round() < 1.0 {
        return Err(
            Failure::new(ErrorCode::Usage, "there is nothing to render: it lasts 0 s")
                .with_hint("make --hold and --tail together longer than 0"),
        );
    }
    if seconds + args.warm_up > MAX_SECONDS {
        let message =
            format!("{seconds:.1} s with the tail are too long: at most {MAX_SECONDS} s, warm-up included");
        return Err(Failure::new(ErrorCode::InvalidRequest, message)
            .with_hint("make --hold, --tail or the MIDI file shorter"));
    }
    Ok(RenderRequest {
        sample_rate: args.sample_rate,
        bpm: args.bpm,
        seed: args.seed,
        notes,
        seconds,
        warm_up_s: args.warm_up,
        macros: turned(&args.macros, patch)?,
    })
}

/// The slots that are turned and where they are turned to.
fn turned(settings: &[MacroSetting], patch: &PatchSpec) -> Result<Vec<(usize, f64)>, Failure> {
    let mut turned = Vec::new();
    for MacroSetting { knob, value } in settings {
        let slot = match knob {
            Knob::Place(place) => Some(*place).filter(|place| *place < patch.macros.len()),
            Knob::Role(role) => patch.macros.iter().position(|slot| slot.role_id == *role),
        };
        let Some(slot) = slot else {
            let roles: Vec<&str> = patch
                .macros
                .iter()
                .map(|slot| RoleId::name(slot.role_id))
                .collect();
            let message = "the patch has no such macro";
            return Err(
                Failure::new(ErrorCode::InvalidRequest, message).with_hint(format!(
                    "it has {}: name one by its place, 1 to 8",
                    roles.join(", ")
                )),
            );
        };
        let knob = &patch.macros[slot];
        if !(knob.min..=knob.max).contains(value) {
            let problem = format!("{value} is outside {}..{}", knob.min, knob.max);
            let fault = Fault {
                pointer: format!("/macros/{slot}/value"),
                problem,
            };
            return Err(Failure::new(
                ErrorCode::InvalidRequest,
                format!("{} does not go that far", knob.role_id),
            )
            .with_faults(vec![fault]));
        }
        turned.push((slot, *value));
    }
    Ok(turned)
}

/// The failure of a render.
pub fn failure(error: RenderError) -> Failure {
    match error {
        RenderError::Cancelled => Failure::cancelled(),
        RenderError::Invalid(what) => Failure::new(ErrorCode::InvalidRequest, what),
        RenderError::Player(error) => Failure::new(ErrorCode::RenderFailed, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macro_that_does_not_go_so_far_is_refused_with_its_pointer() {
        let mut patch = PatchSpec::default();
        patch.macros[4].max = 0.5;
        let set = |text: &str| turned(&[text.parse().unwrap()], &patch);
        assert_eq!(set("SPACE=0.5").unwrap(), [(4, 0.5)]);
        assert_eq!(set("5=0.25").unwrap(), [(4, 0.25)]);
        match set("SPACE=0.6").unwrap_err() {
            Failure::Error { faults, .. } => assert_eq!(faults[0].pointer, "/macros/4/value"),
            Failure::PipeClosed => panic!(),
        }
        for slot in &mut patch.macros {
            slot.role_id = RoleId::Free;
        }
        assert_eq!(
            turned(&["SPACE=0.1".parse().unwrap()], &patch)
                .unwrap_err()
                .exit_code(),
            3
        );
    }
}
