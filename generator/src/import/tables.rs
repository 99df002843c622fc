//! A wavetable of a `.vital` file as an asset: its components, value by value.
//!
//! What is out of bounds is brought inside them and told; a component that is not known is left out and told. Fields
//! that a file lacks have Vital's own defaults.

use serde_json::Value;
use songwalker_schemas::asset::component::{
    Component, Cut, Cycles, FilterKey, FilterShape, Filters, FoldKey, Folds, LineKey, LinePoint, Lines, Path,
    PhaseShift, PhaseShiftKey, PhaseShifts, Phases, RecordingKey, Shepards, SlewKey, Slews, WarpKey, Warps,
    WaveBlend, WaveKey, Waves, WindowKey, WindowShape, Windows,
};
use songwalker_schemas::asset::packed::{Recording, Wave};
use songwalker_schemas::asset::{
    Group, MAX_COMPONENTS, MAX_GROUPS, MAX_KEYFRAMES, MAX_LINE_POINTS, MAX_WORDS, SAMPLE_RATES,
    WavetableAsset,
};

use songwalker_schemas::Faults;

use super::Warning;

/// Reads one element of `settings.wavetables`.
///
/// # Errors
/// When it is no wavetable at all: the wrong types, or waves that cannot be read.
pub fn wavetable(value: &Value) -> Result<(WavetableAsset, Vec<Warning>), Faults> {
    let mut reader = Reader {
        name: text(value, "name"),
        warnings: Vec::new(),
    };
    let groups = list(value, "groups")?;
    if groups.len() > MAX_GROUPS {
        reader.warn(format!("{} groups, of which {MAX_GROUPS} are kept", groups.len()));
    }
    let mut left = MAX_COMPONENTS;
    let groups = groups
        .iter()
        .take(MAX_GROUPS)
        .map(|group| {
            let components = list(group, "components")?;
            if components.len() > left {
                reader.warn(format!(
                    "more than {MAX_COMPONENTS} components: the rest is left out"
                ));
            }
            let components: Vec<&Value> = components.iter().take(left).collect();
            left -= components.len();
            let components: Result<Vec<Option<Component>>, Faults> = components
                .into_iter()
                .map(|part| reader.component(part))
                .collect();
            Ok(Group {
                components: components?.into_iter().flatten().collect(),
            })
        })
        .collect::<Result<Vec<Group>, Faults>>()?;
    if groups.is_empty() {
        return Err(broken(format!("\"{}\" has no groups", reader.name)));
    }
    let asset = WavetableAsset {
        schema_version: "1.0".to_owned(),
        name: reader.name.clone(),
        author: text(value, "author"),
        normalize: flag(value, "full_normalize", true),
        remove_dc: flag(value, "remove_all_dc", true),
        groups,
    };
    asset
        .check()
        .map_err(|faults| broken(format!("\"{}\": {faults}", reader.name)))?;
    Ok((asset, reader.warnings))
}

/// A fault of the whole object.
pub(super) fn broken(problem: String) -> Faults {
    let mut faults = Faults::new();
    faults.push("", problem);
    faults
}

fn text(value: &Value, key: &str) -> String {
    let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
    text.chars().take(MAX_WORDS).collect()
}

fn flag(value: &Value, key: &str, otherwise: bool) -> bool {
    match value.get(key) {
        Some(Value::Bool(on)) => *on,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        _ => otherwise,
    }
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], Faults> {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| broken(format!("it has no list of {key}")))
}

struct Reader {
    /// Of the wavetable.
    name: String,
    warnings: Vec<Warning>,
}

impl Reader {
    fn warn(&mut self, detail: String) {
        self.warnings.push(Warning {
            feature: format!("wavetable \"{}\"", self.name),
            detail,
        });
    }

    /// A number within bounds; `otherwise` where there is none.
    fn number(&mut self, value: &Value, key: &str, bounds: [f64; 2], otherwise: f64) -> Result<f64, Faults> {
        let x = match value.get(key) {
            None => return Ok(otherwise),
            Some(value) => value
                .as_f64()
                .or_else(|| value.as_bool().map(|on| f64::from(u8::from(on))))
                .ok_or_else(|| broken(format!("{key} is no number")))?,
        };
        let kept = x.clamp(bounds[0], bounds[1]);
        if kept != x {
            self.warn(format!("{key} is {kept} instead of {x}"));
        }
        Ok(kept)
    }

    /// A word of a list by its index.
    fn choice<T: Copy>(
        &mut self,
        value: &Value,
        key: &str,
        words: &[T],
        otherwise: usize,
    ) -> Result<T, Faults> {
        let last = words.len() - 1;
        let index = self.number(value, key, [0.0, last as f64], otherwise as f64)?;
        Ok(words[index as usize])
    }

