"""The cohorts of modules: one per mode or type, at least eight patches each, the same in every run."""
from . import effects, envelopes, filters, lfos, oscillators, routes, spectral, unison, voicing, warps

MODULES = [oscillators, warps, spectral, unison, filters, effects, envelopes, lfos, routes, voicing]


def cases():
    """Every case of every cohort."""
    return [case for module in MODULES for case in module.cases()]
