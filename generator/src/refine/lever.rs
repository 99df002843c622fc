//! The levers of a sound: each moves the few parameters that one aspect is made of, from where they are, by `amount`:
//! positive is more, 1 is about a plain word. Values only, as far as the sound has what is to be moved; what it needs
//! and has not is switched on.

use songwalker_engine::math;
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::patch::filter::FilterStyle;
use songwalker_schemas::patch::fx::{DistortionKind, Fx};
use songwalker_schemas::patch::osc::{Destination, WarpMode};
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::{Category, PatchSpec};

use super::step::Aspect;
use crate::mapper::time::{self, GOES_ON, env_of};
use crate::mapper::{dirt, rack, tone};

/// A pull up to which a movement is only deepened.
const PLAIN: f64 = 0.5;
/// A pull beyond which an aspect takes other ways too.
const PLENTY: f64 = 2.2;
/// Where what a distortion adds begins, Hz.
const FIZZ_HZ: f64 = 4_000.0;
/// An effect with less than this in the sound is not heard.
const HEARD: f64 = 0.02;
/// An envelope that falls faster than that is heard as part of the start, s.
const SNAP_S: f64 = 0.4;

/// Moves an aspect.
pub fn pull(aspect: Aspect, amount: f64, patch: &mut PatchSpec) {
    if amount == 0.0 {
        return;
    }
    match aspect {
        Aspect::Brightness => {
            brightness(8.0 * amount, patch);
            if amount > PLENTY {
                // What has no highs to let through is given some.
                drive(0.35 * (amount - PLENTY), patch);
            }
        }
        Aspect::Attack => attack(amount, patch),
        Aspect::Punch => punch(amount, patch),
        Aspect::Length => length(0.75 * amount, patch),
        // What has died away before it is let go has no release that is heard.
        Aspect::Release if patch.modules.env[0].sustain < GOES_ON => length(0.75 * amount, patch),
        Aspect::Release => release(0.75 * amount, patch),
        Aspect::Width => width(amount, patch),
        Aspect::Space => space(amount, patch),
        Aspect::Movement => movement(amount, patch),
        Aspect::Drive => drive(amount, patch),
        Aspect::Roughness => {
            drive(0.6 * amount, patch);
            detune(0.8 * amount, patch);
        }
        Aspect::Body => body(amount, patch),
        Aspect::Warmth => {
            shelf(3.0 * amount, patch);
            brightness(-2.0 * amount, patch);
        }
        Aspect::Detune => detune(amount, patch),
        Aspect::Pitch | Aspect::Rest => {}
    }
}

fn scaled(value: f64, octaves: f64, least: f64, most: f64) -> f64 {
    (value * math::exp2(octaves)).clamp(least.min(value), most.max(value))
}

/// Low-passes by `semitones`; what they cannot do, a shelf does.
fn brightness(semitones: f64, patch: &mut PatchSpec) {
    // A low-pass far below the note takes the note, not the highs.
    let least_hz = 0.7 * math::note_to_hz(f64::from(patch.meta.category.reference_note()));
    tone::spectra(semitones, patch);
    let mut left: Option<f64> = None;
    for filter in patch
        .modules
        .filter
        .iter_mut()
        .filter(|filter| filter.enabled && filter.blend < 0.8)
    {
        let wanted = filter.cutoff_hz * math::exp2(semitones / 12.0);
        let reached = wanted.clamp(least_hz.min(filter.cutoff_hz), 19_000.0);
        let rest = 12.0 * math::log2(wanted / reached);
        left = Some(left.map_or(rest, |left| if rest.abs() < left.abs() { rest } else { left }));
        filter.cutoff_hz = reached;
    }
    // A filter that is open to the top has nothing more to give, and one that is far below the note takes no more.
    let shelf_st = left.unwrap_or(semitones)
        + if semitones.abs() > 16.0 {
            0.5 * semitones
        } else {
            0.0
        };
    if shelf_st != 0.0 {
        rack::eq(patch, |eq| {
            if !eq.enabled {
                eq.enabled = true;
            }
            eq.high.gain_db = (eq.high.gain_db + 0.6 * shelf_st).clamp(-15.0, 15.0);
        });
    }
}

