//! Local maxima that keep a distance from one another, like scipy's `find_peaks(height, distance)`.

/// Indices of the local maxima of `values` that are at least `height`, in rising order; of two nearer than
/// `distance` the higher one stays. A flat top counts as its middle, the ends never count.
#[must_use]
pub fn find(values: &[f64], height: f64, distance: usize) -> Vec<usize> {
    let candidates: Vec<usize> = maxima(values)
        .into_iter()
        .filter(|&i| values[i] >= height)
        .collect();
    let mut by_height: Vec<usize> = (0..candidates.len()).collect();
    by_height.sort_by(|&a, &b| {
        values[candidates[b]]
            .total_cmp(&values[candidates[a]])
            .then(b.cmp(&a))
    });
    let mut kept = vec![true; candidates.len()];
    for place in by_height {
        if !kept[place] {
            continue;
        }
        let near = |other: usize| candidates[place].abs_diff(candidates[other]) < distance;
        for other in (0..place).rev().take_while(|&other| near(other)) {
            kept[other] = false;
        }
        for other in (place + 1..candidates.len()).take_while(|&other| near(other)) {
            kept[other] = false;
        }
    }
    candidates
        .into_iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .map(|(i, _)| i)
        .collect()
}

fn maxima(values: &[f64]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut i = 1;
    while i + 1 < values.len() {
        if values[i - 1] < values[i] {
            let mut ahead = i + 1;
            while ahead + 1 < values.len() && values[ahead] == values[i] {
                ahead += 1;
            }
            if values[ahead] < values[i] {
                found.push((i + ahead - 1) / 2);
                i = ahead;
            }
        }
        i += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_of_two_near_peaks_stays() {
        let values = [0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.0];
        assert_eq!(find(&values, 0.0, 1), [1, 3, 6, 8]);
        assert_eq!(find(&values, 0.0, 3), [3, 6]);
        assert_eq!(find(&values, 0.75, 1), [1, 3, 6]);
    }

    #[test]
    fn a_flat_top_is_its_middle_and_an_end_is_no_peak() {
        assert_eq!(find(&[0.0, 1.0, 1.0, 1.0, 0.0, 2.0], 0.0, 1), [2]);
        assert_eq!(find(&[1.0, 1.0, 1.0], 0.0, 1), Vec::<usize>::new());
    }
}
