//! Chance from a seed: the same seed draws the same faults and the same jobs.

/// A stream of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed for one purpose.
    pub const fn new(seed: u64, purpose: u64) -> Self {
        Self(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to `to`, both included.
    pub const fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.number() % (to - from + 1)
    }

    /// True so many times out of a hundred.
    pub const fn percent(&mut self, times: u64) -> bool {
        self.number() % 100 < times
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(of.len()).unwrap_or(0);
        let at = self.number().checked_rem(count)?;
        usize::try_from(at).ok().and_then(|at| of.get(at))
    }

    /// Puts these in an order of its own.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.between(0, u64::try_from(at).unwrap_or(0));
            list.swap(at, usize::try_from(other).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_another() {
        let drawn = |seed| {
            let mut chance = Chance::new(seed, 1);
            let mut list: Vec<u64> = (0..20).collect();
            chance.shuffle(&mut list);
            (list, chance.between(3, 9))
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        let (list, number) = drawn(7);
        assert!((3..=9).contains(&number));
        assert_eq!(list.iter().sum::<u64>(), 190);
    }
}
