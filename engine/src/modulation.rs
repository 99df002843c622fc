//! The routes of a patch: what moves which raw value, and by how much.
//!
//! value = amount · raw range · shaped source; unipolar P(x, −curve), bipolar ½·sign·P(|2x − 1|, −curve); a drawn map
//! comes before the curve; the stereo flag turns the right side round. Sums act on raw values and are not clamped:
//! each consumer clamps what it must. An amount that is modulated itself adds 2·amount·source and stays within ±1
//! (`vital-laws.md` §8).

mod detour;

use crate::lfo::Shape;
use crate::math::{self, fast};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::{Polarity, Source};
use songwalker_schemas::params;
use songwalker_schemas::patch::random::RandomStyle;
use songwalker_schemas::rules::route_of_amount;

use detour::Track;
pub use detour::{Course, Detour};

/// Number of sources.
pub const SOURCES: usize = Source::ALL.len();

/// Whether Vital modulates a target per sample (each one measured by the delay of an LFO; the sample slot's by analogy).
fn is_fast(target: Target) -> bool {
    let Target::Param { id, .. } = target else {
        return false;
    };
    let parts: Vec<&str> = params::table()[id].path.split('/').skip(2).collect();
    matches!(
        parts[..],
        ["osc", _, "level" | "transpose" | "tune_cents" | "phase"]
            | ["sample", "level" | "transpose" | "tune_cents"]
            | ["filter", _, "cutoff_hz"]
            | ["fx", "distortion", "drive_db"]
    )
}

/// Whether a source, by its index, is run for every sample frame: LFOs, envelopes, and random sources that jump.
fn runs_per_frame(patch: &PatchSpec, source: usize) -> bool {
    let within = |first: Source, last: Source| (first.index()..=last.index()).contains(&source);
    let random = source.checked_sub(Source::Random0.index());
    let random = random.and_then(|i| patch.modules.random.get(i));
    within(Source::Lfo0, Source::Lfo7)
        || within(Source::Env1, Source::Env5)
        || random.is_some_and(|random| random.style == RandomStyle::SampleHold)
}

/// Whether a source comes late to targets that are not fast.
fn comes_late(source: Source, has_fast_target: bool) -> bool {
    let within = |first: Source, last: Source| (first.index()..=last.index()).contains(&source.index());
    within(Source::Lfo0, Source::Random3) || (within(Source::Env1, Source::Env5) && has_fast_target)
}

/// Values 0..1 of all sources, left and right.
pub type SourceValues = [[f32; 2]; SOURCES];

/// What a route or a knob moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A parameter.
    Param {
        /// Its place among the raw values.
        id: usize,
        /// Width of its raw range.
        range: f32,
    },
    /// The amount of a route.
    Amount(usize),
}

impl Target {
    /// What a patch's pointer names, if it may be moved.
    #[must_use]
    pub fn of(patch: &PatchSpec, pointer: &str) -> Option<Self> {
        if let Some(route) = route_of_amount(pointer) {
            return (route < patch.modulation.routes.len()).then_some(Self::Amount(route));
        }
        let id = patch.param_id(pointer)?;
        let row = id.row();
        row.modulatable.then(|| Self::Param {
            id: id.index(),
            range: row.raw_range() as f32,
        })
    }

    /// What an amount of 1 adds.
    #[must_use]
    pub fn range(self) -> f64 {
        match self {
            Self::Param { range, .. } => f64::from(range),
            Self::Amount(_) => 2.0,
        }
    }
}

/// P(t, power) with its divisor worked out; the power is one of 2.
#[derive(Debug, Clone, Copy)]
struct Bend {
    power: f32,
    scale: f32,
}

impl Bend {
    fn new(power: f64) -> Self {
        let scale = if power.abs() < 0.005 {
            0.0
        } else {
            1.0 / (math::exp(power) - 1.0)
        };
        Self {
            power: (power * std::f64::consts::LOG2_E) as f32,
            scale: scale as f32,
        }
    }

    fn is_straight(self) -> bool {
        self.scale == 0.0
    }

    fn at(self, t: f32) -> f32 {
        if self.is_straight() {
            t
        } else {
            (fast::exp2(self.power * t) - 1.0) * self.scale
        }
    }
}

#[derive(Debug, Clone)]
struct Route {
    index: usize,
    source: usize,
    target: Target,
    bipolar: bool,
    bend: Bend,
    map: Option<Shape>,
    mirrored: bool,
    /// Whether it follows the source a control block late; see [`Matrix::new`].
    late: bool,
}

impl Route {
    fn shaped(&self, x: f32) -> f32 {
        let x = self.map.as_ref().map_or(x, |map| map.at(f64::from(x)));
        if self.bipolar {
            let y = 2.0 * x - 1.0;
            let bent = 0.5 * self.bend.at(y.abs());
            if y < 0.0 { -bent } else { bent }
        } else {
            self.bend.at(x)
        }
    }

    /// Both sides.
    fn value(&self, source: [f32; 2]) -> [f32; 2] {
        let left = self.shaped(source[0]);
        let right = if source[1] == source[0] {
            left
        } else {
            self.shaped(source[1])
        };
        [left, if self.mirrored { -right } else { right }]
    }
}

