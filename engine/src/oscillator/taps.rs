//! Reading a drawn frame at sixteen places at once.
//!
//! Four neighbours of a place lie side by side in a [`Wave`]: each is one load, and four loads turned round give four
//! places' first, second, third and fourth neighbours. Compilers take such turns apart into single elements, so on
//! x86-64 they are written out. Every way computes [`Wave::at`], operation by operation, and gives its bits.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "vectors are loaded through pointers, and functions for an instruction set may only be called where it is"
    )
)]

use crate::simd::Level;
use crate::wavetable::Wave;

/// Places that are read together.
pub(super) const LANES: usize = 16;

/// A way of reading. A value of it proves that the processor has its instructions.
pub(super) trait Taps: Copy {
    /// [`Wave::at`] of every phase.
    fn read(self, wave: &Wave, phases: &[u32; LANES]) -> [f32; LANES];

    /// Adds `gain` times what is read.
    fn add(self, wave: &Wave, phases: &[u32; LANES], gain: f32, out: &mut [f32; LANES]);

    /// The same on the way from one wave to another.
    fn add_faded(self, fade: &Fade<'_>, phases: &[u32; LANES], gain: f32, out: &mut [f32; LANES]);
}

/// A cross-fade: the new wave's share is `share` plus `step` for each frame, counted from 1 after `passed` frames.
#[derive(Clone, Copy)]
pub(super) struct Fade<'a> {
    pub(super) before: &'a Wave,
    pub(super) now: &'a Wave,
    pub(super) share: f32,
    pub(super) step: f32,
    pub(super) passed: f32,
}

impl Fade<'_> {
    /// What sounds at lane `i`, the waves standing at `old` and `new`.
    #[inline(always)]
    pub(super) fn at(&self, i: usize, old: f32, new: f32) -> f32 {
        let share = self.share + self.step * (self.passed + (i + 1) as f32);
        old + share * (new - old)
    }
}

/// The places of the lanes, from 1.
#[cfg(target_arch = "x86_64")]
const COUNTED: [f32; LANES] = [
    1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0,
];

/// A loop that reads; `run` and what it calls must be `#[inline(always)]`.
pub(super) trait Reading {
    /// Does the work.
    fn run<T: Taps>(self, taps: T);
}

#[cfg(not(target_arch = "x86_64"))]
mod portable {
    use super::{Fade, LANES, Level, Reading, Taps, Wave};

    #[derive(Clone, Copy)]
    struct Each;

    impl Taps for Each {
        #[inline(always)]
        fn read(self, wave: &Wave, phases: &[u32; LANES]) -> [f32; LANES] {
            phases.map(|phase| wave.at(phase))
        }

        #[inline(always)]
        fn add(self, wave: &Wave, phases: &[u32; LANES], gain: f32, out: &mut [f32; LANES]) {
            for (out, phase) in out.iter_mut().zip(phases) {
                *out += wave.at(*phase) * gain;
            }
        }

        #[inline(always)]
        fn add_faded(self, fade: &Fade<'_>, phases: &[u32; LANES], gain: f32, out: &mut [f32; LANES]) {
            for (i, (out, phase)) in out.iter_mut().zip(phases).enumerate() {
                *out += fade.at(i, fade.before.at(*phase), fade.now.at(*phase)) * gain;
            }
        }
    }

    /// Runs a loop; there is one way only.
    pub(in crate::oscillator) fn run(_level: Level, reading: impl Reading) {
        reading.run(Each);
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) use portable::run;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::run;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{COUNTED, Fade, LANES, Level, Reading, Taps, Wave};
    use crate::wavetable::SAMPLES;

    /// Masks the place between two samples out of a phase.
    const BETWEEN: i32 = 0x001f_ffff;
    const PART: f32 = 1.0 / 2_097_152.0;
    const THIRD: f32 = 1.0 / 3.0;
    const SIXTH: f32 = 1.0 / 6.0;

    /// [`Wave::at`]'s polynomial on vectors.
    macro_rules! cubic {
        ($a:ident, $b:ident, $c:ident, $d:ident, $t:ident; $add:ident, $sub:ident, $mul:ident, $set:ident) => {{
            let (half, third, sixth) = ($set(0.5), $set(THIRD), $set(SIXTH));
            let linear = $sub($sub($sub($c, $mul(half, $b)), $mul($a, third)), $mul($d, sixth));
            let square = $sub($mul(half, $add($a, $c)), $b);
            let cubic = $add($mul(half, $sub($b, $c)), $mul($sub($d, $a), sixth));
            $add(
                $b,
                $mul($t, $add(linear, $mul($t, $add(square, $mul($t, cubic))))),
            )
        }};
    }

