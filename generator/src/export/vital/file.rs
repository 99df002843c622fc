//! The shape of a `.vital` file. Fields stand in alphabetical order, `author` first: Vital's browser expects it.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Serialize)]
pub struct File {
    pub author: String,
    pub comments: String,
    pub macro1: String,
    pub macro2: String,
    pub macro3: String,
    pub macro4: String,
    pub preset_name: String,
    pub preset_style: &'static str,
    pub settings: BTreeMap<String, Setting>,
    pub synth_version: &'static str,
}

/// One entry of `settings`.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A control's value.
    Number(f64),
    /// The LFOs' shapes.
    Lines(Vec<Line>),
    /// Source and destination of every slot.
    Modulations(Vec<Modulation>),
    /// The sample slot.
    Sample(Sample),
    /// The oscillators' wavetables.
    Wavetables(Vec<Value>),
}

/// A drawn line; Vital counts y downwards from 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub name: String,
    pub num_points: usize,
    /// x, y, x, y, …
    pub points: Vec<f64>,
    pub powers: Vec<f64>,
    pub smooth: bool,
}

impl Line {
    /// The line through (x, y upwards, power) points.
    pub fn new(name: &str, points: impl IntoIterator<Item = (f64, f64, f64)>, smooth: bool) -> Self {
        let mut line = Self {
            name: name.to_owned(),
            num_points: 0,
            points: Vec::new(),
            powers: Vec::new(),
            smooth,
        };
        for (x, y, power) in points {
            line.points.extend([x, 1.0 - y]);
            line.powers.push(power);
            line.num_points += 1;
        }
        line
    }
}

/// Source and destination of a modulation slot; its amount and bend are controls.
#[derive(Default, Serialize)]
pub struct Modulation {
    pub destination: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_mapping: Option<Line>,
    pub source: String,
}

/// The sample: 16-bit little-endian in base64.
#[derive(Serialize)]
pub struct Sample {
    pub length: usize,
    pub name: String,
    pub sample_rate: u32,
    pub samples: String,
    /// The right channel of a stereo one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_stereo: Option<String>,
}

/// A wavetable of keyframes.
#[derive(Serialize)]
pub struct Wavetable {
    pub author: &'static str,
    pub full_normalize: bool,
    pub groups: [Group; 1],
    pub name: String,
    pub remove_all_dc: bool,
    pub version: &'static str,
}

/// What a wavetable is made of.
#[derive(Serialize)]
pub struct Group {
    pub components: [WaveSource; 1],
}

/// Keyframes given as waves.
#[derive(Serialize)]
pub struct WaveSource {
    /// 1: by harmonic.
    pub interpolation: u8,
    /// 1: straight from keyframe to keyframe.
    pub interpolation_style: u8,
    pub keyframes: Vec<Keyframe>,
    pub r#type: &'static str,
}

/// One wave: 2,048 little-endian floats in base64, at a position 0..256.
#[derive(Serialize)]
pub struct Keyframe {
    pub position: u16,
    pub wave_data: String,
}