/// The routes of a patch, ready to run.
#[derive(Debug, Clone)]
pub struct Matrix {
    routes: Vec<Route>,
    touched: Vec<usize>,
    used: [bool; SOURCES],
    amounts: usize,
    tracks: Vec<Track>,
    courses: Vec<usize>,
}

impl Matrix {
    /// The routes of a patch that are not bypassed.
    ///
    /// Vital computes LFOs, random sources and envelopes for the targets that it modulates per sample (`is_fast`). All
    /// other targets take the value at the start of the control block as the one to reach by its end, so they follow
    /// LFOs and random sources one block late, and envelopes too once these have a fast target (measured: 64 sample
    /// frames, nulls of −44 dB).
    #[must_use]
    pub fn new(patch: &PatchSpec) -> Self {
        let mut routes: Vec<Route> = patch
            .modulation
            .routes
            .iter()
            .enumerate()
            .filter(|(_, route)| !route.bypass)
            .filter_map(|(index, route)| {
                Some(Route {
                    index,
                    source: route.source.index(),
                    target: Target::of(patch, &route.target)?,
                    bipolar: route.polarity == Polarity::Bipolar,
                    bend: Bend::new(-route.curve),
                    map: route.map.as_ref().map(|points| Shape::new(points, false)),
                    mirrored: route.stereo,
                    late: false,
                })
            })
            .collect();
        // A route comes after all that move its amount, and they after what moves theirs.
        let mut depth = vec![0_usize; patch.modulation.routes.len()];
        for _ in 0..depth.len() {
            for route in &routes {
                if let Target::Amount(moved) = route.target {
                    depth[moved] = depth[moved]
                        .max(depth[route.index] + 1)
                        .min(patch.modulation.routes.len());
                }
            }
        }
        routes.sort_by_key(|route| (depth[route.index], route.index));
        let fast: Vec<bool> = routes.iter().map(|route| is_fast(route.target)).collect();
        let sources = |wanted: usize| routes.iter().zip(&fast).filter(move |(r, _)| r.source == wanted);
        let has_fast_target: Vec<bool> = (0..SOURCES)
            .map(|source| sources(source).any(|(_, fast)| *fast))
            .collect();
        for (route, fast) in routes.iter_mut().zip(&fast) {
            route.late = !fast && comes_late(Source::ALL[route.source], has_fast_target[route.source]);
        }
        let mut used = [false; SOURCES];
        let mut touched = Vec::new();
        for route in &routes {
            used[route.source] = true;
            if let Target::Param { id, .. } = route.target
                && !touched.contains(&id)
            {
                touched.push(id);
            }
        }
        let per_frame = |source: usize| runs_per_frame(patch, source);
        let (tracks, courses) = Track::of(&routes, &fast, per_frame);
        Self {
            routes,
            touched,
            used,
            amounts: patch.modulation.routes.len(),
            tracks,
            courses,
        }
    }

    /// Whether any route reads that source.
    #[must_use]
    pub fn uses(&self, source: Source) -> bool {
        self.used[source.index()]
    }

    /// The parameters that any route moves.
    #[must_use]
    pub fn touched(&self) -> &[usize] {
        &self.touched
    }

    /// The parameters that may differ between left and right. `sided` says whether a source's sides can differ.
    #[must_use]
    pub fn sided(&self, sided: impl Fn(Source) -> bool) -> Vec<usize> {
        let mut amounts = vec![false; self.amounts];
        let mut params = Vec::new();
        for route in &self.routes {
            if route.mirrored || amounts[route.index] || sided(Source::ALL[route.source]) {
                match route.target {
                    Target::Param { id, .. } => params.push(id),
                    Target::Amount(other) => amounts[other] = true,
                }
            }
        }
        params
    }

    /// How many amounts there are (bypassed routes included): the length of `work` in [`Matrix::apply`].
    #[must_use]
    pub fn amount_count(&self) -> usize {
        self.amounts
    }

