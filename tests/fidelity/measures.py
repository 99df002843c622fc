"""What is measured between Vital's render (`a`) and ours (`b`) of the same note, each as one number that a bar limits.

Every measure takes a `Pair` and returns a number that is 0 where both are alike. No files, no processes here.
"""
import dataclasses, functools, pathlib, sys
import numpy as np
from scipy import signal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import logmel

RATE = 44_100


@dataclasses.dataclass
class Pair:
    """Both renders (2, N), the note's frequency in hertz, its length, and Vital's render without the filter."""
    a: np.ndarray
    b: np.ndarray
    f0: float
    hold: float
    dry: np.ndarray | None = None


def distance(p): return logmel.distance(p.a, p.b, RATE)
def middle(p): return logmel.distance(_middle(p.a), _middle(p.b), RATE)
def low_distance(p): return logmel.low_distance(p.a, p.b, RATE)
def onset_distance(p): return logmel.onset_distance(p.a, p.b, RATE)
def level(p): return logmel.level_db(p.a, p.b)


def _middle(x):
    """Both sides as their mean."""
    return np.stack([x.mean(0)] * 2)


def _held(x, hold):
    """The mono part between 20 % and 95 % of the held note; the side where the middle is silent."""
    x = x[:, int(0.2 * hold * RATE):int(0.95 * hold * RATE)]
    mid, side = x.mean(0), (x[0] - x[1]) / 2
    return mid if (mid ** 2).mean() > 1e-6 * (x ** 2).mean() else side


def _spectrum(x):
    """Magnitudes under a Blackman-Harris window, zero-padded, and the width of a bin in hertz."""
    n = 1 << int(np.ceil(np.log2(4 * len(x))))
    w = signal.windows.blackmanharris(len(x))
    return np.abs(np.fft.rfft(x * w / w.sum() * 2, n)), RATE / n


def _peak(m, i):
    """Place of a peak between bins: a parabola through the logarithms."""
    l, c, r = np.log(m[i - 1:i + 2] + 1e-30)
    bend = l - 2 * c + r
    return i + (float(np.clip(0.5 * (l - r) / bend, -0.5, 0.5)) if bend else 0.0)


def pitch(p):
    """Cents between the strongest partials of both, the median over up to 12; high partials say it most exactly."""
    x, step = _spectrum(_held(p.a, p.hold)); y, _ = _spectrum(_held(p.b, p.hold))
    gap = max(3, int(0.5 * p.f0 / step))
    found = signal.find_peaks(x[:int(12_000 / step)], height=x.max() * 0.02, distance=gap)[0]
    found = found[(found > 4)]
    found = found[np.argsort(x[found] * found)[::-1][:12]]
    if not len(found): return 0.0 if y.max() < 1e-6 else 100.0
    cents = []
    for i in found:
        reach = max(3, int(min(i * (2 ** (1 / 24) - 1), 0.45 * p.f0 / step)))
        j = i - reach + int(np.argmax(y[max(0, i - reach):i + reach + 1]))
        if 1 <= j < len(y) - 1: cents.append(1200 * np.log2(_peak(y, j) / _peak(x, i)))
    return float(np.median(cents))


def is_harmonic(p):
    """Whether Vital's render is one steady tone: over nine tenths of the power of its strongest partials lie on multiples of
    half the note, and both halves of the held part have the same pitch."""
    held = _held(p.a, p.hold)
    if (held ** 2).mean() < 1e-8: return False
    x, step = _spectrum(held)
    found = signal.find_peaks(x[:int(12_000 / step)], height=x.max() * 0.03, distance=max(3, int(0.1 * p.f0 / step)))[0]
    if not len(found): return False
    ratio = found * step / (p.f0 / 2); power = x[found] ** 2
    on = np.abs(ratio - np.round(ratio)) < np.maximum(0.04, 0.004 * ratio)
    half = int(p.hold * RATE / 2)
    halves = Pair(p.a[:, :half], p.a[:, half:2 * half], p.f0, p.hold / 2)
    return bool(power[on].sum() > 0.9 * power.sum() and abs(pitch(halves)) < 2.0)


