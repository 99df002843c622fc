"""The evaluation judged: that it fails what should fail. Run with `python -m unittest` in this folder."""

import json
import math
import unittest
from pathlib import Path
from subprocess import CompletedProcess

import assertions
import bands
import protocol
import requirements
import scoring
from product import is_error_envelope
from random_prompts import random_prompt

DOCUMENT = json.loads((Path(__file__).resolve().parent.parent / "data" / "prompts-dev.json").read_text("utf-8"))
GOOD_PAD = {"attack_ms": 400.0, "sustain_db": -4.0, "tail60_ms": 2000.0, "finite": True, "true_peak_db": -6.0, "lufs": -20.0,
            "dc": 0.0, "onset_ms": 40.0, "pitch_cents": 0.0, "brightness_oct": 1.0, "width": 0.2, "movement": 0.3,
            "mod_rate_hz": 0.5}
PATCH = {"meta": {}, "modules": {"osc": [{"enabled": True}], "fx": [], "voicing": {"mode": "poly"}}}


def answer(**changes):
    made = {"name": "x", "category": "pad", "voicing": "poly", "conflicts": []}
    return {"valid": True, "crashed": False, "documented_error": False, "faults": [], "made": made, "patch": PATCH,
            "intent": {}, **changes}


def prompt(**expect):
    return {"id": "p", "stratum": "pad", "prompt": "a wide pad",
            "expect": {"category": ["pad"], "descriptors": [], **expect}}


class Assertions(unittest.TestCase):
    def test_a_difference_to_the_neutral_is_compared_not_the_value(self):
        wider = {"d": "width", "ref": "neutral", "mode": "diff", "op": ">=", "v": 0.1, "p0": 0.5}
        self.assertTrue(assertions.judge(wider, {"width": 0.3}, {"width": 0.1})["passed"])
        self.assertFalse(assertions.judge(wider, {"width": 0.3}, {"width": 0.25})["passed"])

    def test_without_a_neutral_a_relative_assertion_fails(self):
        slower = {"d": "attack_ms", "ref": "neutral", "mode": "ratio", "op": ">=", "v": 1.3, "p0": 0.5}
        self.assertFalse(assertions.judge(slower, {"attack_ms": 300.0}, None)["passed"])

    def test_one_member_of_any_is_enough(self):
        either = {"any": [{"d": "a", "ref": "abs", "op": "<=", "v": 0}, {"d": "b", "ref": "abs", "op": "in", "v": [1, 2]}]}
        self.assertTrue(assertions.judge(either, {"a": 1.0, "b": 1.5}, None)["passed"])
        self.assertFalse(assertions.judge(either, {"a": 1.0, "b": 3.0}, None)["passed"])

    def test_never_reached_satisfies_at_least_but_not_at_most(self):
        self.assertTrue(assertions.compare(math.inf, ">=", 1200))
        self.assertFalse(assertions.compare(math.inf, "<=", 350))
        self.assertFalse(assertions.compare(math.inf - math.inf, "<=", 0))

    def test_bits_are_those_of_the_prompt_file(self):
        """Some sums in the file were taken before a bound of theirs was moved; their p0 is what holds."""
        ours = [sum(assertions.bits(a) for a in p["expect"]["descriptors"]) for p in DOCUMENT["prompts"]]
        same = sum(abs(bits - p["bits"]) < 0.05 for bits, p in zip(ours, DOCUMENT["prompts"]))
        self.assertGreater(same, len(ours) / 2)
        self.assertAlmostEqual(sum(ours), DOCUMENT["bits_total"]["dev"], delta=12)

    def test_every_assertion_of_the_file_can_be_described(self):
        measured = dict.fromkeys(["low_ratio", "brightness_oct"], 1.0)
        for p in DOCUMENT["prompts"]:
            for a in p["expect"]["descriptors"]:
                measured |= {m["d"]: 1.0 for m in a.get("any", [a])}
                for part in assertions.judge(a, measured, measured)["parts"]:
                    self.assertIn(part["d"], assertions.describe(part))


class Bands(unittest.TestCase):
    def test_a_pad_that_decays_is_no_pad(self):
        self.assertEqual(bands.broken("pad", GOOD_PAD), [])
        self.assertEqual(len(bands.broken("pad", GOOD_PAD | {"sustain_db": -40.0})), 1)

    def test_a_hat_needs_highs_and_a_kick_lows(self):
        drum = {"attack_ms": 5.0, "active_s": 0.2, "hf_ratio_db": -30.0, "low_ratio": 0.1}
        self.assertEqual(bands.broken("drum", drum, "snare"), [])
        self.assertEqual(len(bands.broken("drum", drum, "closed_hat")), 1)
        self.assertEqual(len(bands.broken("drum", drum, "kick")), 1)

    def test_a_prompt_that_opposes_its_band_wins_only_on_that_side(self):
        asks = [{"d": "attack_ms", "ref": "abs", "op": "<=", "v": 60}]
        fast = GOOD_PAD | {"attack_ms": 10.0}
        self.assertEqual(len(bands.broken("pad", fast)), 1)
        self.assertEqual(bands.broken("pad", fast, yielding_to=asks), [])
        self.assertEqual(len(bands.broken("lead", {"attack_ms": 500.0, "sustain_db": 0, "brightness_oct": 1},
                                          yielding_to=asks)), 1)


