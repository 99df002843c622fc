//! The Mersenne Twister (MT19937; Matsumoto and Nishimura, 1998), from which Vital draws: a file's seed of random phases is
//! one of its seeds, and so is that of scattered amplitudes.

const WORDS: usize = 624;
const MIDDLE: usize = 397;

pub(super) struct Twister {
    state: [u32; WORDS],
    next: usize,
}

impl Twister {
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for i in 1..WORDS {
            let before = state[i - 1];
            state[i] = 1_812_433_253_u32
                .wrapping_mul(before ^ (before >> 30))
                .wrapping_add(i as u32);
        }
        Self { state, next: WORDS }
    }

    /// A number in 0..1 of 32 bits.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.word()) / 4_294_967_296.0
    }

    /// The next 32 bits.
    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            self.refill();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for i in 0..WORDS {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twister_gives_the_published_numbers() {
        let mut twister = Twister::new(5489);
        assert_eq!(twister.word(), 3_499_211_612);
        let later = (0..9998).map(|_| twister.word()).last();
        assert_eq!(later.map(|_| twister.word()), Some(4_123_659_995), "the 10,000th");
    }

    #[test]
    fn the_ten_thousandth_number_of_seed_5489_is_the_published_one() {
        let mut twister = Twister::new(5489);
        let last = (0..10_000).map(|_| twister.unit()).last();
        assert_eq!(last, Some(4_123_659_995.0 / 4_294_967_296.0));
    }
}