def _harmonics(x, f0):
    """Levels of the harmonics up to 18 kHz in dB."""
    m, step = _spectrum(x)
    at = np.arange(1, int(18_000 / f0) + 1) * f0 / step
    half = max(2, int(min(0.25 * f0, 12.0) / step))
    power = np.array([(m[int(round(c)) - half:int(round(c)) + half + 1] ** 2).sum() for c in at])
    return 10 * np.log10(power + 1e-20)


def response(p):
    """The greatest difference of the harmonics in dB, where the filter's response is within 40 dB of its peak."""
    a, b, dry = (_harmonics(_held(x, p.hold), p.f0) for x in (p.a, p.b, p.dry))
    passed = a - dry
    heard = (passed >= passed.max() - 40) & (dry > dry.max() - 70)
    return float(np.abs(b - a)[heard].max())


@functools.lru_cache(8)
def _low_pass(hz):
    return signal.butter(3, hz, fs=RATE, output="sos")


def track(x, hz=400.0):
    """The square root of the amplitude at 4 kHz steps: what a level or an envelope was before it acted squared."""
    power = (x ** 2).sum(0)
    smooth = signal.sosfiltfilt(_low_pass(hz), power)
    return np.sqrt(np.sqrt(np.maximum(smooth, 0)))[::11]


STEPS = RATE / 11


def _crossing(line, value):
    """First time in seconds at which the line, made to rise, reaches the value; None where it never does."""
    over = np.nonzero(line >= value)[0]
    if not len(over): return None
    i = over[0]
    if i == 0: return 0.0
    return (i - 1 + (value - line[i - 1]) / (line[i] - line[i - 1] + 1e-30)) / STEPS


def _stage(a, b):
    """The worst share of what is allowed (10 % or 2 ms) over the times at which a stage has gone 10, 50 and 90 % of its way."""
    first, last = a[0], a[-1]
    if abs(last - first) < 0.02 * max(abs(a).max(), 1e-9): return 0.0
    worst = 0.0
    for share in (0.1, 0.5, 0.9):
        value = first + share * (last - first)
        up = 1.0 if last > first else -1.0
        s, t = _crossing(up * a, up * value), _crossing(up * b, up * value)
        if s is None: continue
        worst = max(worst, 100.0 if t is None else abs(t - s) / max(0.002, 0.1 * s))
    return worst


def envelope(p):
    """Attack, decay and release as the worst share of what is allowed, 1 being 10 % or 2 ms."""
    a, b = track(p.a), track(p.b)
    off = int(p.hold * STEPS)
    top, own = (int(np.argmax(x[:off] >= 0.995 * x[:off].max())) for x in (a, b))
    stages = [(a[:top + 1], b[:off]), (a[top:off], b[own:off]), (a[off:], b[off:])]
    return max(_stage(x, y) for x, y in stages if len(x) > 8)


def _swing(p):
    """Both tracks over the held note, as shares of the greatest value of Vital's."""
    n = int(p.hold * STEPS); a, b = track(p.a, 100.0)[:n], track(p.b, 100.0)[:n]
    return a / max(a.max(), 1e-9), b / max(a.max(), 1e-9)


def _line_of(a):
    n = 1 << int(np.ceil(np.log2(8 * len(a))))
    m = np.abs(np.fft.rfft((a - a.mean()) * np.hanning(len(a)), n))
    lo = max(2, int(1.2 * n / len(a)))
    return _peak(m, lo + int(np.argmax(m[lo:-1]))) * STEPS / n