fn attack(octaves: f64, patch: &mut PatchSpec) {
    let longest = patch.modules.env[0].attack_s;
    let opening = openers(patch);
    let env = &mut patch.modules.env[0];
    if octaves > 0.0 {
        env.attack_s = (env.attack_s.max(0.012) * math::exp2(octaves))
            .min(20.0)
            .max(longest);
    } else {
        env.attack_s = scaled(env.attack_s, octaves, 0.001, longest);
        env.delay_s = scaled(env.delay_s, 2.0 * octaves, 0.0, 4.0);
        // A fast start does not wait for a slow filter.
        for i in opening {
            let attack_s = &mut patch.modules.env[i].attack_s;
            *attack_s = scaled(*attack_s, octaves, 0.001, *attack_s);
        }
    }
}

/// The envelopes that open a filter, in the order of their routes.
fn openers(patch: &PatchSpec) -> Vec<usize> {
    let routes = patch.modulation.routes.iter();
    routes
        .filter(|route| route.target.ends_with("/cutoff_hz") && route.amount > 0.0)
        .filter_map(|route| env_of(route.source))
        .collect()
}

fn punch(amount: f64, patch: &mut PatchSpec) {
    if amount < 0.0 {
        attack(-amount, patch);
        for route in &mut patch.modulation.routes {
            if env_of(route.source).is_some() && route.target.ends_with("/cutoff_hz") && route.amount > 0.0 {
                route.amount *= (1.0 + 0.3 * amount).max(0.2);
            }
        }
        return;
    }
    attack(-0.8 * amount, patch);
    if !patch.modules.filter.iter().any(|filter| filter.enabled) {
        filter_in(patch);
    }
    // The body a little darker, so that the start is brighter beside it.
    for filter in patch
        .modules
        .filter
        .iter_mut()
        .filter(|filter| filter.enabled && filter.blend < 0.8)
    {
        filter.cutoff_hz = scaled(filter.cutoff_hz, -0.17 * amount, 90.0, 19_000.0);
    }
    let opens = patch.modulation.routes.iter().position(|route| {
        env_of(route.source)
            .is_some_and(|i| patch.modules.env[i].sustain < 0.5 && patch.modules.env[i].decay_s < SNAP_S)
            && route.target.ends_with("/cutoff_hz")
            && route.amount > 0.0
    });
    if let Some(i) = opens {
        let route = &mut patch.modulation.routes[i];
        route.amount = (route.amount + 0.09 * amount).min(0.8);
    }
    let is_taken = patch
        .modulation
        .routes
        .iter()
        .any(|route| route.source == Source::Env5);
    let snap = &patch.modules.env[5];
    if !is_taken {
        time::snap(patch);
    } else if snap.sustain > 0.0 || snap.decay_s > SNAP_S {
        return;
    }
    let mut add = |target: String, amount: f64| {
        patch
            .modulation
            .routes
            .push(Route::new(Source::Env5, target, amount));
    };
    if opens.is_none() && !is_taken && patch.modules.filter[0].enabled {
        add("/modules/filter/0/cutoff_hz".to_owned(), (0.1 * amount).min(0.6));
    }
    // What is struck is struck with something: a click of noise, which no filter of the body holds back. What goes on
    // has it where nothing else has helped.
    let hit = if patch.modules.env[0].sustain >= GOES_ON {
        0.05 * (amount - PLENTY)
    } else if patch.meta.category == Category::Bass {
        0.03 * amount
    } else {
        0.08 * amount
    };
    if hit <= 0.0 {
        return;
    }
    add("/modules/sample/level".to_owned(), hit.min(0.4));
    rack::noise(patch, Destination::Effects);
}

/// Puts an open low-pass behind the oscillators.
fn filter_in(patch: &mut PatchSpec) {
    let filter = &mut patch.modules.filter[0];
    filter.enabled = true;
    filter.blend = 0.0;
    filter.style = FilterStyle::Db12;
    (filter.resonance, filter.keytrack, filter.cutoff_hz) = (0.1, 0.5, 5_000.0);
    for osc in &mut patch.modules.osc {
        if osc.destination == Destination::Effects {
            osc.destination = Destination::Filter1;
        }
    }
}

/// Decay, release, and what rings behind them, by `octaves`: times follow by the laws of the envelopes and the room.
fn length(octaves: f64, patch: &mut PatchSpec) {
    let env = &mut patch.modules.env[0];
    if env.sustain < GOES_ON {
        env.decay_s = scaled(env.decay_s, octaves, 0.02, 30.0);
        env.hold_s = scaled(env.hold_s, octaves, 0.0, 4.0);
        for i in openers(patch) {
            let decay_s = &mut patch.modules.env[i].decay_s;
            *decay_s = scaled(*decay_s, 0.5 * octaves, 0.01, 30.0);
        }
    }
    release(octaves, patch);
}

