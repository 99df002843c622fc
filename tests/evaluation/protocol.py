"""How a prompt is rendered before it is measured: which note, how long it is held.

Owns the render protocol (44.1 kHz, 120 bpm, velocity 0.8, seed 0) and nothing about how the result is judged.
"""

RATE = 44100
BPM = 120
VELOCITY = 0.8
TAIL_S = 8.0
SEED = 0

# Prompts with one of these words ask for something slower than a four second note can show.
SLOW_WORDS = ("slow", "evolving", "lent", "langsam", "ゆっくり", "धीर", "0.1 hz", "0.2 hz", "8 bar", "16 bar")


def note_of(category):
    """C2 for what lives in the lows, else C4 ('*' too)."""
    return 36 if category in ("bass", "drum") else 60


def category_hold(category):
    """Seconds for which the note of this category is held."""
    return {"pad": 8.0, "fx": 6.0}.get(category, 4.0)


def hold_of(category, prompt):
    """As `category_hold`, but 12 s where the prompt asks for slow movement."""
    text = prompt.lower()
    return 12.0 if any(word in text for word in SLOW_WORDS) else category_hold(category)


def fundamental_hz(note):
    return 440.0 * 2.0 ** ((note - 69) / 12.0)