def rate(p):
    """Per cent between the rates at which both tracks go up and down: by how their phases part over the note."""
    a, b = _swing(p); f = _line_of(a); t = np.arange(len(a)) / STEPS
    if f * t[-1] < 2: return 0.0
    turn = np.exp(-2j * np.pi * f * t)
    width = int(round(STEPS / f * max(1, int(0.25 * f * t[-1]))))
    at = lambda x, s: np.sum((x[s] - x[s].mean()) * turn[s] * np.hanning(s.stop - s.start))
    early, late = slice(0, width), slice(len(a) - width, len(a))
    parted = np.angle(at(b, late) / at(a, late) / (at(b, early) / at(a, early)))
    return float(100 * parted / (2 * np.pi * f * (len(a) - width) / STEPS))


def depth(p):
    """How far the swings of both differ, 1 being what is allowed: 2 % or 0.01."""
    a, b = _swing(p)
    full = lambda x: np.percentile(x, 99) - np.percentile(x, 1)
    return float(abs(full(b) - full(a)) / max(0.02 * full(a), 0.01))


def t60(p):
    """Per cent between the reverberation times, the worst octave band from 250 Hz to 4 kHz (Schroeder, −5 to −25 dB)."""
    worst = 0.0
    for centre in (250, 500, 1000, 2000, 4000):
        band = signal.butter(3, [centre / 2 ** 0.5, centre * 2 ** 0.5], "bandpass", fs=RATE, output="sos")
        times = [_reverberation((signal.sosfilt(band, x)[:, int((p.hold + 0.15) * RATE):] ** 2).sum(0)) for x in (p.a, p.b)]
        if times[0] is None: continue
        worst = max(worst, 100.0 if times[1] is None else abs(100 * (times[1] / times[0] - 1)))
    return worst


def _reverberation(power):
    fall = 10 * np.log10(np.cumsum(power[::-1])[::-1] + 1e-20); fall -= fall[0]
    inside = (fall <= -5) & (fall >= -25)
    if fall[int(0.9 * len(fall))] > -25 or inside.sum() < 200: return None
    slope = np.polyfit(np.nonzero(inside)[0] / RATE, fall[inside], 1)[0]
    return -60 / slope


def _density(power):
    """Echo density of windows of 20 ms every 10 ms (Abel and Huang): the share of samples beyond the standard deviation, over that of noise."""
    n, hop = int(0.02 * RATE), int(0.01 * RATE)
    blocks = np.lib.stride_tricks.sliding_window_view(power, n)[::hop]
    return (np.abs(blocks) > blocks.std(1, keepdims=True)).mean(1) / 0.3173


def density(p):
    """How far the echo densities of both differ at the most, by tenths of a second after the note, 1 being as dense as noise."""
    a, b = (_density(x[0][int(p.hold * RATE):]) for x in (p.a, p.b))
    n = len(a) // 10 * 10
    return float(np.abs(a[:n].reshape(-1, 10).mean(1) - b[:n].reshape(-1, 10).mean(1)).max())


def correlation(p):
    """How far the correlations of left and right differ after the note."""
    at = lambda x: np.corrcoef(x[:, int(p.hold * RATE):])[0, 1]
    return float(abs(at(p.a) - at(p.b)))


BARS = {"distance": 1.0, "middle": 1.0, "level": 0.2, "pitch": 1.0, "response": 0.5, "envelope": 1.0, "rate": 0.1, "depth": 1.0, "t60": 5.0, "density": 0.1, "correlation": 0.05}
UNITS = {"distance": "dB", "middle": "dB", "low_distance": "dB", "onset_distance": "dB", "level": "dB", "pitch": "cents", "response": "dB",
         "envelope": "of allowed", "rate": "%", "depth": "of allowed", "t60": "%", "density": "of noise", "correlation": ""}
ALL = {"distance": distance, "middle": middle, "low_distance": low_distance, "onset_distance": onset_distance, "level": level, "pitch": pitch,
       "response": response, "envelope": envelope, "rate": rate, "depth": depth, "t60": t60, "density": density, "correlation": correlation}
