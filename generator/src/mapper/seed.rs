//! Another seed, another version of the same answer: small turns of what carries no meaning of its own.

use songwalker_schemas::PatchSpec;

/// A number 0..1 for a seed and a place (splitmix64).
#[must_use]
pub fn unit(seed: u64, place: u64) -> f64 {
    let mut z = seed
        .wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Turns the patch a little; seed 0 leaves it as designed.
pub fn vary(seed: u64, patch: &mut PatchSpec) {
    if seed == 0 {
        return;
    }
    let swing = |place: u64| 2.0 * unit(seed, place) - 1.0;
    for (i, osc) in patch.modules.osc.iter_mut().enumerate() {
        let place = 10 * i as u64;
        osc.wavetable.position = (osc.wavetable.position + 20.0 * swing(place)).clamp(0.0, 256.0);
        osc.unison.detune_cents *= 1.0 + 0.25 * swing(place + 1);
        osc.unison.stereo_spread =
            (osc.unison.stereo_spread * (1.0 + 0.2 * swing(place + 2))).clamp(0.0, 1.0);
        osc.level *= 1.0 + 0.08 * swing(place + 3);
        osc.tune_cents += if i > 0 { 1.5 * swing(place + 4) } else { 0.0 };
    }
    for (i, filter) in patch.modules.filter.iter_mut().enumerate() {
        filter.cutoff_hz *= 1.0 + 0.12 * swing(40 + i as u64);
        filter.resonance = (filter.resonance * (1.0 + 0.2 * swing(44 + i as u64))).clamp(0.0, 0.75);
    }
    for (i, lfo) in patch.modules.lfo.iter_mut().enumerate() {
        lfo.rate.hz *= 1.0 + 0.2 * swing(50 + i as u64);
    }
    for (i, env) in patch.modules.env.iter_mut().enumerate() {
        env.decay_s *= 1.0 + 0.12 * swing(60 + i as u64);
    }
}
