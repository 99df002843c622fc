//! What lies between two control blocks: sources per sample frame, and how far they take a parameter from the straight
//! line.
//!
//! Modules go straight from one control block's values to the next. Where Vital modulates a parameter for every sample
//! frame (`is_fast`), its LFOs, envelopes and jumping random sources are run for every frame too, and the parameter goes a way round: a
//! [`Detour`], 0 at the block's end, is added to the straight line. Without movement there is none, and it costs nothing.

use super::{Matrix, Route, SourceValues, Target};
use crate::BLOCK;
use songwalker_schemas::modulation::Source;

/// A source's values after each frame of a control block, left and right.
#[derive(Debug, Clone)]
pub struct Course {
    /// The values.
    pub sides: [[f32; BLOCK]; 2],
    /// Whether they have stayed where they were before the block.
    flat: bool,
    /// Whether left and right are the same.
    alike: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            sides: [[0.0; BLOCK]; 2],
            flat: true,
            alike: true,
        }
    }
}

impl Course {
    /// Looks at the values once they are all there; `before` is the one before the block.
    pub fn settle(&mut self, before: [f32; 2]) -> [f32; 2] {
        let [left, right] = &self.sides;
        self.flat = left.iter().all(|x| *x == before[0]) && right.iter().all(|x| *x == before[1]);
        self.alike = before[0] == before[1] && left == right;
        [left[BLOCK - 1], right[BLOCK - 1]]
    }
}

/// How far a parameter is from the straight line after each frame of a control block, left and right, in raw units.
#[derive(Debug, Clone)]
pub struct Detour {
    sides: [[f32; BLOCK]; 2],
    taken: bool,
}

impl Default for Detour {
    fn default() -> Self {
        Self {
            sides: [[0.0; BLOCK]; 2],
            taken: false,
        }
    }
}

impl Detour {
    /// One side's way, where it is not the straight one.
    #[must_use]
    pub fn side(&self, side: usize) -> Option<&[f32; BLOCK]> {
        self.taken.then_some(&self.sides[side])
    }

    /// Takes over another's way.
    pub fn follow(&mut self, other: &Self) {
        self.taken = other.taken;
        if other.taken {
            self.sides = other.sides;
        }
    }

    /// Measures the way from the block's end instead of from the straight line to it, which rises by so much on each side:
    /// for who has nothing before the block to go on from.
    pub fn lean(&mut self, rise: [f32; 2]) {
        for (side, rise) in self.sides.iter_mut().zip(rise) {
            for (i, value) in side.iter_mut().enumerate() {
                *value -= rise * ((BLOCK - 1 - i) as f32 / BLOCK as f32);
            }
        }
    }

    fn add(&mut self, route: &Route, course: &Course, before: [f32; 2], amount: [f32; 2]) {
        if !self.taken {
            *self = Self {
                taken: true,
                ..Self::default()
            };
        }
        let [left, right] = &mut self.sides;
        let way = route.way(&course.sides[0], before[0]);
        for (to, way) in left.iter_mut().zip(&way) {
            *to += amount[0] * way;
        }
        let way = if course.alike {
            way
        } else {
            route.way(&course.sides[1], before[1])
        };
        let amount = if route.mirrored { -amount[1] } else { amount[1] };
        for (to, way) in right.iter_mut().zip(&way) {
            *to += amount * way;
        }
    }
}

impl Route {
    /// What it makes of a side's course, less the straight line from its start to its end.
    fn way(&self, course: &[f32; BLOCK], before: f32) -> [f32; BLOCK] {
        let mut way = *course;
        if self.map.is_some() || !self.bend.is_straight() {
            for value in &mut way {
                *value = self.shaped(*value);
            }
        } else if self.bipolar {
            for value in &mut way {
                *value = 0.5 * (2.0 * *value - 1.0);
            }
        }
        let from = self.shaped(before);
        let step = (way[BLOCK - 1] - from) / BLOCK as f32;
        for (i, value) in way.iter_mut().enumerate() {
            *value -= from + step * (i + 1) as f32;
        }
        way
    }
}

/// A parameter that routes move for every frame.
#[derive(Debug, Clone)]
pub(super) struct Track {
    id: usize,
    range: f32,
    /// Places among the routes, each with the place of its source among the courses.
    routes: Vec<(usize, usize)>,
}

impl Track {
    /// The tracks of routes, and the sources that they read. `per_frame` says which of them run for every frame.
    pub(super) fn of(
        routes: &[Route],
        fast: &[bool],
        per_frame: impl Fn(usize) -> bool,
    ) -> (Vec<Self>, Vec<usize>) {
        let (mut tracks, mut sources): (Vec<Self>, Vec<usize>) = (Vec::new(), Vec::new());
        for (place, route) in routes.iter().enumerate() {
            let Target::Param { id, range } = route.target else {
                continue;
            };
            if !fast[place] || !per_frame(route.source) {
                continue;
            }
            let source = sources.iter().position(|source| *source == route.source);
            let source = source.unwrap_or_else(|| {
                sources.push(route.source);
                sources.len() - 1
            });
            match tracks.iter_mut().find(|track| track.id == id) {
                Some(track) => track.routes.push((place, source)),
                None => tracks.push(Self {
                    id,
                    range,
                    routes: vec![(place, source)],
                }),
            }
        }
        (tracks, sources)
    }
}

