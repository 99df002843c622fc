//! `songwalker doctor`: what this machine has, where things go, whether each part of the service answers, and whether
//! the engine plays here what it plays everywhere.

mod service;

use std::path::PathBuf;

use serde_json::{Value, json};
use songwalker_engine::ENGINE_VERSION;
use songwalker_engine::audio::Audio;
use songwalker_engine::render::{self, RenderRequest};
use songwalker_generator::generator_version;
use songwalker_schemas::patch::fx::Fx;
use songwalker_schemas::{ErrorCode, Fault, PatchSpec, SCHEMA_VERSION, canonical};

use crate::args::{DEFAULT_OUT, Doctor};
use crate::commands::render::failure;
use crate::cpu_time::CpuTimer;
use crate::failure::Failure;
use crate::table::Table;
use crate::terminal::{self, BAD, BOLD, DIM, GOOD, NOTICE, clean};
use crate::{install, logging, output, play, settings};
use service::Part;
use songwalker_jobs::checkup::Verdict;

/// SHA-256 of the self-test's sound: two seconds of [`probe`], as little-endian floats, left and right in turn.
/// It changes with the engine's sound only; the test below says the new one.
const SELF_TEST_SHA256: &str = "abef9bd62c60d12facca2840c5b6cef21b904b99a91e4554714ffb363d4fb4c8";

/// What the self-test found.
struct SelfTest {
    sha256: String,
    cpu_s: f64,
    seconds: f64,
}

/// Examines and prints.
pub fn run(args: &Doctor) -> Result<(), Failure> {
    let config = settings::load(&args.place)?;
    logging::of_command(&config)?;
    let parts = service::examine(&config)?;
    let test = self_test()?;
    let broken = broken(&parts, &test);
    if !args.json {
        terminal::print(&in_words(&parts, &test))?;
    } else if broken.is_none() {
        terminal::print_json(&as_json(&parts, &test))?;
    }
    let Some((code, message, faults)) = broken else {
        return Ok(());
    };
    let failure = Failure::new(code, message).with_faults(if args.json { faults } else { Vec::new() });
    Err(if code == ErrorCode::VerificationFailed {
        failure.with_hint("please report this with what `songwalker doctor` says")
    } else {
        failure.with_hint(if service::is_of_many_machines(&config) {
            "docs/RUNBOOK.md says what to do by what is seen"
        } else {
            "docs/TROUBLESHOOTING.md says what to do"
        })
    })
}

/// What does not work, where something does not.
fn broken(parts: &[Part], test: &SelfTest) -> Option<(ErrorCode, &'static str, Vec<Fault>)> {
    if test.sha256 != SELF_TEST_SHA256 {
        let fault = Fault {
            pointer: "/self_test/sha256".to_owned(),
            problem: format!("is {}, expected {SELF_TEST_SHA256}", test.sha256),
        };
        let message = "the engine does not play on this machine what it plays elsewhere";
        return Some((ErrorCode::VerificationFailed, message, vec![fault]));
    }
    let faults: Vec<Fault> = parts
        .iter()
        .filter(|part| part.verdict == Verdict::Bad)
        .map(|part| Fault {
            pointer: format!("/{}", part.name),
            problem: part.words.clone(),
        })
        .collect();
    let message = "something that jobs need does not work";
    (!faults.is_empty()).then_some((ErrorCode::StorageUnavailable, message, faults))
}

/// A sound that uses every kind of part: a detuned saw through a filter, noise, and all effects.
fn probe() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].unison.voices = 5;
    patch.modules.filter[0].enabled = true;
    patch.modules.sample.enabled = true;
    for fx in &mut patch.modules.fx {
        enable(fx);
    }
    patch
}

fn enable(fx: &mut Fx) {
    match fx {
        Fx::Chorus(fx) => fx.enabled = true,
        Fx::Compressor(fx) => fx.enabled = true,
        Fx::Delay(fx) => fx.enabled = true,
        Fx::Distortion(fx) => fx.enabled = true,
        Fx::Eq(fx) => fx.enabled = true,
        Fx::Filter(fx) => fx.enabled = true,
        Fx::Flanger(fx) => fx.enabled = true,
        Fx::Phaser(fx) => fx.enabled = true,
        Fx::Reverb(fx) => fx.enabled = true,
    }
}

fn self_test() -> Result<SelfTest, Failure> {
    let timer = CpuTimer::start();
    let audio =
        render::render(&probe(), &RenderRequest::note(57, 0.8, 1.0, 2.0), &|| false).map_err(failure)?;
    Ok(SelfTest {
        sha256: hash(&audio),
        cpu_s: timer.seconds(),
        seconds: audio.seconds(),
    })
}

fn hash(audio: &Audio) -> String {
    let bytes: Vec<u8> = audio
        .left
        .iter()
        .zip(&audio.right)
        .flat_map(|(l, r)| [l.to_le_bytes(), r.to_le_bytes()].concat())
        .collect();
    canonical::sha256_hex(&bytes)
}

