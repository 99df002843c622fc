//! Rendering, measuring and exporting.

use std::fs;

use serde_json::Value;
use songwalker_engine::render::Note;
use songwalker_generator::package::midi;
use songwalker_schemas::PatchSpec;

use crate::workbench::{self, Workbench};

fn default_patch(bench: &Workbench) -> String {
    let mut patch = PatchSpec::default();
    patch.modules.voicing.velocity_to_amp = 1.0;
    bench.file("patch.json", patch.to_canonical())
}

fn render(bench: &Workbench, arguments: &[&str]) -> (Value, Vec<u8>) {
    let patch = default_patch(bench);
    let arguments = [&["render", &patch, "--out", "x.wav", "--json"], arguments].concat();
    let answer = bench.run(&arguments).json();
    (answer, fs::read(bench.path("x.wav")).unwrap())
}

/// Format tag, channels, sample rate, bits and frames of a WAV file, by its own bytes.
fn facts(wav: &[u8]) -> (u16, u16, u32, u16, usize) {
    let chunk = |name: &[u8]| wav.windows(4).position(|window| window == name).unwrap() + 8;
    let format = chunk(b"fmt ");
    let half = |at: usize| u16::from_le_bytes([wav[at], wav[at + 1]]);
    let word = |at: usize| u32::from_le_bytes([wav[at], wav[at + 1], wav[at + 2], wav[at + 3]]);
    // An extensible header says the true format in its last field.
    let tag = if half(format) == 0xfffe {
        half(format + 24)
    } else {
        half(format)
    };
    let data = chunk(b"data");
    (
        tag,
        half(format + 2),
        word(format + 4),
        half(format + 14),
        word(data - 4) as usize / 8,
    )
}

#[test]
fn a_render_has_exactly_its_frames_as_32_bit_float_stereo() {
    let bench = Workbench::new();
    for (hold, tail, rate, frames) in [
        ("1", "0.5", "44100", 66_150),
        ("0.333", "0", "48000", 15_984),
        ("0", "0.1", "96000", 9_600),
    ] {
        let (answer, wav) = render(&bench, &["--hold", hold, "--tail", tail, "--sample-rate", rate]);
        assert_eq!(facts(&wav), (3, 2, rate.parse().unwrap(), 32, frames));
        assert_eq!(answer["frames"], frames);
        for key in ["cpu_s", "realtime"] {
            assert!(answer[key].as_f64().is_some_and(|x| x > 0.0), "{key} in {answer}");
        }
        assert!(answer["unsupported"].is_array());
    }
    assert_eq!(bench.names("."), ["patch.json", "x.wav"]);
}

#[test]
fn the_same_render_has_the_same_bytes_and_another_note_has_others() {
    let bench = Workbench::new();
    let short = ["--hold", "0.3", "--tail", "0.2"];
    let first = render(&bench, &short).1;
    assert!(first == render(&bench, &short).1);
    assert!(first != render(&bench, &[&short[..], &["--note", "61"]].concat()).1);
    assert!(first != render(&bench, &[&short[..], &["--velocity", "0.4"]].concat()).1);
}

#[test]
fn a_midi_file_is_played_to_its_end_and_the_tail() {
    let bench = Workbench::new();
    let notes = [
        Note {
            start_s: 0.0,
            hold_s: 0.5,
            key: 60,
            velocity: 0.8,
        },
        Note {
            start_s: 0.5,
            hold_s: 0.25,
            key: 67,
            velocity: 0.5,
        },
    ];
    let midi = bench.file("x.mid", midi::encode(&notes, 120.0));
    let (answer, _) = render(&bench, &["--midi", &midi, "--tail", "0.25", "--velocity", "0.8"]);
    assert_eq!(answer["frames"], 44_100);

    let patch = default_patch(&bench);
    let broken = bench.file("broken.mid", "no music");
    bench
        .run(&["render", &patch, "--out", "y.wav", "--midi", &broken, "--json"])
        .fails_as("invalid_audio", 3);
    bench
        .run(&[
            "render", &patch, "--out", "y.wav", "--hold", "500", "--tail", "200", "--json",
        ])
        .fails_as("invalid_request", 3);
    assert!(!bench.path("y.wav").exists());
}