fn release(octaves: f64, patch: &mut PatchSpec) {
    let env = &mut patch.modules.env[0];
    let from = if octaves > 0.0 {
        env.release_s.max(0.06)
    } else {
        env.release_s
    };
    env.release_s = scaled(from, octaves, 0.005, 30.0);
    rack::reverb(patch, |fx| {
        if fx.enabled && fx.mix > HEARD {
            fx.decay_s = scaled(fx.decay_s, octaves, 0.1, 40.0);
        }
    });
    rack::delay(patch, |fx| {
        if fx.enabled && fx.mix > HEARD && fx.feedback > 0.0 {
            // The time to −60 dB goes with one over the logarithm of the feedback.
            fx.feedback = math::exp2(math::log2(fx.feedback.min(0.98)) * math::exp2(-octaves)).min(0.93);
        }
    });
}

fn width(amount: f64, patch: &mut PatchSpec) {
    let voicing = &mut patch.modules.voicing;
    if amount < 0.0 {
        voicing.stereo_width = (voicing.stereo_width * (1.0 + 0.3 * amount)).max(0.0);
        return;
    }
    voicing.stereo_width = voicing
        .stereo_width
        .max((voicing.stereo_width + 0.4 * amount).min(1.0));
    for osc in patch.modules.osc.iter_mut().filter(|osc| osc.enabled) {
        if osc.unison.voices > 1 {
            osc.unison.stereo_spread = (osc.unison.stereo_spread + 0.4 * amount).min(1.0);
        }
    }
    rack::chorus(patch, |fx| {
        if !fx.enabled {
            *fx = rack::wide_chorus();
            fx.mix = 0.0;
        }
        fx.mix = fx.mix.max((fx.mix + 0.16 * amount).min(0.8));
    });
    if amount > PLENTY {
        // What no chorus makes wider is given voices on both sides.
        for i in tonal(patch) {
            let unison = &mut patch.modules.osc[i].unison;
            if unison.voices == 1 {
                (unison.voices, unison.detune_cents) = (3, 6.0);
                unison.stereo_spread = (0.4 * (amount - PLENTY)).min(1.0);
            }
        }
    }
}

fn space(amount: f64, patch: &mut PatchSpec) {
    let release_s = patch.modules.env[0].release_s;
    rack::reverb(patch, |fx| {
        if amount < 0.0 {
            fx.mix *= (1.0 + 0.45 * amount).max(0.0);
            fx.decay_s = scaled(fx.decay_s, 0.5 * amount.max(-2.0), 0.1, 40.0);
            return;
        }
        if !fx.enabled || fx.mix <= HEARD {
            fx.enabled = true;
            fx.mix = 0.0;
            fx.decay_s = fx.decay_s.max(1.6);
            fx.size = fx.size.max(0.6);
        }
        fx.mix = fx.mix.max((fx.mix + 0.14 * amount).min(0.75));
        // The room is to ring on where the envelope has ended.
        let least = 1.4 * release_s;
        fx.decay_s = scaled(fx.decay_s, 0.8 * amount.min(1.5), 0.1, 30.0)
            .max(least)
            .min(40.0);
    });
    if amount < 0.0 {
        rack::delay(patch, |fx| fx.mix *= (1.0 + 0.25 * amount).max(0.0));
    }
}

/// Whether a route moves by itself and is no vibrato.
fn sways(route: &Route) -> bool {
    route.source.moves_by_itself()
        && !route.bypass
        && !route.target.ends_with("/transpose")
        && !route.target.ends_with("cents")
        && route.target.starts_with("/modules/")
}

