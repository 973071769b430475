//! What curves look like.

use std::fmt::Write as _;

use super::round;

/// The palette of Okabe and Ito without its yellow, which is hardly seen on white.
const COLORS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// How lines are broken, as `stroke-dasharray`.
const DASHES: [&str; 4] = ["none", "7 3", "2 2.5", "9 3 2 3"];
/// Kinds of markers.
const MARKERS: usize = 7;

/// The look of one curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Style {
    /// Its colour.
    pub color: &'static str,
    /// How its line is broken.
    pub dash: &'static str,
    /// Its marker, of which there are seven.
    pub marker: usize,
}

impl Style {
    /// The look with a colour and a form; those of the first ones differ in both. When either begins anew it
    /// goes with others than before.
    pub fn new(color: usize, form: usize) -> Self {
        let (colors, turns) = (COLORS.len(), form / MARKERS);
        Self {
            color: COLORS[color % colors],
            dash: DASHES[(form % MARKERS + turns) % DASHES.len()],
            marker: (form + turns) % MARKERS,
        }
    }

    /// The outline of its marker, as path data.
    pub fn outline(self, x: f64, y: f64) -> String {
        let polygon = |corners: &[(f64, f64)]| {
            let mut path = String::new();
            for (index, (dx, dy)) in corners.iter().enumerate() {
                let command = if index == 0 { 'M' } else { 'L' };
                // Writing to a string does not fail.
                let _ = write!(path, "{command}{} {}", round(x + dx), round(y + dy));
            }
            path + "Z"
        };
        match self.marker {
            0 => {
                let (left, right, y) = (round(x - 3.0), round(x + 3.0), round(y));
                format!("M{left} {y}A3 3 0 1 1 {right} {y}A3 3 0 1 1 {left} {y}Z")
            }
            1 => polygon(&[(-2.8, -2.8), (2.8, -2.8), (2.8, 2.8), (-2.8, 2.8)]),
            2 => polygon(&[(0.0, -3.8), (3.5, 2.6), (-3.5, 2.6)]),
            3 => polygon(&[(0.0, -4.0), (4.0, 0.0), (0.0, 4.0), (-4.0, 0.0)]),
            4 => polygon(&[(0.0, 3.8), (3.5, -2.6), (-3.5, -2.6)]),
            5 => polygon(&[(3.8, 0.0), (-2.6, 3.5), (-2.6, -3.5)]),
            _ => polygon(&[(-3.8, 0.0), (2.6, 3.5), (2.6, -3.5)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_first_curves_differ_without_colours_and_no_two_of_many_are_alike() {
        let looks: HashSet<_> = (0..28).map(|index| Style::new(index, index)).collect();
        assert_eq!(looks.len(), 28);
        let forms: HashSet<_> = (0..7).map(|index| Style::new(index, index).marker).collect();
        assert_eq!(forms.len(), 7);
        let two: HashSet<_> = (0..7).flat_map(|run| (0..4).map(move |form| Style::new(run, form))).collect();
        assert_eq!(two.len(), 28);
    }
}
