//! Settings to which Vital answers with silence, measured, and what is written instead.
//!
//! * Oscillators that modulate each other in a ring, whether or not they are on (modes fm_a … rm_b): one of the ring
//!   loses its warp, one that is off where there is one, since nothing of it is heard.
//! * A source sent straight into one effect, whether or not that effect is on: it goes into all of them.

use super::controls::Settings;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::osc::{Destination, WarpMode};

/// Replaces such settings; what changes the sound is added to `lost`.
pub fn avoid(patch: &PatchSpec, settings: &mut Settings, lost: &mut Vec<String>) {
    break_rings(patch, settings, lost);
    for (index, osc) in patch.modules.osc.iter().enumerate() {
        let name = format!("oscillator {}", index + 1);
        let control = format!("osc_{}_destination", index + 1);
        widen(osc.destination, osc.enabled, &name, &control, settings, lost);
    }
    let sample = &patch.modules.sample;
    widen(
        sample.destination,
        sample.enabled,
        "the noise",
        "sample_destination",
        settings,
        lost,
    );
}

fn widen(
    destination: Destination,
    enabled: bool,
    name: &str,
    control: &str,
    settings: &mut Settings,
    lost: &mut Vec<String>,
) {
    if destination.index() <= Destination::Direct.index() {
        return;
    }
    settings.set(control, Destination::Effects.index() as f64);
    if enabled {
        lost.push(format!(
            "{name} goes into all effects, not only into the {destination}"
        ));
    }
}

fn break_rings(patch: &PatchSpec, settings: &mut Settings, lost: &mut Vec<String>) {
    let osc = &patch.modules.osc;
    let mut sources: [Option<usize>; 3] = std::array::from_fn(|index| modulator(index, osc[index].warp.mode));
    while let Some(ring) = (0..3).find_map(|start| ring_through(&sources, start)) {
        let off = ring.iter().find(|index| !osc[**index].enabled);
        let Some(&index) = off.or(ring.last()) else { return };
        sources[index] = None;
        settings.set(
            &format!("osc_{}_distortion_type", index + 1),
            WarpMode::None.index() as f64,
        );
        if osc[index].enabled {
            lost.push(format!(
                "the warp of oscillator {}: in a ring of oscillators Vital is silent",
                index + 1
            ));
        }
    }
}

/// The oscillator that bends oscillator `index` (vital-laws §4: 1 ← 2, 3; 2 ← 1, 3; 3 ← 1, 2).
fn modulator(index: usize, mode: WarpMode) -> Option<usize> {
    let others: Vec<usize> = (0..3).filter(|other| *other != index).collect();
    match mode {
        WarpMode::FmA | WarpMode::RmA => Some(others[0]),
        WarpMode::FmB | WarpMode::RmB => Some(others[1]),
        _ => None,
    }
}

/// The ring that leads from `start` back to it.
fn ring_through(sources: &[Option<usize>; 3], start: usize) -> Option<Vec<usize>> {
    let mut ring = vec![start];
    let mut at = start;
    for _ in 0..sources.len() {
        at = sources[at]?;
        if at == start {
            ring.sort_unstable();
            return Some(ring);
        }
        ring.push(at);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn avoided(patch: &PatchSpec) -> (Settings, Vec<String>) {
        let mut settings = Settings::defaults();
        for (index, osc) in patch.modules.osc.iter().enumerate() {
            settings.set(
                &format!("osc_{}_distortion_type", index + 1),
                osc.warp.mode.index() as f64,
            );
        }
        let mut lost = Vec::new();
        avoid(patch, &mut settings, &mut lost);
        (settings, lost)
    }

    #[test]
    fn a_ring_is_broken_where_nothing_is_heard() {
        let mut patch = PatchSpec::default();
        patch.modules.osc[0].warp.mode = WarpMode::FmA;
        patch.modules.osc[1].warp.mode = WarpMode::RmA;
        let (settings, lost) = avoided(&patch);
        assert_eq!(
            (
                settings.get("osc_1_distortion_type"),
                settings.get("osc_2_distortion_type")
            ),
            (Some(7.0), Some(0.0))
        );
        assert!(lost.is_empty());
        patch.modules.osc[1].enabled = true;
        let (settings, lost) = avoided(&patch);
        assert_eq!(settings.get("osc_2_distortion_type"), Some(0.0));
        assert_eq!(lost.len(), 1);
    }

    #[test]
    fn a_ring_of_three_is_broken_and_a_chain_is_left() {
        let mut patch = PatchSpec::default();
        let modes = [WarpMode::FmA, WarpMode::FmB, WarpMode::FmA];
        for (osc, mode) in patch.modules.osc.iter_mut().zip(modes) {
            osc.enabled = true;
            osc.warp.mode = mode;
        }
        let (settings, lost) = avoided(&patch);
        assert_eq!(
            (settings.get("osc_3_distortion_type"), lost.len()),
            (Some(0.0), 1)
        );
        patch.modules.osc[2].warp.mode = WarpMode::Bend;
        assert!(avoided(&patch).1.is_empty());
    }

    #[test]
    fn one_effect_becomes_all_effects() {
        let mut patch = PatchSpec::default();
        patch.modules.osc[0].destination = Destination::Reverb;
        patch.modules.osc[1].destination = Destination::Delay;
        patch.modules.osc[2].destination = Destination::Direct;
        let (settings, lost) = avoided(&patch);
        assert_eq!(
            (
                settings.get("osc_1_destination"),
                settings.get("osc_2_destination")
            ),
            (Some(3.0), Some(3.0))
        );
        assert_eq!(lost.len(), 1, "{lost:?}");
    }
}