    fn position(&mut self, key: &Value) -> Result<u16, Faults> {
        Ok(self.number(key, "position", [0.0, 256.0], 0.0)?.round_ties_even() as u16)
    }

    /// The keyframes in order of their positions.
    fn keyframes<K>(
        &mut self,
        part: &Value,
        position: impl Fn(&K) -> u16,
        mut read: impl FnMut(&mut Self, &Value) -> Result<K, Faults>,
    ) -> Result<Vec<K>, Faults> {
        let all = list(part, "keyframes")?;
        if all.len() > MAX_KEYFRAMES {
            self.warn(format!(
                "{} keyframes, of which {MAX_KEYFRAMES} are kept",
                all.len()
            ));
        }
        let mut keys: Vec<K> = all
            .iter()
            .take(MAX_KEYFRAMES)
            .map(|key| read(self, key))
            .collect::<Result<_, _>>()?;
        keys.sort_by_key(position);
        Ok(keys)
    }

    fn component(&mut self, part: &Value) -> Result<Option<Component>, Faults> {
        let kind = text(part, "type");
        if list(part, "keyframes")?.is_empty() {
            self.warn(format!("{kind} has no keyframes and is left out"));
            return Ok(None);
        }
        let path = self.choice(part, "interpolation_style", Path::ALL, 1)?;
        let known = match kind.as_str() {
            "Wave Source" => self.waves(part, path)?,
            "Line Source" => self.lines(part, path)?,
            "Audio File Source" => self.cycles(part, path)?,
            "Phase Shift" => Component::PhaseShift(PhaseShifts {
                path,
                mode: self.choice(part, "style", PhaseShift::ALL, 0)?,
                keyframes: self.keyframes(
                    part,
                    |key: &PhaseShiftKey| key.position,
                    |reader, key| {
                        Ok(PhaseShiftKey {
                            position: reader.position(key)?,
                            phase: reader.number(key, "phase", [-1e4, 1e4], 0.0)?,
                            mix: reader.number(key, "mix", [0.0, 1.0], 1.0)?,
                        })
                    },
                )?,
            }),
            "Wave Window" => Component::Window(Windows {
                path,
                shape: self.choice(part, "window_shape", WindowShape::ALL, 0)?,
                keyframes: self.keyframes(
                    part,
                    |key: &WindowKey| key.position,
                    |reader, key| {
                        Ok(WindowKey {
                            position: reader.position(key)?,
                            left: reader.number(key, "left_position", [0.0, 1.0], 0.0)?,
                            right: reader.number(key, "right_position", [0.0, 1.0], 1.0)?,
                        })
                    },
                )?,
            }),
            "Frequency Filter" => Component::Filter(Filters {
                path,
                shape: self.choice(part, "style", FilterShape::ALL, 0)?,
                normalize: flag(part, "normalize", true),
                keyframes: self.keyframes(
                    part,
                    |key: &FilterKey| key.position,
                    |reader, key| {
                        Ok(FilterKey {
                            position: reader.position(key)?,
                            cutoff: reader.number(key, "cutoff", [0.0, 16.0], 4.0)?,
                            shape: reader.number(key, "shape", [0.0, 1.0], 0.5)?,
                        })
                    },
                )?,
            }),
            "Slew Limiter" => Component::Slew(Slews {
                path,
                keyframes: self.keyframes(
                    part,
                    |key: &SlewKey| key.position,
                    |reader, key| {
                        Ok(SlewKey {
                            position: reader.position(key)?,
                            rise: reader.number(key, "up_run_rise", [0.0, 1.0], 0.0)?,
                            fall: reader.number(key, "down_run_rise", [0.0, 1.0], 0.0)?,
                        })
                    },
                )?,
            }),
            "Wave Folder" => Component::Fold(Folds {
                path,
                keyframes: self.keyframes(
                    part,
                    |key: &FoldKey| key.position,
                    |reader, key| {
                        Ok(FoldKey {
                            position: reader.position(key)?,
                            boost: reader.number(key, "fold_boost", [0.0, 1e4], 1.0)?,
                        })
                    },
                )?,
            }),
            "Wave Warp" => Component::Warp(Warps {
                path,
                horizontal_asymmetric: flag(part, "horizontal_asymmetric", false),
                vertical_asymmetric: flag(part, "vertical_asymmetric", false),
                keyframes: self.keyframes(
                    part,
                    |key: &WarpKey| key.position,
                    |reader, key| {
                        Ok(WarpKey {
                            position: reader.position(key)?,
                            horizontal: reader.number(key, "horizontal_power", [-100.0, 100.0], 0.0)?,
                            vertical: reader.number(key, "vertical_power", [-100.0, 100.0], 0.0)?,
                        })
                    },
                )?,
            }),
            "Shepard Tone Source" => Component::Shepard(Shepards {
                path,
                blend: self.choice(part, "interpolation", WaveBlend::ALL, 1)?,
                keyframes: self.wave_keys(part)?,
            }),
            _ => {
                self.warn(format!("a component of the unknown kind \"{kind}\" is left out"));
                return Ok(None);
            }
        };
        Ok(Some(known))
    }

