//! Contours of a quantity on a grid: marching squares, straight between the points of the grid.

/// The pieces of the contour at a `level`, in steps of the grid from its first point; `values` row by row, `width` a
/// row. Where a point is not finite there is no contour around it. In a saddle the mean of the four corners tells
/// which of them are connected.
pub fn segments(values: &[f64], width: usize, level: f64) -> Vec<[(f64, f64); 2]> {
    let height = values.len() / width.max(1);
    let mut segments = Vec::new();
    for row in 1..height {
        for column in 1..width {
            let corners = [(column - 1, row - 1), (column, row - 1), (column, row), (column - 1, row)];
            let at = corners.map(|(x, y)| values[y * width + x]);
            if at.iter().all(|value| value.is_finite()) {
                cell(corners.map(|(x, y)| (x as f64, y as f64)), at, level, &mut segments);
            }
        }
    }
    segments
}

/// The pieces within one cell, its corners in turn.
fn cell(corners: [(f64, f64); 4], at: [f64; 4], level: f64, segments: &mut Vec<[(f64, f64); 2]>) {
    let above = at.map(|value| value >= level);
    // Where the contour crosses the side from one corner to the next.
    let crossing = |side: usize| {
        let (from, to) = (side, (side + 1) % 4);
        let share = (level - at[from]) / (at[to] - at[from]);
        let between = |a: f64, b: f64| a + share * (b - a);
        (between(corners[from].0, corners[to].0), between(corners[from].1, corners[to].1))
    };
    let sides: Vec<usize> = (0..4).filter(|&side| above[side] != above[(side + 1) % 4]).collect();
    match sides.as_slice() {
        [one, other] => segments.push([crossing(*one), crossing(*other)]),
        [_, _, _, _] => {
            let middle = at.iter().sum::<f64>() / 4.0 >= level;
            // The corner that the middle is not like is cut off by the sides before and after it.
            let first = usize::from(above[0] == middle);
            for corner in [first, first + 2] {
                segments.push([crossing((corner + 3) % 4), crossing(corner)]);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function on a grid of 41 × 31 points with steps of 0.1 around 0.
    fn grid(of: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        (0..31)
            .flat_map(|y| (0..41).map(move |x| (x, y)))
            .map(|(x, y)| of(place(x.into(), 20.0), place(y.into(), 15.0)))
            .collect()
    }

    fn place(index: f64, middle: f64) -> f64 {
        0.1 * (index - middle)
    }

    #[test]
    fn a_contour_lies_where_the_quantity_has_its_level() {
        // A circle, whose length is known too.
        let segments = segments(&grid(f64::hypot), 41, 1.0);
        let mut length = 0.0;
        for [from, to] in segments {
            let [from, to] = [from, to].map(|(x, y)| (place(x, 20.0), place(y, 15.0)));
            for (x, y) in [from, to] {
                assert!((x.hypot(y) - 1.0).abs() < 2e-3, "{x} {y}");
            }
            length += (to.0 - from.0).hypot(to.1 - from.1);
        }
        assert!((length - std::f64::consts::TAU).abs() < 0.02, "{length}");
    }

    #[test]
    fn a_saddle_is_cut_where_its_middle_is_not() {
        let pieces = |values: [f64; 4], level| segments(&values, 2, level);
        // High corners in the middle of a low cell are cut off, and the other way round.
        assert_eq!(pieces([1.0, 0.0, 0.0, 1.0], 0.75), [[(0.0, 0.25), (0.25, 0.0)], [(1.0, 0.75), (0.75, 1.0)]]);
        assert_eq!(pieces([1.0, 0.0, 0.0, 1.0], 0.25), [[(0.75, 0.0), (1.0, 0.25)], [(0.25, 1.0), (0.0, 0.75)]]);
    }

    #[test]
    fn there_is_no_contour_without_crossing_and_none_around_what_is_not_finite() {
        assert!(segments(&grid(|_, _| 1.0), 41, 1.0).is_empty());
        assert!(segments(&[f64::NAN, 0.0, 1.0, 1.0], 2, 0.5).is_empty());
        assert!(segments(&[], 0, 0.5).is_empty());
    }
}