    /// Writes base + Σ routes into `left` and `right` for all touched parameters. Sources are those of now and those of
    /// the block before; `work` is room for the amounts.
    pub fn apply(
        &self,
        base: &[f32],
        amounts: &[f32],
        [sources, late]: [&SourceValues; 2],
        work: &mut [[f32; 2]],
        left: &mut [f32],
        right: &mut [f32],
    ) {
        for id in &self.touched {
            left[*id] = base[*id];
            right[*id] = base[*id];
        }
        for (slot, amount) in work.iter_mut().zip(amounts) {
            *slot = [*amount; 2];
        }
        for route in &self.routes {
            let amount = work[route.index];
            if amount == [0.0; 2] {
                continue;
            }
            let values = if route.late { late } else { sources };
            let value = route.value(values[route.source]);
            match route.target {
                Target::Param { id, range } => {
                    left[id] += amount[0] * range * value[0];
                    right[id] += amount[1] * range * value[1];
                }
                Target::Amount(other) => {
                    for side in 0..2 {
                        work[other][side] =
                            (work[other][side] + 2.0 * amount[side] * value[side]).clamp(-1.0, 1.0);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::modulation::Route as Spec;

    const CUTOFF: &str = "/modules/filter/0/cutoff_hz";

    fn moved(routes: Vec<Spec>, set: &[(Source, [f32; 2])]) -> [f32; 2] {
        let mut patch = PatchSpec::default();
        patch.modulation.routes = routes;
        let matrix = Matrix::new(&patch);
        let base = patch.raw_values();
        let amounts: Vec<f32> = patch.modulation.routes.iter().map(|r| r.amount as f32).collect();
        let mut sources = [[0.0; 2]; SOURCES];
        for (source, value) in set {
            sources[source.index()] = *value;
        }
        let (mut left, mut right) = (base.clone(), base.clone());
        let mut work = vec![[0.0; 2]; matrix.amount_count()];
        matrix.apply(&base, &amounts, [&sources; 2], &mut work, &mut left, &mut right);
        let id = patch.param_id(CUTOFF).unwrap().index();
        [left[id] - base[id], right[id] - base[id]]
    }

    fn near(a: [f32; 2], b: [f32; 2]) {
        assert!(
            (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3,
            "{a:?} is not {b:?}"
        );
    }

    #[test]
    fn a_quarter_of_the_cutoffs_range_is_thirty_two_notes() {
        near(
            moved(
                vec![Spec::new(Source::Env1, CUTOFF, 0.25)],
                &[(Source::Env1, [1.0; 2])],
            ),
            [32.0; 2],
        );
    }

    #[test]
    fn bipolar_routes_span_half_to_each_side() {
        let route = || vec![Spec::bipolar(Source::Lfo0, CUTOFF, 0.25)];
        near(moved(route(), &[(Source::Lfo0, [0.0; 2])]), [-16.0; 2]);
        near(moved(route(), &[(Source::Lfo0, [0.5; 2])]), [0.0; 2]);
        near(moved(route(), &[(Source::Lfo0, [1.0; 2])]), [16.0; 2]);
    }

    #[test]
    fn the_curve_bends_upwards_when_positive() {
        let with = |curve| {
            vec![Spec {
                curve,
                ..Spec::new(Source::Velocity, CUTOFF, 1.0)
            }]
        };
        let half = moved(with(5.0), &[(Source::Velocity, [0.5; 2])])[0] / 128.0;
        assert!((half - 0.924).abs() < 0.002, "{half}");
        let half = moved(with(-5.0), &[(Source::Velocity, [0.5; 2])])[0] / 128.0;
        assert!((half - 0.076).abs() < 0.002, "{half}");
    }

    #[test]
    fn the_stereo_flag_turns_the_right_side_round() {
        let route = vec![Spec {
            stereo: true,
            ..Spec::bipolar(Source::Lfo0, CUTOFF, 0.5)
        }];
        near(moved(route, &[(Source::Lfo0, [1.0; 2])]), [32.0, -32.0]);
    }

    #[test]
    fn pan_follows_an_lfo_a_block_late_and_level_does_not() {
        const PAN: &str = "/modules/osc/0/pan";
        const LEVEL: &str = "/modules/osc/0/level";
        let lates = |routes: &[(Source, &str)]| {
            let mut patch = PatchSpec::default();
            patch.modulation.routes = routes.iter().map(|(s, t)| Spec::new(*s, *t, 0.1)).collect();
            let matrix = Matrix::new(&patch);
            matrix
                .routes
                .iter()
                .map(|route| route.late)
                .collect::<Vec<bool>>()
        };
        assert_eq!(
            lates(&[(Source::Lfo0, PAN), (Source::Lfo0, LEVEL)]),
            [true, false]
        );
        assert_eq!(lates(&[(Source::Env1, PAN)]), [false]);
        assert_eq!(
            lates(&[(Source::Env1, PAN), (Source::Env1, LEVEL)]),
            [true, false]
        );
        assert_eq!(
            lates(&[(Source::Velocity, PAN), (Source::Velocity, LEVEL)]),
            [false, false]
        );
        assert_eq!(
            lates(&[
                (Source::Random0, "/modules/osc/0/warp/phase"),
                (Source::Random0, "/modules/osc/0/phase")
            ]),
            [true, false]
        );
    }

    #[test]
    fn bypassed_routes_do_nothing() {
        let route = vec![Spec {
            bypass: true,
            ..Spec::new(Source::Env1, CUTOFF, 1.0)
        }];
        near(moved(route, &[(Source::Env1, [1.0; 2])]), [0.0; 2]);
    }

    #[test]
    fn a_route_onto_an_amount_scales_the_other_route_whatever_their_order() {
        let mover = Spec::new(Source::ModWheel, "/modulation/routes/0/amount", 0.125);
        let routes = vec![Spec::new(Source::Env1, CUTOFF, 0.0), mover];
        near(
            moved(routes, &[(Source::Env1, [1.0; 2]), (Source::ModWheel, [1.0; 2])]),
            [32.0; 2],
        );
    }
}
