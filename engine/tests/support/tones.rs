//! What several tests play and look at.

use songwalker_engine::fft::RealFft64;
use songwalker_engine::math;
use songwalker_schemas::PatchSpec;

const WINDOW: usize = 1024;
/// The lowest bin of what counts as a click: 12 kHz at 44.1 kHz.
const LOWEST: usize = 279;

/// A plain sine with fixed phase.
pub fn sine() -> PatchSpec {
    let mut patch = PatchSpec::default();
    let osc = &mut patch.modules.osc[0];
    osc.wavetable.name.0 = "sine".to_owned();
    osc.phase_randomness = 0.0;
    patch
}

/// The greatest power above 12 kHz of any window over that of the loudest window, dB.
pub fn high_share(channels: [&[f32]; 2]) -> f64 {
    let fft = RealFft64::new(WINDOW);
    let mut scratch = fft.scratch();
    let window: Vec<f64> = (0..WINDOW)
        .map(|i| 0.5 - 0.5 * math::cos(2.0 * math::PI * i as f64 / WINDOW as f64))
        .collect();
    let (mut high, mut whole) = (1e-20_f64, 1e-14_f64);
    for channel in channels {
        for start in (0..channel.len().saturating_sub(WINDOW)).step_by(WINDOW / 2) {
            let wave: Vec<f64> = (0..WINDOW)
                .map(|i| f64::from(channel[start + i]) * window[i])
                .collect();
            let (mut re, mut im) = (vec![0.0; WINDOW / 2 + 1], vec![0.0; WINDOW / 2 + 1]);
            fft.forward(&wave, &mut re, &mut im, &mut scratch);
            let power =
                |bins: std::ops::Range<usize>| bins.map(|k| re[k] * re[k] + im[k] * im[k]).sum::<f64>();
            high = high.max(power(LOWEST..WINDOW / 2));
            whole = whole.max(power(0..WINDOW / 2));
        }
    }
    10.0 * math::log10(high / whole)
}
