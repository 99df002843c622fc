//! Golden renders: the sound of an engine version is fixed to the bit, at every vector level, for every block size of a
//! host, and in a build without optimisation (`cargo xtask test`, step golden, runs this file in the profiles `plain`
//! and `scalar`).
//!
//! `golden/<version>-<seal>.txt` has a line per patch: its name and the FNV-1a hash of its render. The seal is the hash
//! of the file's own text, so that no line is edited in place; the history of the repository must show each file added
//! once and nothing else. A sound that changed needs a new `ENGINE_VERSION`, and a new file (`cargo test -p
//! songwalker-engine --test golden -- --ignored` writes it); versions of a series keep theirs.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "support/random_patch.rs"]
mod random_patch;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use random_patch::{Dice, random_patch};
use songwalker_engine::ENGINE_VERSION;
use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_engine::simd::Level;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::{FilterModel, FilterStyle, Route, Source};

/// Random patches among the golden ones.
const RANDOM: u64 = 24;
/// Sample frames of a render; three notes, let go after two thirds.
const FRAMES: usize = 12_000;
/// A block size that divides nothing.
const ODD_BLOCK: usize = 127;

/// FNV-1a.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The hash of a patch's render.
fn sound(patch: &PatchSpec, level: Level, block: usize) -> u64 {
    let mut player = PatchPlayer::new(patch, 44_100, 7).expect("a player");
    player.set_level(level);
    player.snap_macros();
    for (offset, key) in [(0, 48), (500, 55), (1_000, 64)] {
        player.handle(offset, Event::NoteOn { key, velocity: 0.8 });
        player.handle(FRAMES * 2 / 3, Event::NoteOff { key, lift: 0.5 });
    }
    player.handle(3_000, Event::PitchBend(0.5));
    player.handle(4_000, Event::ModWheel(0.7));
    let (mut left, mut right) = (vec![0.0_f32; FRAMES], vec![0.0_f32; FRAMES]);
    for (left, right) in left.chunks_mut(block).zip(right.chunks_mut(block)) {
        player.process(left, right);
    }
    hash(left.iter().chain(&right).flat_map(|x| x.to_bits().to_le_bytes()))
}

fn with_effects(mut patch: PatchSpec, kinds: &[&str]) -> PatchSpec {
    for kind in kinds {
        let pointer = patch
            .pointer(&format!("/modules/fx/{kind}/enabled"))
            .expect("it is there");
        assert!(patch.set(&pointer, 1.0));
    }
    patch
}

fn pad() -> PatchSpec {
    let mut patch = PatchSpec::default();
    for osc in &mut patch.modules.osc[..2] {
        osc.enabled = true;
        osc.wavetable.name.0 = "saw".to_owned();
        osc.unison.voices = 7;
        osc.unison.detune_cents = 18.0;
    }
    patch.modules.filter[0].enabled = true;
    patch.modules.filter[0].style = FilterStyle::Db24;
    patch.modules.env[0].attack_s = 0.05;
    patch.modulation.routes = vec![Route::bipolar(Source::Lfo0, "/modules/filter/0/cutoff_hz", 0.2)];
    with_effects(patch, &["chorus", "reverb"])
}

fn bass() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].wavetable.name.0 = "square".to_owned();
    patch.modules.filter[0].enabled = true;
    patch.modules.filter[0].model = FilterModel::Ladder;
    patch.modules.filter[0].style = FilterStyle::Db24;
    patch.modules.filter[0].resonance = 0.6;
    patch.modules.env[1].decay_s = 0.3;
    patch.modules.env[1].sustain = 0.0;
    patch.modulation.routes = vec![Route::new(Source::Env1, "/modules/filter/0/cutoff_hz", 0.35)];
    with_effects(patch, &["distortion", "compressor", "eq"])
}

fn wind() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].enabled = false;
    patch.modules.sample.enabled = true;
    patch.modules.sample.destination = songwalker_schemas::patch::osc::Destination::Filter1;
    patch.modules.filter[0].enabled = true;
    patch.modules.filter[0].model = FilterModel::Digital;
    patch.modules.filter[0].blend = 1.0;
    let gusts = Route::bipolar(Source::Random0, "/modules/filter/0/cutoff_hz", 0.4);
    patch.modulation.routes = vec![gusts];
    with_effects(patch, &["delay", "phaser", "flanger"])
}

