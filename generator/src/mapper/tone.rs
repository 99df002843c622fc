//! Brightness, warmth, resonance and the filter.

use songwalker_engine::math;
use songwalker_schemas::intent::FilterKind;
use songwalker_schemas::modulation::Route;
use songwalker_schemas::patch::filter::FilterStyle;
use songwalker_schemas::patch::osc::{Destination, WarpMode};
use songwalker_schemas::{Intent, PatchSpec};

use super::{Corrections, rack};

/// Semitones of cutoff for a full degree of brightness.
const BRIGHTNESS_ST: f64 = 26.0;

/// Applies what the intent says of colour.
pub fn apply(intent: &Intent, corrections: &Corrections, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    exact_filter(intent, patch);
    let warmth = asked.warmth.unwrap_or(0.0);
    let mut shift = 0.0;
    if asked.cutoff_hz.is_none() {
        shift += corrections.brightness_st + BRIGHTNESS_ST * asked.brightness.unwrap_or(0.0)
            - if warmth > 0.0 { 7.0 } else { 4.0 } * warmth;
    }
    // A low-pass far below the note takes the note, not the highs.
    let least_hz = 0.7 * math::note_to_hz(f64::from(intent.category.reference_note()));
    brightness(shift, least_hz, patch);
    if warmth != 0.0 || corrections.low_db != 0.0 {
        rack::eq(patch, |eq| {
            eq.enabled = true;
            eq.low.hz = 220.0;
            eq.low.gain_db = (eq.low.gain_db + 5.0 * warmth + corrections.low_db).clamp(-15.0, 15.0);
        });
    }
    if let Some(resonance) = asked.resonance_exact {
        for filter in patch.modules.filter.iter_mut().filter(|f| f.enabled) {
            filter.resonance = resonance.clamp(0.0, 0.9);
        }
    } else if let Some(degree) = asked.resonance {
        for filter in patch.modules.filter.iter_mut().filter(|f| f.enabled) {
            filter.resonance = if degree >= 0.0 {
                filter.resonance.max(0.35 + 0.4 * degree)
            } else {
                filter.resonance * (1.0 + degree)
            };
        }
    }
}

fn exact_filter(intent: &Intent, patch: &mut PatchSpec) {
    let asked = &intent.descriptors;
    if asked.cutoff_hz.is_none() && asked.filter_kind.is_none() && asked.filter_slope.is_none() {
        return;
    }
    let filter = &mut patch.modules.filter[0];
    filter.enabled = true;
    if let Some(cutoff_hz) = asked.cutoff_hz {
        filter.cutoff_hz = cutoff_hz;
        filter.keytrack = 0.0;
        // The cutoff was given as a number: what would move it at once moves it less.
        for route in &mut patch.modulation.routes {
            if route.target == "/modules/filter/0/cutoff_hz" {
                route.amount *= 0.3;
            }
        }
    }
    match asked.filter_kind {
        Some(FilterKind::LowPass) => filter.blend = 0.0,
        Some(FilterKind::BandPass) => filter.blend = 1.0,
        Some(FilterKind::HighPass) => filter.blend = 2.0,
        None => {}
    }
    match asked.filter_slope {
        Some(slope) if slope >= 24 => filter.style = FilterStyle::Db24,
        Some(_) => filter.style = FilterStyle::Db12,
        None => {}
    }
    for osc in &mut patch.modules.osc {
        if osc.enabled && osc.destination == Destination::Effects && osc.transpose > -12 {
            osc.destination = Destination::Filter1;
        }
    }
}

/// What has a colour of its own beside the low-passes follows: the depth of frequency modulation, and formants by half.
pub(crate) fn spectra(semitones: f64, patch: &mut PatchSpec) {
    let factor = math::exp2(semitones / if semitones > 0.0 { 20.0 } else { 40.0 });
    for i in 0..patch.modules.osc.len() {
        let osc = &mut patch.modules.osc[i];
        let is_fm = matches!(osc.warp.mode, WarpMode::FmA | WarpMode::FmB);
        if !is_fm || !osc.enabled || osc.level <= 0.0 {
            continue;
        }
        let depth = osc.warp.amount;
        osc.warp.amount = (depth * factor).clamp(depth.min(0.02), depth.max(0.7));
        let pointer = format!("/modules/osc/{i}/warp/amount");
        for route in patch
            .modulation
            .routes
            .iter_mut()
            .filter(|route| route.target == pointer)
        {
            let most = route.amount.abs().max(0.5);
            route.amount = (route.amount * factor).clamp(-most, most);
        }
    }
    if semitones < 0.0 {
        // What opens a dark filter wide at its start would be a click before a murmur.
        let opens = |route: &&mut Route| {
            route.source.name().starts_with("env/")
                && route.target.ends_with("/cutoff_hz")
                && route.amount > 0.0
        };
        for route in patch.modulation.routes.iter_mut().filter(opens) {
            route.amount *= math::exp2(semitones / 40.0);
        }
    }
    for filter in patch
        .modules
        .filter
        .iter_mut()
        .filter(|f| f.enabled && (0.8..1.2).contains(&f.blend))
    {
        let wanted = filter.cutoff_hz * math::exp2(semitones / 24.0);
        filter.cutoff_hz = wanted.clamp(filter.cutoff_hz.min(350.0), filter.cutoff_hz.max(9_000.0));
    }
}

/// Moves every low-pass by `shift` semitones; what the filters cannot do, a shelf does.
fn brightness(shift: f64, least_hz: f64, patch: &mut PatchSpec) {
    if shift == 0.0 {
        return;
    }
    spectra(shift, patch);
    let mut left = shift;
    let mut moved = false;
    for filter in patch
        .modules
        .filter
        .iter_mut()
        .filter(|f| f.enabled && f.blend < 0.8)
    {
        let wanted = filter.cutoff_hz * math::exp2(shift / 12.0);
        let reached = wanted.clamp(least_hz.min(filter.cutoff_hz), 19_000.0);
        let rest = 12.0 * math::log2(wanted / reached);
        left = if moved && rest.abs() < left.abs() {
            left
        } else {
            rest
        };
        filter.cutoff_hz = reached;
        moved = true;
    }
    if !moved && shift < 0.0 {
        let filter = &mut patch.modules.filter[0];
        filter.enabled = true;
        filter.blend = 0.0;
        filter.style = FilterStyle::Db24;
        filter.resonance = 0.1;
        filter.keytrack = 0.4;
        filter.cutoff_hz = (6_000.0 * math::exp2(shift / 12.0)).clamp(60.0, 19_000.0);
        for osc in &mut patch.modules.osc {
            if osc.destination == Destination::Effects {
                osc.destination = Destination::Filter1;
            }
        }
        return;
    }
    if left != 0.0 {
        let shelf_db = (0.45 * left).clamp(-14.0, 14.0);
        rack::eq(patch, |eq| {
            eq.enabled = true;
            eq.high.hz = 2_200.0;
            eq.high.gain_db = (eq.high.gain_db + shelf_db).clamp(-15.0, 15.0);
        });
    }
}
