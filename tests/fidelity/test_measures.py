#!/usr/bin/env python3
"""The measures against sounds whose difference is known: each finds what was done to them, and nothing where nothing was."""
import pathlib, sys, unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import numpy as np
import ablate, cohorts, measures, patches, report
from measures import BARS, RATE, Pair

T = np.arange(int(1.2 * RATE)) / RATE


def saw(f0, t=T, power=1.0):
    return sum(np.sin(2 * np.pi * k * f0 * t) / k ** power for k in range(1, int(18_000 / f0)))


def both(x):
    return np.stack([x, x])


def pair(a, b, f0=220.0, hold=1.0, dry=None):
    return Pair(both(a), both(b), f0, hold, None if dry is None else both(dry))


def shape(attack, decay, sustain, release, hold=0.7):
    rise = np.clip(T / attack, 0, 1); fall = 1 - (1 - sustain) * np.clip((T - attack) / decay, 0, 1)
    return np.minimum(rise, fall) * np.clip(1 - (T - hold) / release, 0, 1)


def tone(amplitude, f0=3000.0):
    return amplitude ** 2 * np.sin(2 * np.pi * f0 * T)


class Measures(unittest.TestCase):
    def test_equal_sounds_differ_in_nothing(self):
        env = shape(0.05, 0.2, 0.5, 0.1); swing = tone(0.6 + 0.3 * np.sin(2 * np.pi * 5 * T))
        fading = both(np.random.default_rng(1).standard_normal(len(T)) * np.exp(-8 * T))
        for name, one in (("distance", pair(saw(220), saw(220))), ("level", pair(saw(220), saw(220))), ("pitch", pair(saw(220), saw(220))),
                          ("response", pair(saw(220), saw(220), dry=saw(220))), ("envelope", pair(tone(env), tone(env), hold=0.7)), ("rate", pair(swing, swing)),
                          ("depth", pair(swing, swing)), ("t60", Pair(fading, fading, 220.0, 0.0))):
            self.assertLess(abs(measures.ALL[name](one)), 1e-6, name)

    def test_three_decibels_are_three_decibels(self):
        self.assertAlmostEqual(measures.level(pair(saw(220), 10 ** 0.15 * saw(220))), 3.0, places=3)
        self.assertGreater(measures.distance(pair(saw(220), 10 ** 0.15 * saw(220))), 2.5)

    def test_two_cents_are_two_cents_at_every_pitch(self):
        for f0 in (65.4, 261.6, 1046.5):
            self.assertAlmostEqual(measures.pitch(pair(saw(f0), saw(f0 * 2 ** (2 / 1200)), f0)), 2.0, delta=0.1)

    def test_a_filter_one_decibel_off_at_one_harmonic_is_found(self):
        bent = saw(220) + (10 ** 0.05 - 1) * np.sin(2 * np.pi * 1100 * T) / 5
        self.assertAlmostEqual(measures.response(pair(saw(220), bent, dry=saw(220))), 1.0, delta=0.02)

    def test_what_a_filter_removes_by_more_than_forty_decibels_is_not_judged(self):
        low = np.sin(2 * np.pi * 220 * T); faint = 0.001 * np.sin(2 * np.pi * 2200 * T)
        self.assertLess(measures.response(pair(low + faint, low + 3 * faint, dry=saw(220, power=0.0))), 0.05)

    def test_an_attack_a_fifth_longer_is_twice_what_is_allowed(self):
        a, b = shape(0.1, 0.2, 0.5, 0.1), shape(0.12, 0.2, 0.5, 0.1)
        self.assertAlmostEqual(measures.envelope(pair(tone(a), tone(b), hold=0.7)), 2.0, delta=0.25)

    def test_a_release_twice_as_long_breaks_its_bar(self):
        a, b = shape(0.05, 0.2, 0.5, 0.1), shape(0.05, 0.2, 0.5, 0.2)
        self.assertGreater(measures.envelope(pair(tone(a), tone(b), hold=0.7)), 3)

    def test_a_decay_half_as_long_breaks_its_bar(self):
        a, b = shape(0.05, 0.4, 0.3, 0.1), shape(0.05, 0.2, 0.3, 0.1)
        self.assertGreater(measures.envelope(pair(tone(a), tone(b), hold=0.7)), 3)

    def test_half_a_per_cent_of_rate_is_found(self):
        a, b = (tone(0.6 + 0.3 * np.sin(2 * np.pi * hz * T)) for hz in (5.0, 5.025))
        self.assertAlmostEqual(measures.rate(pair(a, b)), 0.5, delta=0.05)

    def test_a_tenth_less_depth_is_five_times_what_is_allowed(self):
        a, b = (tone(0.6 + d * np.sin(2 * np.pi * 5 * T)) for d in (0.3, 0.27))
        self.assertAlmostEqual(measures.depth(pair(a, b)), 5.0, delta=0.4)

    def test_a_room_a_tenth_longer_is_ten_per_cent(self):
        noise = np.random.default_rng(1).standard_normal(4 * RATE); t = np.arange(4 * RATE) / RATE
        a, b = (both(noise * 10 ** (-3 * t / t60)) for t60 in (1.0, 1.1))
        self.assertAlmostEqual(measures.t60(Pair(a, b, 220.0, 0.0)), 10.0, delta=1.0)

    def test_sparse_echoes_are_not_as_dense_as_noise(self):
        noise = np.random.default_rng(1).standard_normal(RATE); sparse = np.where(np.random.default_rng(2).random(RATE) < 0.02, noise, 0.0)
        self.assertLess(measures.density(Pair(both(noise), both(noise[::-1]), 220.0, 0.0)), BARS["density"])
        self.assertGreater(measures.density(Pair(both(noise), both(sparse), 220.0, 0.0)), BARS["density"])

    def test_a_narrower_room_is_more_correlated(self):
        left, right = np.random.default_rng(1).standard_normal((2, RATE))
        wide, narrow = np.stack([left, right]), np.stack([left + 0.1 * right, right + 0.1 * left])
        self.assertGreater(measures.correlation(Pair(wide, narrow, 220.0, 0.0)), BARS["correlation"])

    def test_the_middle_does_not_hear_what_only_the_side_has(self):
        left = np.stack([saw(220), saw(220)]); wide = left + np.stack([saw(330), -saw(330)])
        self.assertLess(measures.middle(Pair(left, wide, 220.0, 1.0)), 0.01)
        self.assertGreater(measures.distance(Pair(left, wide, 220.0, 1.0)), BARS["distance"])

    def test_a_tone_is_harmonic_and_noise_or_a_glide_is_not(self):
        glide = np.sin(2 * np.pi * (220 * T + 20 * T ** 2))
        self.assertTrue(measures.is_harmonic(pair(saw(220), saw(220))))
        for other in (np.random.default_rng(1).standard_normal(len(T)), glide, saw(220 * 2 ** (3 / 12.5)), 0 * T):
            self.assertFalse(measures.is_harmonic(pair(other, other)))

    def test_silence_in_place_of_sound_breaks_the_bars(self):
        for name in ("distance", "middle", "level", "pitch"):
            self.assertGreater(abs(measures.ALL[name](pair(saw(220), 0 * T))), BARS[name], name)


class Plan(unittest.TestCase):
    def test_every_cohort_has_eight_patches_or_more_with_bars_for_all_measures(self):
        for name, cases in report.by_cohort([vars(c) for c in cohorts.cases()]).items():
            self.assertGreaterEqual(len(cases), 8, name)
            self.assertTrue(all(m in BARS for c in cases for m in c["measures"]), name)

    def test_every_ablation_changes_a_patch_and_leaves_its_argument(self):
        patch = patches.new({"fx/reverb/enabled": True}); kept = str(patch)
        for name in ablate.MADE: self.assertNotEqual(str(ablate.ablated(patch, name)), kept, name)
        self.assertEqual(str(patch), kept)

    def test_a_broken_bar_fails_the_run(self):
        good = {"cohort": "x", "name": "", "note": 60, "values": {"level": 0.1}, "failed": [], "faults": []}
        self.assertTrue(report.passes([good]))
        self.assertFalse(report.passes([good, {**good, "failed": ["level"]}]))
        self.assertFalse(report.passes([{**good, "faults": ["silent"]}]))


if __name__ == "__main__":
    unittest.main()