    fn waves(&mut self, part: &Value, path: Path) -> Result<Component, Faults> {
        Ok(Component::Waves(Waves {
            path,
            blend: self.choice(part, "interpolation", WaveBlend::ALL, 1)?,
            keyframes: self.wave_keys(part)?,
        }))
    }

    fn wave_keys(&mut self, part: &Value) -> Result<Vec<WaveKey>, Faults> {
        let position = |key: &WaveKey| key.position;
        self.keyframes(part, position, |reader, key| {
            let packed = key.get("wave_data").and_then(Value::as_str).unwrap_or_default();
            Ok(WaveKey {
                position: reader.position(key)?,
                wave: Wave::unpack(packed).map_err(|problem| broken(format!("wave_data: {problem}")))?,
            })
        })
    }

    fn lines(&mut self, part: &Value, path: Path) -> Result<Component, Faults> {
        let mut keyframes =
            self.keyframes(part, |key: &LineKey| key.position, |reader, key| reader.line(key))?;
        let fewest = keyframes.iter().map(|key| key.points.len()).min().unwrap_or(0);
        if keyframes.iter().any(|key| key.points.len() != fewest) {
            self.warn(format!(
                "lines with different numbers of points: the first {fewest} of each are kept"
            ));
            keyframes.iter_mut().for_each(|key| key.points.truncate(fewest));
        }
        Ok(Component::Lines(Lines { path, keyframes }))
    }

    fn line(&mut self, key: &Value) -> Result<LineKey, Faults> {
        let pointless = || broken("a line without points".to_owned());
        let line = key.get("line").ok_or_else(pointless)?;
        let coordinates = list(line, "points")?;
        let powers = list(line, "powers")?;
        let number = |value: &Value| value.as_f64().ok_or_else(pointless);
        if coordinates.len() / 2 > MAX_LINE_POINTS {
            self.warn(format!(
                "a line of {} points, of which {MAX_LINE_POINTS} are kept",
                coordinates.len() / 2
            ));
        }
        let mut points = Vec::new();
        let mut least = 0.0;
        for (pair, power) in coordinates.chunks_exact(2).zip(powers).take(MAX_LINE_POINTS) {
            let x: f64 = number(&pair[0])?;
            least = x.clamp(least, 1.0);
            points.push(LinePoint {
                x: least,
                // Vital counts y downwards.
                y: (1.0 - number(&pair[1])?).clamp(0.0, 1.0),
                power: number(power)?.clamp(-20.0, 20.0),
            });
        }
        Ok(LineKey {
            position: self.position(key)?,
            pull: self.number(key, "pull_power", [-100.0, 100.0], 0.0)?,
            smooth: flag(line, "smooth", false),
            points,
        })
    }

    fn cycles(&mut self, part: &Value, path: Path) -> Result<Component, Faults> {
        let packed = part.get("audio_file").and_then(Value::as_str).unwrap_or_default();
        let recording =
            Recording::unpack(packed).map_err(|problem| broken(format!("audio_file: {problem}")))?;
        let rates = [f64::from(*SAMPLE_RATES.start()), f64::from(*SAMPLE_RATES.end())];
        Ok(Component::Cycles(Cycles {
            path,
            cut: self.choice(part, "fade_style", Cut::ALL, 0)?,
            cycle: self.number(part, "window_size", [1.0, 1e8], 2048.0)?,
            phases: self.choice(part, "phase_style", Phases::ALL, 0)?,
            seed: self.number(
                part,
                "random_seed",
                [f64::from(i32::MIN), f64::from(i32::MAX)],
                0.0,
            )? as i32,
            normalize: flag(part, "normalize_mult", false),
            boost: flag(part, "normalize_gain", false),
            sample_rate: self.number(part, "audio_sample_rate", rates, 44_100.0)? as u32,
            recording,
            keyframes: self.keyframes(
                part,
                |key: &RecordingKey| key.position,
                |reader, key| {
                    Ok(RecordingKey {
                        position: reader.position(key)?,
                        start: reader.number(key, "start_position", [0.0, 1e8], 0.0)?,
                        fade: reader.number(key, "window_fade", [0.0, 1.0], 1.0)?,
                        window: reader.number(key, "window_size", [1.0, 1e8], 2048.0)?,
                    })
                },
            )?,
        }))
    }
}
