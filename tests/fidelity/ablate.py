"""Our side made wrong on purpose: a run with one of these must fail, or the measures would be blind."""
import copy

MADE = {}


def ablation(make):
    MADE[make.__name__] = make
    return make


@ablation
def filter(modules):
    """Every filter becomes the analog one with 12 dB an octave; that one becomes the ladder with 24."""
    for one in modules["filter"] + [fx for fx in modules["fx"] if fx["type"] == "filter"]:
        plain = (one["model"], one["style"]) == ("analog", "12")
        one.update(model="ladder", style="24") if plain else one.update(model="analog", style="12")


@ablation
def level(modules):
    """3 dB louder, where the level still goes that far; else 3 dB softer."""
    voicing = modules["voicing"]
    voicing["master_db"] += 3 if voicing["master_db"] <= 3 else -3


@ablation
def pitch(modules):
    """A semitone higher."""
    voicing = modules["voicing"]
    voicing["voice_transpose"] += 1 if voicing["voice_transpose"] < 48 else -1


@ablation
def effects(modules):
    """No effect."""
    for fx in modules["fx"]: fx["enabled"] = False


@ablation
def envelopes(modules):
    """Attack, decay and release twice as long."""
    for env in modules["env"]:
        for key in ("attack_s", "decay_s", "release_s"): env[key] = min(2 * env[key], 32.0)


def ablated(patch, name):
    """A copy of the patch, made wrong in that way; the patch itself without a name."""
    if not name: return patch
    patch = copy.deepcopy(patch)
    MADE[name](patch["modules"])
    return patch