fn movement(amount: f64, patch: &mut PatchSpec) {
    let lively = patch
        .modulation
        .routes
        .iter()
        .any(|r| sways(r) && r.amount.abs() > 0.004);
    if amount < 0.0 {
        let factor = (1.0 + 0.4 * amount).max(0.0);
        for route in patch.modulation.routes.iter_mut().filter(|r| sways(r)) {
            route.amount *= factor;
        }
        return;
    }
    if lively {
        for route in patch.modulation.routes.iter_mut().filter(|r| sways(r)) {
            let most = if route.target.ends_with("/level") {
                0.5
            } else {
                0.7
            };
            let more = route.amount * math::exp2(0.8 * amount);
            route.amount = more.clamp(-most, most);
        }
        sway_more(amount - PLAIN, patch);
        return;
    }
    // The knob has laid a way already, at zero.
    let mut is_laid = false;
    for route in patch.modulation.routes.iter_mut().filter(|r| sways(r)) {
        let full = if route.target.ends_with("/level") {
            0.06
        } else {
            0.07
        };
        route.amount = (route.amount + full * amount).clamp(-0.5, 0.5);
        is_laid = true;
    }
    if is_laid {
        return;
    }
    let Some((lfo, source)) = crate::macros::free_lfo(patch)
        .and_then(|i| Source::from_name(&format!("lfo/{i}")).map(|source| (i, source)))
    else {
        return;
    };
    let swaying = &mut patch.modules.lfo[lfo];
    swaying.set_shape(songwalker_schemas::patch::lfo::LfoShape::Sine);
    swaying.rate.mode = RateMode::Hz;
    swaying.rate.hz = 1.2;
    let target = match (0..2).find(|i| patch.modules.filter[*i].enabled) {
        Some(i) => format!("/modules/filter/{i}/cutoff_hz"),
        None => "/modules/voicing/master_db".to_owned(),
    };
    let target = if target.ends_with("master_db") {
        let heard = patch.modules.osc.iter().position(|osc| osc.enabled).unwrap_or(0);
        format!("/modules/osc/{heard}/level")
    } else {
        target
    };
    patch.modulation.routes.push(Route {
        polarity: Polarity::Bipolar,
        ..Route::new(source, target, (0.07 * amount).min(0.4))
    });
}

/// Lets other colours follow what moves one, and the level of what goes on: of what lies below its filter no sweep is
/// heard.
fn sway_more(amount: f64, patch: &mut PatchSpec) {
    if amount <= 0.0 {
        return;
    }
    let Some(source) = patch
        .modulation
        .routes
        .iter()
        .find(|route| sways(route) && route.source.name().starts_with("lfo/"))
        .map(|route| route.source)
    else {
        return;
    };
    let goes_on = patch.modules.env[0].sustain >= GOES_ON;
    for i in 0..patch.modules.osc.len() {
        let osc = &patch.modules.osc[i];
        if !osc.enabled || osc.level <= 0.0 {
            continue;
        }
        let (name, depth) = if matches!(osc.warp.mode, WarpMode::FmA | WarpMode::FmB) {
            ("warp/amount", (0.06 * amount).min(osc.warp.amount))
        } else if goes_on {
            ("level", (0.05 * amount).min(0.5 * osc.level))
        } else {
            continue;
        };
        let target = format!("/modules/osc/{i}/{name}");
        if patch
            .modulation
            .routes
            .iter()
            .any(|route| route.target == target && sways(route))
        {
            continue;
        }
        patch.modulation.routes.push(Route {
            polarity: Polarity::Bipolar,
            ..Route::new(source, target, depth)
        });
    }
}

fn drive(amount: f64, patch: &mut PatchSpec) {
    if amount < 0.0 {
        let factor = (1.0 + 0.4 * amount).max(0.0);
        rack::distortion(patch, |fx| {
            fx.mix *= factor;
            fx.drive_db += 4.0 * amount;
            fx.drive_db = fx.drive_db.max(-30.0);
        });
        for filter in &mut patch.modules.filter {
            filter.drive_db *= factor;
        }
        for osc in &mut patch.modules.osc {
            osc.unison.detune_cents *= (1.0 + 0.12 * amount).max(0.2);
        }
        // Fizz lies above the tone; what is behind a low filter has none.
        let filters = &patch.modules.filter;
        if filters
            .iter()
            .all(|filter| !filter.enabled || filter.cutoff_hz > FIZZ_HZ / 2.0)
        {
            rack::eq(patch, |eq| {
                eq.enabled = true;
                eq.high.hz = eq.high.hz.min(FIZZ_HZ);
                eq.high.gain_db = (eq.high.gain_db + 2.2 * amount).clamp(-15.0, 15.0);
            });
        }
        return;
    }
    rack::distortion(patch, |fx| {
        if !fx.enabled {
            fx.enabled = true;
            fx.kind = DistortionKind::SoftClip;
            fx.mix = 0.0;
        }
        if fx.mix <= HEARD {
            fx.drive_db = 8.0;
        }
        fx.mix = fx.mix.max((fx.mix + 0.4 * amount).min(1.0));
        fx.drive_db = (fx.drive_db + 4.0 * amount).min(28.0).max(fx.drive_db.min(28.0));
    });
    for filter in patch.modules.filter.iter_mut().filter(|filter| filter.enabled) {
        filter.drive_db = (filter.drive_db + 2.0 * amount).min(20.0);
    }
}