class Requirements(unittest.TestCase):
    def test_a_drum_needs_no_pitch_and_a_slow_attack_no_early_onset(self):
        self.assertEqual(requirements.broken_invariants(GOOD_PAD, "pad"), [])
        self.assertEqual(len(requirements.broken_invariants(GOOD_PAD | {"pitch_cents": 50.0}, "pad")), 1)
        self.assertEqual(requirements.broken_invariants(GOOD_PAD | {"pitch_cents": 50.0}, "drum"), [])
        self.assertEqual(requirements.broken_invariants(GOOD_PAD | {"onset_ms": 300.0}, "pad"), [])
        self.assertEqual(len(requirements.broken_invariants(GOOD_PAD | {"onset_ms": 300.0, "attack_ms": 50.0}, "pad")), 1)

    def test_an_echo_is_three_words_in_a_row(self):
        self.assertTrue(requirements.echoes("Ignore all previous instructions", ["x", "IGNORE all, previous!"]))
        self.assertFalse(requirements.echoes("Ignore all previous instructions", ["previous all ignore"]))

    def test_a_panic_is_not_a_documented_error(self):
        envelope = '{"error":{"code":"prompt_empty","message":"no prompt","retryable":false}}'
        self.assertTrue(is_error_envelope(CompletedProcess([], 3, "", envelope)))
        self.assertFalse(is_error_envelope(CompletedProcess([], 101, "", envelope)))
        self.assertFalse(is_error_envelope(CompletedProcess([], 3, "text", envelope)))
        self.assertFalse(is_error_envelope(CompletedProcess([], 3, "", "thread 'main' panicked")))


class Verdicts(unittest.TestCase):
    def test_a_right_answer_has_nothing_wrong(self):
        v = scoring.verdict(prompt(voicing="poly"), answer(), GOOD_PAD, GOOD_PAD, None)
        self.assertTrue(v["all_right"], v)

    def test_voicing_must_be_what_the_patch_has(self):
        lying = answer()
        lying["made"] = lying["made"] | {"voicing": "mono"}
        self.assertFalse(scoring.verdict(prompt(voicing="mono"), lying, GOOD_PAD, GOOD_PAD, None)["voicing_right"])

    def test_a_sound_outside_its_band_is_the_wrong_category(self):
        v = scoring.verdict(prompt(), answer(), GOOD_PAD | {"sustain_db": -30.0}, None, None)
        self.assertTrue(v["accepted"])
        self.assertFalse(v["category_right"])

    def test_silence_fails_every_assertion(self):
        asked = prompt(descriptors=[{"d": "width", "ref": "abs", "op": "<=", "v": 1, "p0": 0.5}])
        v = scoring.verdict(asked, answer(), {"fault": "the sound is silent"}, None, None)
        self.assertFalse(v["bounded"] or v["assertions"][0]["passed"] or v["category_right"])

    def test_a_documented_refusal_is_right_only_where_it_is_allowed(self):
        refused = answer(valid=False, documented_error=True, made={}, patch=None, intent=None)
        allowed = prompt(category=["*"], must=["no_crash", "default_patch_or_documented_error"])
        self.assertTrue(scoring.verdict(allowed, refused, None, None, None)["all_right"])
        self.assertFalse(scoring.verdict(prompt(), refused, None, None, None)["valid"])

    def test_evidence_weighs_more_than_count(self):
        rare = {"d": "width", "ref": "abs", "op": ">=", "v": 0.1, "p0": 0.05}
        common = {"d": "movement", "ref": "abs", "op": ">=", "v": 0.9, "p0": 0.9}
        values = scoring.figures([scoring.verdict(prompt(descriptors=[rare, common]), answer(), GOOD_PAD, None, None)])
        self.assertEqual(values["assertions"], 50.0)
        self.assertGreater(values["assertions_bits"], 90.0)


class Protocol(unittest.TestCase):
    def test_slow_prompts_are_held_for_twelve_seconds(self):
        self.assertEqual(protocol.hold_of("pad", "lush EVOLVING pad"), 12.0)
        self.assertEqual(protocol.hold_of("pad", "pad"), 8.0)
        self.assertEqual(protocol.hold_of("fx", "riser"), 6.0)
        self.assertEqual((protocol.note_of("drum"), protocol.note_of("*")), (36, 60))

    def test_random_prompts_repeat_and_differ(self):
        drawn = [random_prompt(i) for i in range(100)]
        self.assertEqual(drawn, [random_prompt(i) for i in range(100)])
        self.assertGreater(len(set(drawn)), 95)


if __name__ == "__main__":
    unittest.main()
