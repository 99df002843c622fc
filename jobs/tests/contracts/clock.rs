//! What every clock must do: the steady one only goes forward, by as much time as passes; the wall clock starts with it.

use std::sync::Arc;
use std::time::Duration;

use songwalker_jobs::clock::Clock;

/// A clock and a way to let time pass on it.
pub struct Fixture {
    pub clock: Arc<dyn Clock>,
    pub pass: Box<dyn Fn(Duration) + Send + Sync>,
}

pub async fn the_steady_clock_never_goes_back(fixture: Fixture) {
    let mut last = fixture.clock.steady();
    for _ in 0..10_000 {
        let next = fixture.clock.steady();
        assert!(next >= last, "{last} then {next}");
        last = next;
    }
}

pub async fn the_steady_clock_moves_on_by_the_time_that_passes(fixture: Fixture) {
    let before = fixture.clock.steady();
    (fixture.pass)(Duration::from_millis(30));
    assert!(fixture.clock.steady().since(before) >= Duration::from_millis(29));
}

pub async fn both_clocks_tell_a_time_of_this_century(fixture: Fixture) {
    let century = 946_684_800_000..4_102_444_800_000;
    assert!(
        century.contains(&fixture.clock.now().as_millis()),
        "{}",
        fixture.clock.now()
    );
    assert!(
        century.contains(&fixture.clock.steady().as_millis()),
        "{}",
        fixture.clock.steady()
    );
}

macro_rules! clock_contract {
    ($adapter:ident, $make:expr) => {
        contract!(
            $adapter,
            clock,
            $make,
            [
                the_steady_clock_never_goes_back,
                the_steady_clock_moves_on_by_the_time_that_passes,
                both_clocks_tell_a_time_of_this_century,
            ]
        );
    };
}
pub(crate) use clock_contract;
