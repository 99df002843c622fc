"""What a pair of renders looks like and sounds like: spectrograms as PNG, sounds as 16-bit WAV, with numpy alone."""
import struct, wave, zlib
import numpy as np

import measures

SPAN_DB = 80.0
FAINTEST_TOP_DB = 0.0                                # 55 dB below full scale: silence stays dark
FRAME, HOP = 2048, 256
WAVE_PEAK = 0.99


def loudness_map(x):
    """(bands, frames) in dB: 96 bands evenly spaced in pitch, 30 Hz to 18 kHz, low at the end."""
    mono = np.pad(x.mean(0), (FRAME // 2, FRAME // 2)); side = np.pad((x[0] - x[1]) / 2, (FRAME // 2, FRAME // 2))
    view = np.lib.stride_tricks.sliding_window_view
    power = sum(np.abs(np.fft.rfft(view(y, FRAME)[::HOP] * np.hanning(FRAME))) ** 2 for y in (mono, side))
    edges = 30 * 600 ** (np.arange(97) / 96) * FRAME / measures.RATE
    bands = [power[:, max(1, int(lo)):max(int(lo) + 1, int(np.ceil(hi)))].mean(1) for lo, hi in zip(edges[:-1], edges[1:])]
    return 10 * np.log10(np.array(bands)[::-1] + 1e-12)


def _ramp(t, stops):
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(t, at, [s[c] for s in stops]) for c in range(3)], -1)


LEVELS = ((10, 12, 28), (58, 24, 92), (150, 42, 98), (228, 98, 62), (252, 178, 72), (252, 250, 200))
APART = ((36, 92, 190), (120, 160, 220), (240, 240, 240), (235, 150, 120), (190, 40, 30))


def png(path, rgb):
    """An 8-bit picture, every row twice so that thin maps fill their place."""
    rgb = np.repeat(rgb.clip(0, 255).astype(np.uint8), 2, axis=0); h, w, _ = rgb.shape
    raw = b"".join(b"\0" + row.tobytes() for row in rgb)
    part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) + part(b"IDAT", zlib.compress(raw, 6)) + part(b"IEND", b""))


def wav(path, x, gain):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2); out.setsampwidth(2); out.setframerate(measures.RATE)
        out.writeframes((np.clip(x * gain, -1, 1) * 32767).round().astype("<i2").T.tobytes())


def picture(folder, name, vital, ours):
    """Three maps and two sounds of one pair; both sounds are turned down alike where one would clip."""
    folder.mkdir(parents=True, exist_ok=True)
    a, b = loudness_map(vital), loudness_map(ours); top = max(a.max(), b.max(), FAINTEST_TOP_DB)
    for kind, m in (("vital", a), ("ours", b)): png(folder / f"{name}-{kind}.png", _ramp(np.clip(1 + (m - top) / SPAN_DB, 0, 1), LEVELS))
    floor = top - 60; heard = (a > floor) | (b > floor)
    apart = np.where(heard, np.maximum(b, floor) - np.maximum(a, floor), 0.0)
    png(folder / f"{name}-apart.png", _ramp(np.clip(0.5 + apart / 24, 0, 1), APART))
    gain = min(1.0, WAVE_PEAK / max(np.abs(vital).max(), np.abs(ours).max(), 1e-9))
    wav(folder / f"{name}-vital.wav", vital, gain); wav(folder / f"{name}-ours.wav", ours, gain)
