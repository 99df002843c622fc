//! From settled values to the intent's descriptors: gives numbers to what was said in degrees where the intent wants
//! numbers, and keeps everything within its bounds.

use super::draft::Draft;
use super::effect::{Axis, Exact};
use super::roles::Choice;
use songwalker_schemas::Category;
use songwalker_schemas::intent::{DelayAsk, Descriptors, Feature, Invariant, Movement, Waveform};
use songwalker_schemas::patch::fx::DelayStyle;
use songwalker_schemas::patch::rate::{RateMode, Sync};

/// Below this a degree says nothing.
const SILENT: f64 = 0.05;

/// A straight line through points of (degree, value), sorted by degree.
fn along(points: &[(f64, f64)], x: f64) -> f64 {
    let (first, last) = (points[0], points[points.len() - 1]);
    if x <= first.0 {
        return first.1;
    }
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if x <= b.0 {
            return a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0);
        }
    }
    last.1
}

/// Speed of a movement, Hz, for a degree from glacial to frantic.
const RATE_HZ: [(f64, f64); 9] = [
    (-1.0, 0.06),
    (-0.75, 0.1),
    (-0.5, 0.2),
    (-0.25, 0.4),
    (0.0, 1.0),
    (0.25, 2.5),
    (0.5, 5.0),
    (0.75, 7.0),
    (1.0, 10.0),
];
/// Factor on the usual speed of a wobble or a vibrato.
const RATE_FACTOR: [(f64, f64); 5] = [(-1.0, 0.2), (-0.5, 0.45), (0.0, 1.0), (0.5, 1.8), (1.0, 3.0)];
/// An eighth at 120 beats per minute, Hz.
const USUAL_PULSE_HZ: f64 = 4.0;
const GLIDE_S: [(f64, f64); 5] = [(0.0, 0.03), (0.25, 0.05), (0.5, 0.1), (0.75, 0.2), (1.0, 0.45)];
const VIBRATO_CENTS: [(f64, f64); 4] = [(0.0, 4.0), (0.125, 6.0), (0.5, 14.0), (1.0, 40.0)];
const REVERB_S: [(f64, f64); 6] = [
    (-1.0, 0.4),
    (-0.5, 0.8),
    (0.0, 1.8),
    (0.25, 2.6),
    (0.5, 4.0),
    (1.0, 10.0),
];
const UNISON_VOICES: [(f64, f64); 4] = [(0.25, 3.0), (0.5, 5.0), (0.75, 7.0), (1.0, 9.0)];

/// A value within its bounds, with three decimals.
fn rounded(value: f64, least: f64, most: f64) -> f64 {
    (value.clamp(least, most) * 1000.0).round() / 1000.0
}