    /// The four neighbours of a phase's place.
    #[inline(always)]
    fn four(wave: &[f32; SAMPLES + 4], phase: u32) -> __m128 {
        let place = (phase >> 21) as usize;
        let neighbours = &wave[place..place + 4];
        // SAFETY: the slice holds four floats; the load asks for no alignment.
        unsafe { _mm_loadu_ps(neighbours.as_ptr()) }
    }

    #[derive(Clone, Copy)]
    struct Sse2(());
    #[derive(Clone, Copy)]
    struct Avx2(());
    #[derive(Clone, Copy)]
    struct Avx512(());

    /// The three ways of one width: `$read` gives a vector of what is read at `$n` phases.
    macro_rules! taps {
        ($token:ident, $n:literal, $read:ident; $feature:literal;
         $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident, $set:ident,
         $write:ident, $sum:ident, $blend:ident) => {
            #[inline]
            #[target_feature(enable = $feature)]
            fn $write(wave: &Wave, phases: &[u32; $n], to: &mut [f32; $n]) {
                let y = $read(wave.guarded(), phases);
                // SAFETY: the vector is as long as the array; the store asks for no alignment.
                unsafe { $store(to.as_mut_ptr(), y) };
            }

            #[inline]
            #[target_feature(enable = $feature)]
            fn $sum(wave: &Wave, phases: &[u32; $n], gain: f32, to: &mut [f32; $n]) {
                let y = $mul($read(wave.guarded(), phases), $set(gain));
                // SAFETY: the vectors are as long as the array; load and store ask for no alignment.
                unsafe { $store(to.as_mut_ptr(), $add($load(to.as_ptr()), y)) };
            }

            #[inline]
            #[target_feature(enable = $feature)]
            fn $blend(
                fade: &Fade<'_>,
                counted: &[f32; $n],
                phases: &[u32; $n],
                gain: f32,
                to: &mut [f32; $n],
            ) {
                let old = $read(fade.before.guarded(), phases);
                let new = $read(fade.now.guarded(), phases);
                // SAFETY: the vector is as long as the array; the load asks for no alignment.
                let counted = unsafe { $load(counted.as_ptr()) };
                let share = $add(
                    $set(fade.share),
                    $mul($set(fade.step), $add($set(fade.passed), counted)),
                );
                let y = $mul($add(old, $mul(share, $sub(new, old))), $set(gain));
                // SAFETY: the vectors are as long as the array; load and store ask for no alignment.
                unsafe { $store(to.as_mut_ptr(), $add($load(to.as_ptr()), y)) };
            }

            impl Taps for $token {
                #[inline(always)]
                fn read(self, wave: &Wave, phases: &[u32; LANES]) -> [f32; LANES] {
                    let mut out = [0.0; LANES];
                    let groups = phases.as_chunks::<$n>().0.iter();
                    for (phases, to) in groups.zip(out.as_chunks_mut::<$n>().0) {
                        // SAFETY: `self` is only made where the processor has the instructions.
                        unsafe { $write(wave, phases, to) };
                    }
                    out
                }

                #[inline(always)]
                fn add(self, wave: &Wave, phases: &[u32; LANES], gain: f32, out: &mut [f32; LANES]) {
                    let groups = phases.as_chunks::<$n>().0.iter();
                    for (phases, to) in groups.zip(out.as_chunks_mut::<$n>().0) {
                        // SAFETY: `self` is only made where the processor has the instructions.
                        unsafe { $sum(wave, phases, gain, to) };
                    }
                }

                #[inline(always)]
                fn add_faded(
                    self,
                    fade: &Fade<'_>,
                    phases: &[u32; LANES],
                    gain: f32,
                    out: &mut [f32; LANES],
                ) {
                    let groups = phases
                        .as_chunks::<$n>()
                        .0
                        .iter()
                        .zip(COUNTED.as_chunks::<$n>().0);
                    for ((phases, counted), to) in groups.zip(out.as_chunks_mut::<$n>().0) {
                        // SAFETY: `self` is only made where the processor has the instructions.
                        unsafe { $blend(fade, counted, phases, gain, to) };
                    }
                }
            }
        };
    }

