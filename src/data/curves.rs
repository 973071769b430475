//! CURVES: smooth curves through three random points, after Hinton & Salakhutdinov (2006). The six coordinates
//! of the points determine an image, and a code of six numbers can hold it.

use super::built::{Part, Recipe};
use crate::linalg::Stream;

/// Rows and columns.
const SIDE: usize = 28;
/// The points are at least so far from the border: the curve between them goes up to an eighth of their
/// distance beyond them, and has a width.
const MARGIN: f64 = 4.5;
/// Half the width of the stroke, in pixels.
const HALF_WIDTH: f64 = 0.8;
/// Straight pieces a curve is drawn in.
const PIECES: usize = 40;

/// A point of the plane, in pixels from the upper left corner.
type Point = [f64; 2];

/// The curves of a seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curves {
    pub seed: u64,
}

impl Recipe for Curves {
    fn name(&self) -> &'static str {
        "curves"
    }

    fn settings(&self) -> String {
        format!("curves, version 1, seed {}", self.seed)
    }

    fn image(&self) -> (usize, usize) {
        (SIDE, SIDE)
    }

    fn count(&self, part: Part) -> usize {
        match part {
            Part::Train => 20_000,
            Part::Test => 10_000,
        }
    }

    fn draw(&self, part: Part, index: usize, image: &mut [u8]) {
        let mut stream = Stream::new(self.seed, part.purpose(["curves train", "curves test"]), index as u64);
        let mut coordinate = || MARGIN + (SIDE as f64 - 2.0 * MARGIN) * stream.uniform::<f64>();
        let points: [Point; 3] = std::array::from_fn(|_| std::array::from_fn(|_| coordinate()));
        draw(points, image);
    }

    fn range(&self, _: &[u8]) -> (f64, f64) {
        (0.0, 255.0)
    }
}

/// The parabola through three points at t = 0, ½ and 1.
fn curve([first, middle, last]: [Point; 3], t: f64) -> Point {
    let weights = [(1.0 - t) * (1.0 - 2.0 * t), 4.0 * t * (1.0 - t), t * (2.0 * t - 1.0)];
    std::array::from_fn(|axis| weights[0] * first[axis] + weights[1] * middle[axis] + weights[2] * last[axis])
}

/// image ← a stroke along the curve: the share of each pixel that it covers, by the distance of its centre.
fn draw(points: [Point; 3], image: &mut [u8]) {
    let mut squared = [f64::INFINITY; SIDE * SIDE];
    let reach = HALF_WIDTH + 0.5;
    let mut begin = points[0];
    for piece in 1..=PIECES {
        let end = curve(points, piece as f64 / PIECES as f64);
        let near = |axis: usize| {
            let (low, high) = (begin[axis].min(end[axis]) - reach, begin[axis].max(end[axis]) + reach);
            low.max(0.0) as usize..(high.max(0.0) as usize + 1).min(SIDE)
        };
        for row in near(1) {
            for column in near(0) {
                let centre = [column as f64 + 0.5, row as f64 + 0.5];
                let distance = squared_distance(centre, begin, end);
                let known = &mut squared[row * SIDE + column];
                *known = known.min(distance);
            }
        }
        begin = end;
    }
    for (pixel, squared) in image.iter_mut().zip(squared) {
        *pixel = (255.0 * (reach - squared.sqrt()).clamp(0.0, 1.0) + 0.5) as u8;
    }
}

/// The squared distance of a point from a straight piece.
fn squared_distance(point: Point, begin: Point, end: Point) -> f64 {
    let [x, y] = [point[0] - begin[0], point[1] - begin[1]];
    let [a, b] = [end[0] - begin[0], end[1] - begin[1]];
    let length = a * a + b * b;
    let along = if length > 0.0 { ((x * a + y * b) / length).clamp(0.0, 1.0) } else { 0.0 };
    let [x, y] = [x - along * a, y - along * b];
    x * x + y * y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::built::Built;

    fn drawn(points: [Point; 3]) -> Vec<u8> {
        let mut image = vec![1; SIDE * SIDE];
        draw(points, &mut image);
        image
    }

    #[test]
    fn the_curve_goes_through_its_points() {
        let points = [[5.5, 6.5], [20.5, 9.5], [11.5, 22.5]];
        for (t, point) in [0.0, 0.5, 1.0].into_iter().zip(points) {
            assert!(curve(points, t).iter().zip(point).all(|(found, at)| (found - at).abs() < 1e-12));
        }
        let image = drawn(points);
        for [x, y] in points {
            assert_eq!(image[y as usize * SIDE + x as usize], 255);
        }
    }

    #[test]
    fn a_level_stroke_covers_as_much_as_it_is_wide_and_long() {
        let image = drawn([[6.0, 14.0], [14.0, 14.0], [22.0, 14.0]]);
        let column: f64 = (0..SIDE).map(|row| f64::from(image[row * SIDE + 14]) / 255.0).sum();
        assert!((column - 2.0 * HALF_WIDTH).abs() < 0.02, "{column}");
        assert_eq!(image[14 * SIDE + 14], image[13 * SIDE + 14]);
    }

    #[test]
    fn whatever_the_points_the_border_stays_empty() {
        let ends = [MARGIN, SIDE as f64 - MARGIN];
        for corners in 0..64_usize {
            let points =
                std::array::from_fn(|point| std::array::from_fn(|axis| ends[corners >> (2 * point + axis) & 1]));
            let image = drawn(points);
            let border = (0..SIDE).flat_map(|at| [at, (SIDE - 1) * SIDE + at, at * SIDE, at * SIDE + SIDE - 1]);
            assert!(border.map(|pixel| image[pixel]).all(|pixel| pixel == 0), "{points:?}");
        }
    }

    #[test]
    fn every_machine_draws_the_same_curves() {
        assert_eq!(Built::new(&Curves { seed: 1 }).checksum(), super::super::built::CURVES_MD5);
    }

    #[test]
    fn other_seeds_and_parts_draw_others() {
        let image = |seed, part, index| {
            let mut image = vec![0; SIDE * SIDE];
            Curves { seed }.draw(part, index, &mut image);
            image
        };
        let images =
            [image(1, Part::Train, 0), image(1, Part::Train, 1), image(1, Part::Test, 0), image(2, Part::Train, 0)];
        for (index, one) in images.iter().enumerate() {
            assert!(images[..index].iter().all(|other| other != one), "{index}");
        }
        assert_eq!(image(1, Part::Train, 0), images[0]);
    }
}