/// Extensions of the processor that are there. None of them is used: see `docs/DETERMINISM.md`.
fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let all = [
            ("sse2", std::is_x86_feature_detected!("sse2")),
            ("sse4.2", std::is_x86_feature_detected!("sse4.2")),
            ("avx", std::is_x86_feature_detected!("avx")),
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ];
        all.into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| name)
            .collect()
    }
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

/// What the engine's code is compiled for.
fn used_features() -> &'static str {
    if cfg!(target_feature = "avx") {
        "more than the baseline: this build may sound different in the last bit"
    } else {
        "the baseline of its architecture only, so that every machine makes the same bits"
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn out_folder() -> PathBuf {
    std::path::absolute(DEFAULT_OUT).unwrap_or_else(|_| PathBuf::from(DEFAULT_OUT))
}

fn as_json(parts: &[Part], test: &SelfTest) -> Value {
    let service: serde_json::Map<String, Value> = parts
        .iter()
        .map(|part| (part.name.to_owned(), part.value.clone()))
        .collect();
    let players: Vec<&str> = play::found().iter().map(|(player, _)| player.program).collect();
    json!({
        "versions": {
            "songwalker": env!("CARGO_PKG_VERSION"), "engine": ENGINE_VERSION, "generator": generator_version(),
            "schemas": SCHEMA_VERSION, "build": build(),
        },
        "cpu": { "arch": std::env::consts::ARCH, "cores": cores(), "features": cpu_features(), "used": used_features() },
        "out": { "path": out_folder(), "writable": output::probe(&out_folder()).is_ok() },
        "players": players,
        "vital_presets": install::presets_folder().ok(),
        "self_test": {
            "passed": test.sha256 == SELF_TEST_SHA256, "sha256": test.sha256, "expected": SELF_TEST_SHA256,
            "cpu_s": test.cpu_s, "realtime": test.seconds / test.cpu_s,
        },
        "service": service,
        "network": "only for --server, for services that the configuration names, and for whoever reaches a server that was started here",
    })
}

const fn build() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}

fn in_words(parts: &[Part], test: &SelfTest) -> String {
    let plain = anstyle::Style::new();
    let (good, notice, bad) = (
        (GOOD, "✓".to_owned()),
        (NOTICE, "–".to_owned()),
        (BAD, "✗".to_owned()),
    );
    let mut table = Table::new();
    let mut row = |mark: &(anstyle::Style, String), name: &str, value: String| {
        table.row([mark.clone(), (BOLD, name.to_owned()), (plain, clean(&value))]);
    };
    row(
        &good,
        "versions",
        format!(
            "songwalker {} ({} build), engine {ENGINE_VERSION}, generator {}, schemas {SCHEMA_VERSION}",
            env!("CARGO_PKG_VERSION"),
            build(),
            generator_version(),
        ),
    );
    let features = cpu_features();
    let features = if features.is_empty() {
        String::new()
    } else {
        format!(" ({})", features.join(", "))
    };
    row(
        &good,
        "processor",
        format!("{}, {} cores{features}", std::env::consts::ARCH, cores()),
    );
    row(&good, "", format!("the engine uses {}", used_features()));
    match output::probe(&out_folder()) {
        Ok(()) => row(
            &good,
            "output",
            format!("{} unless --out says otherwise", out_folder().display()),
        ),
        Err(_) => row(
            &notice,
            "output",
            format!("{} cannot be written: use --out", out_folder().display()),
        ),
    }
    for part in parts {
        let mark = match part.verdict {
            Verdict::Good => &good,
            Verdict::Notice => &notice,
            Verdict::Bad => &bad,
        };
        row(mark, part.name, part.words.clone());
    }
    row(
        &good,
        "elsewhere",
        "no telemetry; no network but for --server, `serve` and services that are named; a browser only for \
         `serve --open`"
            .to_owned(),
    );
    match play::found().first() {
        Some((_, path)) => row(&good, "player", path.display().to_string()),
        None => row(&notice, "player", "none found, so --play stays silent".to_owned()),
    }
    match install::presets_folder() {
        Ok(folder) => row(&good, "Vital", format!("user presets in {}", folder.display())),
        Err(_) => row(
            &notice,
            "Vital",
            format!("not found here; {} names its user presets", install::VARIABLE),
        ),
    }
    if test.sha256 == SELF_TEST_SHA256 {
        let speed = format!(
            "{:.1} × real time with every effect on",
            test.seconds / test.cpu_s
        );
        row(
            &good,
            "self-test",
            format!("the engine plays the same bits as everywhere, {speed}"),
        );
    } else {
        row(
            &bad,
            "self-test",
            format!("another sound than expected: {}", test.sha256),
        );
    }
    let mut text = table.text(0);
    if cfg!(debug_assertions) {
        let word = "This is a dev build; `cargo build --release` makes a faster one.";
        text.push_str(&format!("\n{}\n", terminal::paint(DIM, word)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_test_sounds_as_it_is_written_down() {
        let test = self_test().unwrap();
        assert_eq!(
            test.sha256, SELF_TEST_SHA256,
            "where the engine's sound was meant to change, write this hash down"
        );
    }
}