    // A value of a token is only made by `run`, after the processor was asked for what the token stands for.
    taps!(
        Sse2, 4, four_places; "sse2"; _mm_loadu_ps, _mm_storeu_ps, _mm_add_ps, _mm_sub_ps, _mm_mul_ps, _mm_set1_ps,
        write_4, sum_4, blend_4
    );
    taps!(
        Avx2, 8, eight_places; "avx2"; _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps,
        _mm256_set1_ps, write_8, sum_8, blend_8
    );
    taps!(
        Avx512, 16, sixteen_places; "avx2,avx512f,avx512bw,avx512dq,avx512vl"; _mm512_loadu_ps, _mm512_storeu_ps,
        _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_set1_ps, write_16, sum_16, blend_16
    );

    #[inline]
    #[target_feature(enable = "sse2")]
    fn four_places(wave: &[f32; SAMPLES + 4], phases: &[u32; 4]) -> __m128 {
        let row = |i: usize| four(wave, phases[i]);
        let rows = [row(0), row(1), row(2), row(3)];
        let (low_0, high_0) = (
            _mm_unpacklo_ps(rows[0], rows[1]),
            _mm_unpackhi_ps(rows[0], rows[1]),
        );
        let (low_1, high_1) = (
            _mm_unpacklo_ps(rows[2], rows[3]),
            _mm_unpackhi_ps(rows[2], rows[3]),
        );
        let (a, b) = (_mm_movelh_ps(low_0, low_1), _mm_movehl_ps(low_1, low_0));
        let (c, d) = (_mm_movelh_ps(high_0, high_1), _mm_movehl_ps(high_1, high_0));
        // SAFETY: four numbers are loaded from an array of four, unaligned.
        let phases = unsafe { _mm_loadu_si128(phases.as_ptr().cast()) };
        let between = _mm_cvtepi32_ps(_mm_and_si128(phases, _mm_set1_epi32(BETWEEN)));
        let t = _mm_mul_ps(between, _mm_set1_ps(PART));
        cubic!(a, b, c, d, t; _mm_add_ps, _mm_sub_ps, _mm_mul_ps, _mm_set1_ps)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn eight_places(wave: &[f32; SAMPLES + 4], phases: &[u32; 8]) -> __m256 {
        let row = |i: usize| {
            let (low, high) = (four(wave, phases[i]), four(wave, phases[i + 4]));
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high)
        };
        let rows = [row(0), row(1), row(2), row(3)];
        let (low_0, high_0) = (
            _mm256_unpacklo_ps(rows[0], rows[1]),
            _mm256_unpackhi_ps(rows[0], rows[1]),
        );
        let (low_1, high_1) = (
            _mm256_unpacklo_ps(rows[2], rows[3]),
            _mm256_unpackhi_ps(rows[2], rows[3]),
        );
        let (a, b) = (
            _mm256_shuffle_ps::<0x44>(low_0, low_1),
            _mm256_shuffle_ps::<0xee>(low_0, low_1),
        );
        let (c, d) = (
            _mm256_shuffle_ps::<0x44>(high_0, high_1),
            _mm256_shuffle_ps::<0xee>(high_0, high_1),
        );
        // SAFETY: eight numbers are loaded from an array of eight, unaligned.
        let phases = unsafe { _mm256_loadu_si256(phases.as_ptr().cast()) };
        let between = _mm256_cvtepi32_ps(_mm256_and_si256(phases, _mm256_set1_epi32(BETWEEN)));
        let t = _mm256_mul_ps(between, _mm256_set1_ps(PART));
        cubic!(a, b, c, d, t; _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_set1_ps)
    }

    #[inline]
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
    fn sixteen_places(wave: &[f32; SAMPLES + 4], phases: &[u32; 16]) -> __m512 {
        let row = |i: usize| {
            let at = |k: usize| four(wave, phases[i + 4 * k]);
            let half = _mm512_insertf32x4::<1>(_mm512_castps128_ps512(at(0)), at(1));
            _mm512_insertf32x4::<3>(_mm512_insertf32x4::<2>(half, at(2)), at(3))
        };
        let rows = [row(0), row(1), row(2), row(3)];
        let (low_0, high_0) = (
            _mm512_unpacklo_ps(rows[0], rows[1]),
            _mm512_unpackhi_ps(rows[0], rows[1]),
        );
        let (low_1, high_1) = (
            _mm512_unpacklo_ps(rows[2], rows[3]),
            _mm512_unpackhi_ps(rows[2], rows[3]),
        );
        let (a, b) = (
            _mm512_shuffle_ps::<0x44>(low_0, low_1),
            _mm512_shuffle_ps::<0xee>(low_0, low_1),
        );
        let (c, d) = (
            _mm512_shuffle_ps::<0x44>(high_0, high_1),
            _mm512_shuffle_ps::<0xee>(high_0, high_1),
        );
        // SAFETY: sixteen numbers are loaded from an array of sixteen, unaligned.
        let phases = unsafe { _mm512_loadu_si512(phases.as_ptr().cast()) };
        let between = _mm512_cvtepi32_ps(_mm512_and_si512(phases, _mm512_set1_epi32(BETWEEN)));
        let t = _mm512_mul_ps(between, _mm512_set1_ps(PART));
        cubic!(a, b, c, d, t; _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_set1_ps)
    }