#[test]
fn a_bundle_is_played_as_its_patch_is_and_a_macro_is_heard() {
    let bench = Workbench::new();
    let play = |source: &str, more: &[&str]| {
        let arguments = [
            &[
                "render", source, "--out", "x.wav", "--hold", "0.5", "--tail", "0", "--json",
            ],
            more,
        ]
        .concat();
        bench.run(&arguments).json();
        fs::read(bench.path("x.wav")).unwrap()
    };
    let (folder, zip) = (workbench::bundle(), workbench::zip());
    let patch = folder.join("patch.json");
    let sound = play(patch.to_str().unwrap(), &[]);
    assert!(sound == play(folder.to_str().unwrap(), &[]));
    assert!(sound == play(zip.to_str().unwrap(), &[]));
    assert!(
        sound != play(zip.to_str().unwrap(), &["--macro", "TONE_BRIGHTNESS=1"]),
        "the macro does nothing"
    );
    assert_eq!(
        play(zip.to_str().unwrap(), &["--warm-up", "1"]).len(),
        sound.len(),
        "the warm-up is thrown away"
    );
}

#[test]
fn a_rendered_note_is_measured_as_what_it_is() {
    let bench = Workbench::new();
    render(&bench, &["--hold", "1", "--tail", "0.5", "--note", "69"]);
    let measured = bench
        .run(&["analyse", "x.wav", "--note", "69", "--hold", "1", "--json"])
        .json();
    let described = songwalker_schemas::json_schema::analysis()["properties"]
        .as_object()
        .unwrap();
    assert_eq!(
        measured.as_object().unwrap().keys().collect::<Vec<_>>(),
        described.keys().collect::<Vec<_>>()
    );
    assert!(
        (measured["dominant_freq_hz"].as_f64().unwrap() - 440.0).abs() < 3.0,
        "{measured}"
    );
    assert!(
        measured["decay20_ms"].is_null(),
        "a held sound never decays: {measured}"
    );
    let words = bench.run(&["analyse", "x.wav", "--note", "69", "--hold", "1"]);
    assert!(
        words.out.contains("never") && words.out.contains("LUFS"),
        "{words:?}"
    );
}

#[test]
fn what_is_no_sound_is_refused() {
    let bench = Workbench::new();
    let text = bench.file("x.wav", "no sound");
    bench
        .run(&["analyse", &text, "--json"])
        .fails_as("invalid_audio", 3);
    bench
        .run(&["analyse", "nothing.wav", "--json"])
        .fails_as("not_found", 3);
    bench
        .run(&["analyse", ".", "--json"])
        .fails_as("invalid_audio", 3);
}

#[test]
fn an_export_is_a_vital_file() {
    let bench = Workbench::new();
    let patch = default_patch(&bench);
    let answer = bench
        .run(&["export", "vital", &patch, "-o", "x.vital", "--json"])
        .json();
    let vital: Value = serde_json::from_slice(&fs::read(bench.path("x.vital")).unwrap()).unwrap();
    assert_eq!(vital["synth_version"], "1.0.7");
    assert!(answer["lost"].is_array());
}

#[test]
fn a_render_of_no_length_is_an_error_of_usage() {
    let bench = Workbench::new();
    let patch = default_patch(&bench);
    for hold in ["0", "0.000001"] {
        let arguments = [
            "render", &patch, "--out", "x.wav", "--hold", hold, "--tail", "0", "--json",
        ];
        bench.run(&arguments).fails_as("usage", 2);
    }
    assert_eq!(bench.names("."), ["patch.json"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_is_written_and_said() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::process::CommandExt;
    let bench = Workbench::new();
    let patch = default_patch(&bench);
    let name = OsStr::from_bytes(b"x\xff");
    for arguments in [
        &["export", "vital", &patch, "--json", "--out"][..],
        &[
            "render", &patch, "--hold", "0.1", "--tail", "0", "--json", "--out",
        ],
    ] {
        let output = bench.command(arguments).arg(name).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["out"], "x\u{fffd}");
        fs::remove_file(bench.path(".").join(name)).unwrap();
    }
    let output = bench
        .command(&["generate", "pad", "--variations", "0", "--json", "--out"])
        .arg(name)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["directory"].as_str().unwrap().contains("x\u{fffd}"));
    let output = bench.command(&[""; 0]).arg0(name).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
