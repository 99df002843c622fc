//! The floating-point state that sound is computed in: numbers too small for a normal exponent count as 0, rounding goes
//! to the nearest, nothing traps. A host may hand us any other; it gets its own back.
//!
//! Feedback that fades would else spend hundreds of cycles per operation on such numbers, and a host's rounding would
//! change bits. On architectures without such a state nothing happens.
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(unsafe_code, reason = "the control register has no safe way to it")
)]

use std::marker::PhantomData;

/// The state while it lives; dropping it restores what was before.
#[derive(Debug)]
pub(crate) struct Flushing {
    before: u64,
    /// The register belongs to the thread: the guard must not go to another.
    here: PhantomData<*const ()>,
}

impl Flushing {
    /// Takes the thread's state over.
    pub(crate) fn begin() -> Self {
        let before = read();
        if before != OURS {
            write(OURS);
        }
        Self {
            before,
            here: PhantomData,
        }
    }
}

impl Drop for Flushing {
    fn drop(&mut self) {
        if read() != self.before {
            write(self.before);
        }
    }
}

/// MXCSR: every exception masked (bits 7–12), results (bit 15) and operands (bit 6) flushed, rounding to nearest.
#[cfg(target_arch = "x86_64")]
const OURS: u64 = 0x1f80 | 0x8000 | 0x0040;

#[cfg(target_arch = "x86_64")]
fn read() -> u64 {
    let mut state = 0_u32;
    // SAFETY: the instruction stores four bytes where `state` lies and changes nothing else.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut state, options(nostack, preserves_flags));
    }
    // Bits 0–5 only tell what has happened.
    u64::from(state) & !0x3f
}

#[cfg(target_arch = "x86_64")]
fn write(state: u64) {
    let state = state as u32;
    // SAFETY: the value is `OURS` or was read from the register, so no reserved bit is set; it is loaded from four bytes
    // that live. Only rounding and flushing of later operations change, which all code here is written for.
    unsafe {
        std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const state, options(nostack, preserves_flags));
    }
}

/// FPCR: flush to zero (bit 24), rounding to nearest, no traps.
#[cfg(target_arch = "aarch64")]
const OURS: u64 = 1 << 24;

#[cfg(target_arch = "aarch64")]
fn read() -> u64 {
    let state: u64;
    // SAFETY: reading the control register changes nothing.
    unsafe {
        std::arch::asm!("mrs {}, fpcr", out(reg) state, options(nostack, preserves_flags));
    }
    state
}

#[cfg(target_arch = "aarch64")]
fn write(state: u64) {
    // SAFETY: the value is `OURS` or was read from the register; only rounding and flushing of later operations change.
    unsafe {
        std::arch::asm!("msr fpcr, {}", in(reg) state, options(nostack, preserves_flags));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OURS: u64 = 0;

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn read() -> u64 {
    OURS
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn write(_state: u64) {}

#[cfg(target_arch = "x86_64")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch_player::{Event, PatchPlayer};
    use songwalker_schemas::PatchSpec;
    use std::hint::black_box;

    #[test]
    fn what_a_host_has_set_comes_back() {
        let before = read();
        // Rounding towards zero.
        write(before | 0x6000);
        let guard = Flushing::begin();
        assert_eq!(read(), OURS);
        assert_eq!(black_box(1e-30_f32) * black_box(1e-10_f32), 0.0);
        drop(guard);
        let during = read();
        write(before);
        assert_eq!(during, before | 0x6000);
    }

    fn played() -> Vec<u32> {
        let patch = PatchSpec::default();
        let mut player = PatchPlayer::new(&patch, 44_100, 3).unwrap();
        player.handle(
            0,
            Event::NoteOn {
                key: 50,
                velocity: 0.7,
            },
        );
        let (mut left, mut right) = (vec![0.0; 3_000], vec![0.0; 3_000]);
        player.process(&mut left, &mut right);
        left.iter().chain(&right).map(|x| x.to_bits()).collect()
    }

    #[test]
    fn the_sound_does_not_depend_on_the_hosts_rounding() {
        let expected = played();
        let before = read();
        for strange in [0x2000, 0x4000, 0x6000, 0x8040] {
            write(before | strange);
            let found = played();
            write(before);
            assert!(found == expected, "{strange:x}");
        }
    }
}