    #[target_feature(enable = "avx2")]
    fn with_avx2(reading: impl Reading) {
        reading.run(Avx2(()));
    }

    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
    fn with_avx512(reading: impl Reading) {
        reading.run(Avx512(()));
    }

    /// Runs a loop with these instructions; with the baseline's where the processor lacks them.
    pub(in crate::oscillator) fn run(level: Level, reading: impl Reading) {
        if level == Level::Avx512 && level.is_available() {
            // SAFETY: `is_available` has just found every feature that `with_avx512` is compiled for.
            unsafe { with_avx512(reading) };
        } else if level == Level::Avx2 && level.is_available() {
            // SAFETY: `is_available` has just found AVX2.
            unsafe { with_avx2(reading) };
        } else {
            reading.run(Sse2(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavetable::{Drawer, LAST_BIN, Morph, by_name};

    struct Sixteen<'a>(&'a Wave, [u32; LANES], &'a mut [f32; LANES]);

    impl Reading for Sixteen<'_> {
        #[inline(always)]
        fn run<T: Taps>(self, taps: T) {
            *self.2 = taps.read(self.0, &self.1);
        }
    }

    struct Added<'a>(Fade<'a>, [u32; LANES], [&'a mut [f32; LANES]; 2]);

    impl Reading for Added<'_> {
        #[inline(always)]
        fn run<T: Taps>(self, taps: T) {
            let [plain, faded] = self.2;
            taps.add(self.0.now, &self.1, 0.3, plain);
            taps.add_faded(&self.0, &self.1, 0.3, faded);
        }
    }

    #[test]
    fn every_level_adds_and_fades_with_the_bits_of_single_places() {
        let mut waves = [Wave::silent(), Wave::silent()];
        for (name, wave) in ["saw", "sine"].into_iter().zip(&mut waves) {
            Drawer::new().draw(&by_name(name).unwrap(), 0, 500, Morph::NONE, wave);
        }
        let fade = Fade {
            before: &waves[0],
            now: &waves[1],
            share: 0.2,
            step: 0.01,
            passed: 16.0,
        };
        let phases: [u32; LANES] = std::array::from_fn(|i| (i as u32 + 7).wrapping_mul(2_654_435_761));
        let expected: [[u32; 2]; LANES] = std::array::from_fn(|i| {
            let (old, new) = (waves[0].at(phases[i]), waves[1].at(phases[i]));
            [
                (0.7 + new * 0.3).to_bits(),
                (0.7 + fade.at(i, old, new) * 0.3).to_bits(),
            ]
        });
        for level in Level::ALL {
            let (mut plain, mut faded) = ([0.7; LANES], [0.7; LANES]);
            run(level, Added(fade, phases, [&mut plain, &mut faded]));
            let found: [[u32; 2]; LANES] = std::array::from_fn(|i| [plain[i].to_bits(), faded[i].to_bits()]);
            assert_eq!(found, expected, "{level:?}");
        }
    }

    #[test]
    fn every_level_reads_the_bits_of_a_single_place() {
        let table = by_name("saw").unwrap();
        let mut wave = Wave::silent();
        Drawer::new().draw(&table, 0, LAST_BIN, Morph::NONE, &mut wave);
        for round in 0..5_000_u32 {
            let mut phases: [u32; LANES] =
                std::array::from_fn(|i| (round * 16 + i as u32).wrapping_mul(2_654_435_761));
            phases[3] = u32::MAX - round;
            phases[9] = round;
            let expected = phases.map(|phase| wave.at(phase).to_bits());
            for level in Level::ALL {
                let mut found = [0.0; LANES];
                run(level, Sixteen(&wave, phases, &mut found));
                assert_eq!(found.map(f32::to_bits), expected, "{level:?}");
            }
        }
    }
}
