//! Voices beside each other against each alone.

use super::*;

const VOICES: usize = 11;

/// Controls that move every third block, each voice in its own way, left and right apart.
fn wandering(voice: usize, block: usize) -> [FilterControls; 2] {
    let step = (block / 3) as f32;
    [0.0, 1.0].map(|side: f32| FilterControls {
        cutoff_note: 50.0 + 3.0 * voice as f32 + 5.0 * step - side,
        resonance: 0.08 * voice as f32,
        drive_db: voice as f32 * side,
        blend: 0.1 * step,
        mix: 1.0 - 0.02 * step,
        formant_x: 0.05 * step,
        ..Default::default()
    })
}

fn sound(voice: usize, block: usize) -> Bus {
    let mut state = (voice * 1000 + block) as u32;
    let mut bus = Bus::new(BLOCK);
    for (left, right) in bus.left.iter_mut().zip(&mut bus.right) {
        *left = noise(&mut state);
        *right = noise(&mut state);
    }
    bus
}

fn bits(bus: &Bus) -> Vec<u32> {
    bus.left.iter().chain(&bus.right).map(|x| x.to_bits()).collect()
}

#[test]
fn voices_side_by_side_have_the_bits_of_each_alone_at_every_level_and_in_every_grouping() {
    for model in FilterModel::ALL {
        for style in FilterStyle::ALL {
            let mut alone: Vec<_> = (0..VOICES)
                .map(|_| StereoFilter::new(*model, *style, RATE))
                .collect();
            let mut banks = Level::ALL.map(|_| FilterBank::new(*model, *style, RATE, VOICES));
            for block in 0..12 {
                // Which voices sound changes, and with it who stands beside whom.
                let active: Vec<usize> = (0..VOICES)
                    .filter(|voice| (voice * 7 + block) % 12 > block / 2)
                    .collect();
                let controls: Vec<_> = (0..VOICES).map(|voice| wandering(voice, block)).collect();
                let mut expected: Vec<Bus> = (0..VOICES).map(|voice| sound(voice, block)).collect();
                for &voice in &active {
                    let bus = &mut expected[voice];
                    alone[voice].process(Level::Baseline, &mut bus.left, &mut bus.right, &controls[voice]);
                }
                for (bank, level) in banks.iter_mut().zip(Level::ALL) {
                    let mut found: Vec<Bus> = (0..VOICES).map(|voice| sound(voice, block)).collect();
                    bank.process(level, &active, &mut found, &controls, &[]);
                    for voice in 0..VOICES {
                        assert!(
                            bits(&found[voice]) == bits(&expected[voice]),
                            "{model} {style}: voice {voice} of {active:?} in block {block} at {level:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_voice_that_is_reset_sounds_like_a_new_one() {
    for model in FilterModel::ALL {
        let mut used = FilterBank::new(*model, FilterStyle::Db12, RATE, 2);
        let mut fresh = FilterBank::new(*model, FilterStyle::Db12, RATE, 2);
        let level = Level::best();
        for block in 0..9 {
            let mut buses = [sound(0, block), sound(1, block)];
            used.process(
                level,
                &[0, 1],
                &mut buses,
                &[wandering(0, block), wandering(1, block)],
                &[],
            );
        }
        used.reset(1);
        let mut buses = [[sound(0, 1), sound(1, 1)], [sound(0, 1), sound(1, 1)]];
        for (bank, buses) in [&mut used, &mut fresh].into_iter().zip(&mut buses) {
            bank.process(level, &[1], buses, &[wandering(0, 5), wandering(1, 5)], &[]);
        }
        assert!(bits(&buses[0][1]) == bits(&buses[1][1]), "{model}");
    }
}
