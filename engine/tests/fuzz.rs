//! Random valid patches: whatever the parameter table allows stays finite and bounded, and ends.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

use songwalker_engine::render::{RenderRequest, render};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::params;
use songwalker_schemas::patch::MacroTarget;
use songwalker_schemas::table::Kind;

/// Patches per run; the long run of 10,000 belongs to the engine's own benchmark.
const PATCHES: u64 = 120;

/// A generator with a fixed start.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A valid patch: a third of all parameters anywhere in their ranges, extremes included.
fn random_patch(dice: &mut Dice) -> PatchSpec {
    let mut document = PatchSpec::default().to_value();
    let pattern = PatchSpec::default();
    for row in params::table() {
        if !dice.one_in(3)
            || row.path == "/modules/filter/0/from_filter_0"
            || row.path.ends_with("oversampling")
        {
            continue;
        }
        let place = match dice.below(6) {
            0 => 0.0,
            1 => 1.0,
            _ => dice.unit(),
        };
        let value = row.clamp(row.min + place * (row.max - row.min));
        let value = if (row.min..=row.max).contains(&value) {
            value
        } else {
            row.default
        };
        let json = match row.kind {
            Kind::Continuous => value.into(),
            Kind::Integer => (value as i64).into(),
            Kind::Choice(names) => names[value as usize].into(),
            Kind::Flag => (value >= 0.5).into(),
        };
        let pointer = pattern.pointer(&row.path).expect("a pointer");
        *document.pointer_mut(&pointer).expect("a place") = json;
    }
    let mut patch: PatchSpec = serde_json::from_value(document).expect("a patch");
    let names: Vec<&str> = songwalker_engine::wavetable::names().collect();
    for osc in &mut patch.modules.osc {
        osc.wavetable.source = songwalker_schemas::patch::osc::WavetableSource::Named;
        osc.wavetable.name.0 = names[dice.below(names.len())].to_owned();
        osc.unison.detune_cents = osc
            .unison
            .detune_cents
            .min((100.0 * osc.unison.detune_range_st).floor());
    }
    patch.modules.osc[0].enabled = true;
    patch.modules.sample.source = songwalker_schemas::patch::sample::SampleSource::Colored;
    let targets: Vec<String> = params::table()
        .iter()
        .filter(|row| row.modulatable)
        .filter_map(|row| pattern.pointer(&row.path))
        .collect();
    for _ in 0..dice.below(24) {
        let target = if dice.one_in(8) && !patch.modulation.routes.is_empty() {
            format!(
                "/modulation/routes/{}/amount",
                dice.below(patch.modulation.routes.len())
            )
        } else {
            targets[dice.below(targets.len())].clone()
        };
        patch.modulation.routes.push(Route {
            source: Source::ALL[dice.below(Source::ALL.len())],
            target,
            amount: 2.0 * dice.unit() - 1.0,
            polarity: if dice.one_in(2) {
                Polarity::Unipolar
            } else {
                Polarity::Bipolar
            },
            curve: if dice.one_in(2) {
                0.0
            } else {
                20.0 * dice.unit() - 10.0
            },
            map: None,
            stereo: dice.one_in(4),
            bypass: false,
        });
    }
    for knob in &mut patch.macros {
        knob.value = dice.unit();
        let path = targets[dice.below(targets.len())].clone();
        knob.targets.push(MacroTarget {
            path,
            amount: 2.0 * dice.unit() - 1.0,
            curve: 0.0,
        });
    }
    PatchSpec::from_value(patch.to_value()).unwrap_or_else(|faults| panic!("an invalid patch: {faults:?}"))
}

#[test]
fn random_valid_patches_stay_finite_and_bounded() {
    for seed in 0..PATCHES {
        let mut dice = Dice(seed);
        let patch = random_patch(&mut dice);
        for key in [24, 60, 108] {
            let request = RenderRequest {
                seed,
                ..RenderRequest::note(key, 0.3 + 0.7 * dice.unit(), 0.15, 0.3)
            };
            let audio = render(&patch, &request, &|| false).expect("a render");
            let bad = audio
                .left
                .iter()
                .chain(&audio.right)
                .position(|x| !x.is_finite() || x.abs() > 2.2);
            assert!(
                bad.is_none(),
                "seed {seed}, key {key}: sample {bad:?}\n{}",
                String::from_utf8_lossy(&patch.to_canonical())
            );
        }
    }
}

#[test]
fn the_random_patches_are_not_all_silent() {
    let loud = (0..20)
        .filter(|seed| {
            let patch = random_patch(&mut Dice(*seed));
            let audio = render(&patch, &RenderRequest::note(60, 1.0, 0.2, 0.3), &|| false).expect("a render");
            audio.left.iter().any(|x| x.abs() > 1e-4)
        })
        .count();
    assert!(loud >= 8, "only {loud} of 20 can be heard");
}
