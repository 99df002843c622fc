//! Which of several lines is served next: each as often as its weight says, none starved (smooth weighted round robin,
//! as nginx has it).

use std::collections::VecDeque;

/// Lines of what waits, each with a weight.
#[derive(Debug)]
pub(super) struct FairLines<T> {
    lines: Vec<Line<T>>,
}

#[derive(Debug)]
struct Line<T> {
    weight: i64,
    credit: i64,
    waiting: VecDeque<T>,
}

impl<T> FairLines<T> {
    /// Empty lines of these weights.
    pub(super) fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let line = |weight: u32| Line {
            weight: i64::from(weight.max(1)),
            credit: 0,
            waiting: VecDeque::new(),
        };
        Self {
            lines: weights.into_iter().map(line).collect(),
        }
    }

    /// Puts one at the end of a line.
    pub(super) fn push(&mut self, line: usize, one: T) {
        if let Some(line) = self.lines.get_mut(line) {
            line.waiting.push_back(one);
        }
    }

    /// The next one: the first of the line that has waited longest for its weight.
    pub(super) fn pop(&mut self) -> Option<T> {
        let mut whole = 0;
        let mut best: Option<&mut Line<T>> = None;
        for line in self.lines.iter_mut().filter(|line| !line.waiting.is_empty()) {
            line.credit += line.weight;
            whole += line.weight;
            if best.as_ref().is_none_or(|best| line.credit > best.credit) {
                best = Some(line);
            }
        }
        let line = best?;
        line.credit -= whole;
        line.waiting.pop_front()
    }

    /// Takes out all of them, line after line.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.lines
            .iter_mut()
            .flat_map(|line| line.waiting.drain(..))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(weights: [u32; 3], times: usize) -> String {
        let mut lines = FairLines::new(weights);
        for _ in 0..times {
            lines.push(0, 'a');
            lines.push(1, 'b');
            lines.push(2, 'c');
        }
        (0..times).filter_map(|_| lines.pop()).collect()
    }

    #[test]
    fn full_lines_are_served_by_weight_and_none_starves() {
        assert_eq!(served([4, 1, 1], 6), "aabaca");
        let served = served([4, 1, 1], 60);
        let count = |line| served.chars().filter(|c| *c == line).count();
        assert_eq!((count('a'), count('b'), count('c')), (40, 10, 10));
        assert!(!served.contains("aaaaa"), "{served}");
    }

    #[test]
    fn a_line_alone_is_served_in_its_order_and_owes_nothing_afterwards() {
        let mut lines = FairLines::new([1, 1]);
        for number in 0..10 {
            lines.push(0, number);
        }
        assert_eq!(
            (0..9).map_while(|_| lines.pop()).collect::<Vec<_>>(),
            (0..9).collect::<Vec<_>>()
        );
        lines.push(1, 100);
        lines.push(1, 101);
        lines.push(0, 10);
        let next: Vec<_> = (0..2).map_while(|_| lines.pop()).collect();
        assert!(next.contains(&9) && next.contains(&100), "{next:?}");
        assert_eq!(lines.drain(), [10, 101]);
        assert_eq!(lines.pop(), None);
    }
}