/// The descriptors of an intent.
pub(super) fn descriptors(choice: &Choice, draft: &Draft, tempo: Option<f64>) -> Descriptors {
    let degree = |axis: Axis| {
        let value = rounded(draft.axis(axis), -1.0, 1.0);
        (value.abs() >= SILENT).then_some(value)
    };
    let exact =
        |exact: Exact, least: f64, most: f64| draft.exact.get(&exact).map(|(v, _)| rounded(*v, least, most));
    let whole = |which: Exact, least: f64, most: f64| exact(which, least, most).map(|v| v.round() as i64);
    let positive = |axis: Axis| draft.axis(axis) > SILENT;
    let speed = draft.axis(Axis::VibratoRate);
    let reverberation = draft.axis(Axis::Reverberation);
    let vibrato = positive(Axis::Vibrato)
        || draft.exact.contains_key(&Exact::VibratoCents)
        || draft.exact.contains_key(&Exact::VibratoHz);
    let vibrato_cents = exact(Exact::VibratoCents, 0.0, 200.0).or_else(|| {
        vibrato.then(|| {
            rounded(
                along(&VIBRATO_CENTS, draft.axis(Axis::Vibrato).max(0.1)),
                0.0,
                200.0,
            )
        })
    });
    let vibrato_hz = exact(Exact::VibratoHz, 0.1, 20.0)
        .or_else(|| vibrato.then(|| rounded(5.3 * along(&RATE_FACTOR, speed * 0.6), 0.1, 20.0)));
    let tremolo = positive(Axis::Tremolo) || draft.exact.contains_key(&Exact::TremoloHz);
    let tremolo_hz = exact(Exact::TremoloHz, 0.1, 40.0)
        .or_else(|| tremolo.then(|| rounded(5.5 * along(&RATE_FACTOR, draft.axis(Axis::Rate)), 0.1, 40.0)));
    let unison = draft.claimed(Axis::Unison).filter(|v| *v >= 0.2);
    let unison_voices = whole(Exact::UnisonVoices, 1.0, 16.0)
        .or_else(|| unison.map(|v| along(&UNISON_VOICES, v).round() as i64));
    let stretch = tempo.map_or(1.0, |bpm| 120.0 / bpm);
    let attack_s = exact(Exact::AttackS, 0.0, 32.0).map(|s| {
        let bars = choice.category == Category::Fx && tempo.is_some();
        if bars { rounded(s * stretch, 0.0, 32.0) } else { s }
    });
    let slope = whole(Exact::FilterSlope, 6.0, 48.0).map(|db| if db >= 18 { 24 } else { 12 });
    Descriptors {
        brightness: degree(Axis::Brightness),
        warmth: degree(Axis::Warmth),
        roughness: degree(Axis::Roughness),
        punch: punch(draft),
        attack: degree(Axis::Attack),
        length: degree(Axis::Length),
        release: degree(Axis::Release),
        width: degree(Axis::Width),
        space: degree(Axis::Space),
        drive: degree(Axis::Drive),
        noise: degree(Axis::Noise),
        detune: degree(Axis::Detune),
        sub: degree(Axis::Sub),
        complexity: degree(Axis::Complexity),
        resonance: degree(Axis::Resonance),
        movement_amount: degree(Axis::Movement),
        movement_speed: degree(Axis::Rate),
        attack_s,
        decay_s: exact(Exact::DecayS, 0.0, 32.0),
        sustain: exact(Exact::Sustain, 0.0, 1.0),
        release_s: exact(Exact::ReleaseS, 0.0, 32.0),
        glide_s: exact(Exact::GlideS, 0.0, 16.0).or_else(|| glide_s(draft)),
        cutoff_hz: exact(Exact::CutoffHz, 13.0, 21000.0),
        resonance_exact: exact(Exact::Resonance, 0.0, 1.0),
        filter_kind: draft.filter,
        filter_slope: slope,
        vibrato_hz,
        vibrato_cents,
        tremolo_hz,
        movement: movement(draft, tremolo),
        delay: delay(draft),
        reverb_s: exact(Exact::ReverbS, 0.05, 60.0).or_else(|| {
            let said = draft.claimed(Axis::Reverberation).is_some() && draft.axis(Axis::Space) > 0.0;
            said.then(|| rounded(along(&REVERB_S, reverberation), 0.05, 60.0))
        }),
        chorus: degree(Axis::Chorus),
        phaser: degree(Axis::Phaser),
        flanger: degree(Axis::Flanger),
        unison_voices,
        unison_cents: exact(Exact::UnisonCents, 0.0, 200.0),
        waveform: wave(choice, draft),
        fm_ratio: exact(Exact::FmRatio, 0.25, 16.0),
        transpose_octaves: whole(Exact::TransposeOctaves, -3.0, 3.0).filter(|o| *o != 0),
        oscillators: whole(Exact::Oscillators, 1.0, 3.0),
    }
}

/// A glide that is wanted but fast is a short one.
fn glide_s(draft: &Draft) -> Option<f64> {
    let glide = draft.axis(Axis::Glide);
    let wanted = glide.abs() > SILENT && !draft.avoid.contains(&Feature::Glide);
    wanted.then(|| rounded(along(&GLIDE_S, glide), 0.0, 16.0))
}

