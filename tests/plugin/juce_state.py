"""A project's state as a JUCE host hands it to a VST3: XML with the plugin's bytes in JUCE's own base64."""

import re
import struct

MAGIC = 0x21324356
ALPHABET = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"


def encode(data: bytes) -> str:
    """JUCE's base64: the length, a dot, then six bits at a time, lowest first."""
    bits, have, letters = 0, 0, []
    for byte in data:
        bits |= byte << have
        have += 8
        while have >= 6:
            letters.append(ALPHABET[bits & 63])
            bits >>= 6
            have -= 6
    if have:
        letters.append(ALPHABET[bits & 63])
    return f"{len(data)}.{''.join(letters)}"


def decode(text: str) -> bytes:
    length, _, letters = text.partition(".")
    bits, have, data = 0, 0, bytearray()
    for letter in letters:
        bits |= ALPHABET.index(letter) << have
        have += 6
        while have >= 8:
            data.append(bits & 255)
            bits >>= 8
            have -= 8
    return bytes(data[: int(length)])


def wrap(component: bytes) -> bytes:
    """The plugin's bytes as a host's."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?> <VST3PluginState><IComponent>{encode(component)}</IComponent></VST3PluginState>'
    text = xml.encode()
    return struct.pack("<II", MAGIC, len(text)) + text + b"\0"


def unwrap(state: bytes) -> bytes:
    """The plugin's bytes of a host's."""
    found = re.search(rb"<IComponent>([^<]*)</IComponent>", state)
    assert found, "no component in the host's state"
    return decode(found.group(1).decode())
