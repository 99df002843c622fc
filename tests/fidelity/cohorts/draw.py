"""Drawing of parameters: by name, so that every run, here and anywhere, draws the same."""
import random

NOTES = (36, 60, 84, 36, 48, 60, 36, 84, 60, 48)


class Draw:
    """Numbers drawn for one cohort."""

    def __init__(self, name):
        self.rng = random.Random(name)

    def within(self, low, high):
        """Evenly between two numbers."""
        return round(self.rng.uniform(low, high), 4)

    def hz(self, low, high):
        """A frequency, evenly in octaves."""
        return round(low * (high / low) ** self.rng.random(), 3)

    def of(self, *choices):
        """One of these."""
        return self.rng.choice(choices)