/// All golden patches by name.
fn patches() -> Vec<(String, PatchSpec)> {
    let named = [("pad", pad()), ("bass", bass()), ("wind", wind())];
    let named = named.map(|(name, patch)| (name.to_owned(), patch));
    let random = (0..RANDOM).map(|seed| (format!("random-{seed}"), random_patch(&mut Dice(seed))));
    named.into_iter().chain(random).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// All golden files: version, seal, text.
fn files() -> Vec<(String, String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder())
        .expect("the folder of golden files")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let (version, seal) = name.rsplit_once('-').expect("a version and a seal");
            let text = fs::read_to_string(&path).expect("its text");
            (version.to_owned(), seal.to_owned(), text)
        })
        .collect();
    files.sort();
    files
}

/// The versions that share their bits: those of a major version, below 1.0 those of a minor one.
fn series(version: &str) -> &str {
    let mut dots = version.match_indices('.').map(|(at, _)| at);
    let end = dots.nth(usize::from(version.starts_with("0.")));
    &version[..end.unwrap_or(version.len())]
}

fn document() -> String {
    patches().iter().fold(String::new(), |mut text, (name, patch)| {
        let found = sound(patch, Level::best(), ODD_BLOCK);
        writeln!(text, "{name} {found:016x}").expect("a string takes everything");
        text
    })
}

#[test]
fn renders_have_the_bits_of_this_version_and_of_all_of_its_series() {
    let files = files();
    assert!(
        files.iter().any(|(version, ..)| version == ENGINE_VERSION),
        "version {ENGINE_VERSION} has no golden file"
    );
    let found = document();
    for (version, _, text) in files
        .iter()
        .filter(|file| series(&file.0) == series(ENGINE_VERSION))
    {
        for line in text.lines() {
            assert!(
                found.lines().any(|other| other == line),
                "the sound of {version} changed ({line}): raise ENGINE_VERSION and write its golden file; now\n{found}"
            );
        }
    }
}

#[test]
fn renders_have_the_same_bits_at_every_level_and_for_every_block_size() {
    for (name, patch) in patches() {
        let expected = sound(&patch, Level::Baseline, ODD_BLOCK);
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            for block in [1, 7, 64, 128, 4096] {
                let found = sound(&patch, level, block);
                assert_eq!(found, expected, "{name} at {level:?} in blocks of {block}");
            }
        }
    }
}

#[test]
fn a_golden_file_is_sealed_by_the_hash_of_its_text() {
    for (version, seal, text) in files() {
        assert_eq!(
            seal,
            format!("{:016x}", hash(text.bytes())),
            "the golden file of {version} was edited: its sound is fixed, raise ENGINE_VERSION instead"
        );
    }
}

#[test]
fn a_committed_golden_file_was_added_once_and_never_touched_again() {
    let git = |arguments: &[&str]| {
        let done = Command::new("git").args(arguments).current_dir(folder()).output();
        done.ok()
            .filter(|done| done.status.success())
            .map(|done| String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let Some(changes) = git(&["log", "--format=", "--name-status", "--no-renames", "--", "."]) else {
        println!("not a repository: only the seals are checked");
        return;
    };
    for change in changes.lines().filter(|line| line.ends_with(".txt")) {
        assert!(
            change.starts_with('A'),
            "a golden file was changed or deleted: {change}"
        );
    }
    let dirty = git(&["status", "--porcelain", "--", "."]).unwrap_or_default();
    for change in dirty.lines().filter(|line| line.ends_with(".txt")) {
        assert!(
            change.starts_with("??") || change.starts_with("A "),
            "a golden file is about to be changed: {change}"
        );
    }
}

#[test]
#[ignore = "writes the golden file of a new version"]
fn write_the_golden_file_of_a_new_version() {
    let written = files().iter().any(|(version, ..)| version == ENGINE_VERSION);
    assert!(!written, "{ENGINE_VERSION} has one: raise ENGINE_VERSION");
    let text = document();
    let name = format!("{ENGINE_VERSION}-{:016x}.txt", hash(text.bytes()));
    fs::write(folder().join(name), text).expect("the file");
}
