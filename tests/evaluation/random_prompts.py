"""Prompts drawn from a fixed pseudo-random sequence: the random baseline, and the intents that conformance exports.

The n-th prompt is the same on every machine and in every run.
"""

ROLES = ["bass", "lead", "pad", "pluck", "keys", "organ", "bell", "mallet", "strings", "brass", "flute", "choir", "vox",
         "guitar", "stab", "arp", "sequence", "drum", "fx", "drone", "sub bass", "reese bass", "acid bass", "kick", "snare",
         "hi hat", "riser", "impact", "electric piano", "supersaw lead"]
WORDS = ["warm", "cold", "bright", "dark", "soft", "harsh", "wide", "narrow", "mono", "gritty", "clean", "distorted", "fat",
         "thin", "airy", "muffled", "metallic", "woody", "glassy", "noisy", "detuned", "smooth", "aggressive", "gentle",
         "punchy", "slow", "fast", "short", "long", "plucky", "static", "evolving", "wobbly", "with vibrato",
         "with chorus", "with lots of reverb", "with a ping pong delay", "without reverb", "with a slow attack",
         "with a long release", "with glide", "resonant", "hollow", "nasal", "vintage", "digital", "fm", "lo-fi", "deep",
         "shimmering", "with 7 voice unison", "250 ms attack", "4 Hz wobble", "very bright", "slightly distorted"]


class Sequence:
    """The 64-bit linear congruential generator of Knuth's MMIX; the high bits are used."""

    def __init__(self, seed):
        self.state = (seed * 2862933555777941757 + 3037000493) % 2**64

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n


def random_words(index):
    """Words number `index`: one to four about a sound of any kind."""
    numbers = Sequence(index + 1)
    numbers.below(2)
    return " ".join(WORDS[numbers.below(len(WORDS))] for _ in range(1 + numbers.below(4)))


def random_prompt(index):
    """`(prompt, seed)` number `index`: a role with none to four words about it."""
    numbers = Sequence(index + 1)
    numbers.below(2)
    words = [WORDS[numbers.below(len(WORDS))] for _ in range(numbers.below(5))]
    before = [w for w in words if " " not in w or w[0].isdigit()]
    after = [w for w in words if w not in before]
    return " ".join([*before, ROLES[numbers.below(len(ROLES))], *after]), numbers.below(1000)