impl Matrix {
    /// The sources that run for every frame, by their place among the courses.
    #[must_use]
    pub fn courses(&self) -> &[usize] {
        &self.courses
    }

    /// The place of a source among the courses, if it runs for every frame.
    #[must_use]
    pub fn course_of(&self, source: Source) -> Option<usize> {
        self.courses.iter().position(|index| *index == source.index())
    }

    /// How many parameters may go a way round.
    #[must_use]
    pub fn detour_count(&self) -> usize {
        self.tracks.len()
    }

    /// The place of a parameter's way among the detours.
    #[must_use]
    pub fn detour_of(&self, id: usize) -> Option<usize> {
        self.tracks.iter().position(|track| track.id == id)
    }

    /// The detours of a control block. `before` are the sources at its start, `work` what [`Matrix::apply`] has made of
    /// the amounts for its end.
    pub fn detours(
        &self,
        work: &[[f32; 2]],
        courses: &[Course],
        before: &SourceValues,
        detours: &mut [Detour],
    ) {
        for (track, detour) in self.tracks.iter().zip(detours) {
            detour.taken = false;
            for (route, course) in &track.routes {
                let (route, course) = (&self.routes[*route], &courses[*course]);
                let amount = work[route.index];
                if !course.flat && amount != [0.0; 2] {
                    let amount = amount.map(|amount| amount * track.range);
                    detour.add(route, course, before[route.source], amount);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulation::SOURCES;
    use songwalker_schemas::PatchSpec;
    use songwalker_schemas::modulation::Route as Spec;

    const LEVEL: &str = "/modules/osc/0/level";

    fn found(routes: Vec<Spec>, course: [[f32; BLOCK]; 2], before: [f32; 2]) -> Vec<Detour> {
        let mut patch = PatchSpec::default();
        patch.modulation.routes = routes;
        let matrix = Matrix::new(&patch);
        let work: Vec<[f32; 2]> = patch
            .modulation
            .routes
            .iter()
            .map(|r| [r.amount as f32; 2])
            .collect();
        let mut sources = [[0.0; 2]; SOURCES];
        sources[Source::Lfo0.index()] = before;
        let mut courses = vec![Course::default(); matrix.courses().len()];
        for course_of in &mut courses {
            course_of.sides = course;
            course_of.settle(before);
        }
        let mut detours = vec![Detour::default(); matrix.detour_count()];
        matrix.detours(&work, &courses, &sources, &mut detours);
        detours
    }

    fn jump() -> [f32; BLOCK] {
        std::array::from_fn(|i| if i < 40 { 0.0 } else { 1.0 })
    }

    #[test]
    fn straight_line_and_detour_together_are_the_jump() {
        let detours = found(vec![Spec::new(Source::Lfo0, LEVEL, 0.3)], [jump(); 2], [0.0; 2]);
        let way = detours[0].side(1).unwrap();
        for (i, value) in way.iter().enumerate() {
            let straight = 0.3 * (i + 1) as f32 / BLOCK as f32;
            assert!((straight + value - 0.3 * jump()[i]).abs() < 1e-6, "frame {i}");
        }
        assert_eq!(way[BLOCK - 1], 0.0);
    }

    #[test]
    fn routes_onto_one_parameter_add_up_and_mirrored_ones_turn_the_right_side_round() {
        let mirrored = Spec {
            stereo: true,
            ..Spec::new(Source::Lfo0, LEVEL, 0.1)
        };
        let detours = found(
            vec![Spec::new(Source::Lfo0, LEVEL, 0.3), mirrored],
            [jump(); 2],
            [0.0; 2],
        );
        assert_eq!(detours.len(), 1);
        let [left, right] = [0, 1].map(|side| detours[0].side(side).unwrap()[39]);
        assert!((left - 2.0 * right).abs() < 1e-6, "{left} and {right}");
    }

    #[test]
    fn what_stands_still_or_moves_something_slow_takes_no_detour() {
        let still = found(
            vec![Spec::new(Source::Lfo0, LEVEL, 0.3)],
            [[0.7; BLOCK]; 2],
            [0.7; 2],
        );
        assert!(still[0].side(0).is_none());
        let pan = Spec::new(Source::Lfo0, "/modules/osc/0/pan", 0.3);
        assert!(found(vec![pan], [jump(); 2], [0.0; 2]).is_empty());
        let held = Spec::new(Source::Velocity, LEVEL, 0.3);
        assert!(found(vec![held], [jump(); 2], [0.0; 2]).is_empty());
    }
}