/// A lively filter envelope is heard as punch.
fn punch(draft: &Draft) -> Option<f64> {
    let punch = draft.axis(Axis::Punch) + 0.5 * draft.axis(Axis::FilterDecay);
    (punch.abs() >= SILENT).then(|| rounded(punch, -1.0, 1.0))
}

/// Noise is a wave only where nothing has a pitch.
fn wave(choice: &Choice, draft: &Draft) -> Option<Waveform> {
    let (wave, claimed) = draft.wave?;
    let pitchless = matches!(choice.category, Category::Fx | Category::Drum | Category::Wind);
    let own = matches!(
        choice.category,
        Category::Organ | Category::Bell | Category::Choir | Category::Vox | Category::Drum | Category::Wind
    );
    match wave {
        Waveform::Noise if !pitchless => None,
        _ if own && !claimed => None,
        _ => Some(wave),
    }
}

fn movement(draft: &Draft, tremolo: bool) -> Option<Movement> {
    let amount = draft.axis(Axis::Movement);
    let rate = draft.exact.get(&Exact::MoveRate).copied();
    let named = draft.move_target.is_some()
        || draft.move_shape.is_some()
        || draft.move_sync.is_some()
        || rate.is_some();
    let still = draft.invariants.contains(&Invariant::Static) || amount < 0.0;
    if still || !(named || amount >= 0.4) || (tremolo && draft.move_target.is_none() && rate.is_none()) {
        return None;
    }
    let speed = draft.axis(Axis::Rate);
    let asked = draft.exact.get(&Exact::MoveDepth).map(|(d, _)| *d);
    let depth = asked.unwrap_or(if amount > SILENT { amount } else { 0.5 });
    let (sync, mode) = match &draft.move_sync {
        // A usual length gives way to a word of speed.
        Some((_, false)) if speed.abs() >= 0.2 => (None, None),
        Some((sync, claimed)) if *claimed || rate.is_none_or(|(_, c)| !c) => note_value(sync),
        _ => (None, None),
    };
    let rate_hz = match (sync, rate) {
        (Some(_), _) => None,
        (None, Some((hz, true))) => Some(hz),
        (None, Some((hz, false))) => Some(hz * along(&RATE_FACTOR, speed)),
        (None, None) if draft.move_sync.is_some() => Some(USUAL_PULSE_HZ * along(&RATE_FACTOR, speed)),
        (None, None) => (speed.abs() >= SILENT).then(|| along(&RATE_HZ, speed)),
    };
    Some(Movement {
        depth: Some(rounded(depth, 0.1, 1.0)),
        rate_hz: rate_hz.map(|hz| rounded(hz, 0.01, 40.0)),
        rate_sync: sync,
        sync_mode: mode,
        target: draft.move_target.map(|(t, _)| t),
        shape: draft.move_shape,
    })
}

/// `1/8 dotted` as the intent has it.
fn note_value(words: &str) -> (Option<Sync>, Option<RateMode>) {
    let (length, mode) = words.split_once(' ').unwrap_or((words, ""));
    let sync = Sync::from_name(length);
    let mode = match mode {
        "dotted" => RateMode::Dotted,
        "triplet" => RateMode::Triplet,
        _ => RateMode::Tempo,
    };
    (sync, sync.map(|_| mode))
}

fn delay(draft: &Draft) -> Option<DelayAsk> {
    let amount = draft.axis(Axis::Delay);
    let time = draft
        .exact
        .get(&Exact::DelayS)
        .map(|(s, _)| rounded(*s, 0.002, 4.0));
    if amount.abs() < SILENT && time.is_none() && draft.delay_sync.is_none() {
        return None;
    }
    let (sync, mode) = draft.delay_sync.as_deref().map_or((None, None), note_value);
    Some(DelayAsk {
        amount: Some(rounded(if amount == 0.0 { 0.5 } else { amount }, -1.0, 1.0)),
        time_s: time,
        sync,
        sync_mode: mode,
        style: draft.ping_pong.then_some(DelayStyle::PingPong),
    })
}
