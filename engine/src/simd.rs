//! With which vector instructions the hot loops run.
//!
//! A hot loop is a [`Kernel`]: plain Rust over arrays of a fixed number of lanes, without intrinsics. [`Level::run`]
//! compiles it once for each instruction set and calls the one that was asked for. All of them do the same additions
//! and multiplications in the same order (the compiler contracts nothing into fused operations), so a level changes
//! the speed and never a bit.
#![expect(
    unsafe_code,
    reason = "a function compiled for an instruction set may only be called where the processor has it"
)]

/// A set of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of the architecture has: SSE2 on x86-64, NEON on AArch64.
    Baseline,
    /// AVX2 (x86-64).
    Avx2,
    /// AVX-512 F, BW, DQ and VL (x86-64).
    Avx512,
}

/// A loop that is worth its own copy for each level. `run` must be `#[inline(always)]`, and so must what it calls in
/// its loops: only what is inlined gets the level's instructions.
pub trait Kernel {
    /// What it gives back.
    type Out;
    /// Does the work.
    fn run(self) -> Self::Out;
}

impl Level {
    /// All levels, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// The widest level of this processor.
    #[must_use]
    pub fn best() -> Self {
        let available = Self::ALL.into_iter().rev().find(|level| level.is_available());
        available.unwrap_or(Self::Baseline)
    }

    /// Whether this processor has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// Runs a kernel with these instructions; with the baseline's where the processor lacks them.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Out {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Avx512 && self.is_available() {
                // SAFETY: `is_available` has just found every feature that `avx512` is compiled for.
                return unsafe { avx512(kernel) };
            }
            if self == Self::Avx2 && self.is_available() {
                // SAFETY: `is_available` has just found AVX2.
                return unsafe { avx2(kernel) };
            }
        }
        kernel.run()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Kernel>(kernel: K) -> K::Out {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<K: Kernel>(kernel: K) -> K::Out {
    kernel.run()
}

#[cfg(test)]
mod tests {
    use super::{Kernel, Level};
    use crate::math::fast;

    struct Bend<'a>(&'a mut [f32; 64]);

    impl Kernel for Bend<'_> {
        type Out = ();
        #[inline(always)]
        fn run(self) {
            for x in self.0 {
                *x = fast::tanh(*x * 1.7 + 0.3) * fast::sin_cycles(*x);
            }
        }
    }

    #[test]
    fn every_level_gives_the_bits_of_the_baseline() {
        let input: [f32; 64] = std::array::from_fn(|i| (i as f32 - 31.7) * 0.13);
        let mut expected = input;
        Level::Baseline.run(Bend(&mut expected));
        for level in Level::ALL {
            let mut found = input;
            level.run(Bend(&mut found));
            assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits), "{level:?}");
        }
    }
}
