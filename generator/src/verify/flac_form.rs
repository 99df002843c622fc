//! What a FLAC file says of itself, without decoding it.

/// What a FLAC file says of itself.
pub struct FlacForm {
    /// Sample frames per second.
    pub rate: u32,
    pub channels: u8,
    /// Bits of a sample.
    pub bits: u8,
    /// Length in sample frames.
    pub frames: u64,
}

impl FlacForm {
    /// The form of a FLAC file: `fLaC`, then STREAMINFO of 34 bytes, whose bytes 10–17 hold 20 bits of rate, 3 of channels,
    /// 5 of sample size and 36 of length (RFC 9639 §8.2).
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let info = bytes.strip_prefix(b"fLaC")?.get(4..38)?;
        let packed = u64::from_be_bytes(info.get(10..18)?.try_into().ok()?);
        Some(Self {
            rate: (packed >> 44) as u32,
            channels: ((packed >> 41) & 0b111) as u8 + 1,
            bits: ((packed >> 36) & 0b1_1111) as u8 + 1,
            frames: packed & ((1 << 36) - 1),
        })
    }
}