/// The oscillators that carry the pitch: on, heard, and no sub where there is another.
fn tonal(patch: &PatchSpec) -> Vec<usize> {
    let osc = &patch.modules.osc;
    let loudest = osc
        .iter()
        .filter(|osc| osc.enabled)
        .map(|osc| osc.level)
        .fold(0.0, f64::max);
    let heard: Vec<usize> = (0..3)
        .filter(|i| osc[*i].enabled && osc[*i].level > 0.0 && osc[*i].level >= 0.4 * loudest)
        .collect();
    let above: Vec<usize> = heard
        .iter()
        .copied()
        .filter(|i| patch.modules.osc[*i].transpose > -12)
        .collect();
    if above.is_empty() { heard } else { above }
}

fn detune(amount: f64, patch: &mut PatchSpec) {
    let tonal = tonal(patch);
    if amount < 0.0 {
        let factor = (1.0 + 0.4 * amount).max(0.0);
        for i in tonal {
            let osc = &mut patch.modules.osc[i];
            osc.unison.detune_cents *= factor;
            osc.tune_cents *= factor;
        }
        return;
    }
    let cents = 9.0 * amount + 4.0 * (amount - PLENTY).max(0.0);
    dirt::apart(&tonal, cents, patch);
}

/// Leads voices beside each other by the one in the middle, so that the pitch stays its.
pub fn centre(amount: f64, patch: &mut PatchSpec) {
    for i in tonal(patch) {
        let unison = &mut patch.modules.osc[i].unison;
        if unison.voices > 1 {
            dirt::odd(&mut unison.voices);
            unison.blend = (unison.blend * (1.0 - amount)).max(0.2);
        }
    }
}

/// Lows by a shelf, dB.
fn shelf(db: f64, patch: &mut PatchSpec) {
    rack::eq(patch, |eq| {
        eq.enabled = true;
        eq.low.hz = eq.low.hz.max(180.0);
        eq.low.gain_db = (eq.low.gain_db + db).clamp(-15.0, 15.0);
    });
}

fn body(amount: f64, patch: &mut PatchSpec) {
    let low = patch.meta.category == Category::Bass;
    shelf(if amount > 0.0 { 2.5 } else { 4.0 } * amount, patch);
    detune(if amount > 0.0 { 0.7 } else { 0.6 } * amount, patch);
    if low {
        if amount < 0.0 {
            for osc in patch.modules.osc.iter_mut().filter(|osc| osc.transpose <= -12) {
                osc.level *= (1.0 + 0.3 * amount).max(0.1);
            }
        }
    } else {
        width(0.6 * amount, patch);
    }
}

/// The patch in which only the sound's own movement moves: one voice an oscillator, no chorus; what is slower than a
/// probe can tell goes fast enough, so that its depth can be measured.
#[must_use]
pub fn only_its_movement(patch: &PatchSpec) -> PatchSpec {
    const FAST_HZ: f64 = 3.0;
    let mut probe = patch.clone();
    for osc in &mut probe.modules.osc {
        osc.unison.voices = 1;
        osc.tune_cents = 0.0;
        osc.phase_randomness = 0.0;
    }
    for fx in &mut probe.modules.fx {
        if let Fx::Chorus(fx) = fx {
            fx.enabled = false;
        }
    }
    for lfo in &mut probe.modules.lfo {
        let rate = &mut lfo.rate;
        let hz = match rate.mode {
            RateMode::Hz => rate.hz,
            // At the probe's 120 beats a minute.
            _ => 2.0 * rate.sync.cycles_per_beat(),
        };
        if hz < FAST_HZ {
            rate.mode = RateMode::Hz;
            rate.hz = FAST_HZ;
        }
        lfo.delay_s = 0.0;
    }
    for random in &mut probe.modules.random {
        if random.rate.mode == RateMode::Hz {
            random.rate.hz = random.rate.hz.max(FAST_HZ);
        }
    }
    probe
}
