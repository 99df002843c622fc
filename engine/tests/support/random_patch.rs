//! Random patches that the parameter table allows, the same for the same seed.

use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::params;
use songwalker_schemas::patch::MacroTarget;
use songwalker_schemas::patch::osc::WavetableSource;
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::table::Kind;

/// A generator with a fixed start.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// 0..n.
    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A valid patch: a third of all parameters anywhere in their ranges, extremes included; up to 24 routes, some onto
/// other routes; every macro turned, each with a target. Oversampling stays at 2.
pub fn random_patch(dice: &mut Dice) -> PatchSpec {
    let pattern = PatchSpec::default();
    let mut document = pattern.to_value();
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
        osc.wavetable.source = WavetableSource::Named;
        osc.wavetable.name.0 = names[dice.below(names.len())].to_owned();
        osc.unison.detune_cents = osc
            .unison
            .detune_cents
            .min((100.0 * osc.unison.detune_range_st).floor());
    }
    patch.modules.osc[0].enabled = true;
    patch.modules.sample.source = SampleSource::Colored;
    let targets: Vec<String> = params::table()
        .iter()
        .filter(|row| row.modulatable)
        .filter_map(|row| pattern.pointer(&row.path))
        .collect();
    for _ in 0..dice.below(24) {
        let routes = &patch.modulation.routes;
        let target = if dice.one_in(8) && !routes.is_empty() {
            format!("/modulation/routes/{}/amount", dice.below(routes.len()))
        } else {
            targets[dice.below(targets.len())].clone()
        };
        let polarity = if dice.one_in(2) {
            Polarity::Unipolar
        } else {
            Polarity::Bipolar
        };
        let curve = if dice.one_in(2) {
            0.0
        } else {
            20.0 * dice.unit() - 10.0
        };
        patch.modulation.routes.push(Route {
            source: Source::ALL[dice.below(Source::ALL.len())],
            target,
            amount: 2.0 * dice.unit() - 1.0,
            polarity,
            curve,
            map: None,
            stereo: dice.one_in(4),
            bypass: false,
        });
    }
    for knob in &mut patch.macros {
        knob.value = dice.unit();
        knob.targets.push(MacroTarget {
            path: targets[dice.below(targets.len())].clone(),
            amount: 2.0 * dice.unit() - 1.0,
            curve: 0.0,
        });
    }
    PatchSpec::from_value(patch.to_value()).unwrap_or_else(|faults| panic!("an invalid patch: {faults:?}"))
}
