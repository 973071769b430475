//! FACES: 25 × 25 grey images of faces, each a portrait that is turned, scaled, shifted and changed in contrast
//! at random, after Hinton & Salakhutdinov (2006). Those who are tested on do not train.

use std::path::Path;

use super::Error;
use super::built::{Part, Recipe, moments};
use super::locate::Places;
use super::portraits::{self, Portraits};
use crate::linalg::Stream;

/// Rows and columns.
const SIDE: usize = 25;
/// The most a face is turned to either side, in degrees.
const TURN: f64 = 30.0;
/// The most a face is enlarged.
const ENLARGE: f64 = 1.3;
/// The most a face is shifted along either axis, as a share of the portrait.
const SHIFT: f64 = 0.08;
/// The most the contrast is raised or lowered.
const CONTRAST: f64 = 0.3;

/// The faces of a seed, made of portraits.
#[derive(Clone, Debug)]
pub(super) struct Faces {
    pub seed: u64,
    pub portraits: Portraits,
}

impl Recipe for Faces {
    fn name(&self) -> &'static str {
        "faces"
    }

    fn settings(&self) -> String {
        format!("faces, version 1, seed {}, portraits {}", self.seed, self.portraits.checksum())
    }

    fn image(&self) -> (usize, usize) {
        (SIDE, SIDE)
    }

    fn count(&self, part: Part) -> usize {
        match part {
            Part::Train => 103_500,
            Part::Test => 41_400,
        }
    }

    fn draw(&self, part: Part, index: usize, image: &mut [u8]) {
        let mut stream = Stream::new(self.seed, part.purpose(["faces train", "faces test"]), index as u64);
        let people = self.people(part);
        // People in turn, so that there are as many images of each.
        let person = people.start + index % people.len();
        let portraits = self.portraits.of(person);
        let chosen = portraits.start + (portraits.len() as f64 * stream.uniform::<f64>()) as usize;
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform::<f64>();
        let view = View {
            angle: between(-TURN, TURN).to_radians(),
            scale: between(1.0, ENLARGE),
            shift: [between(-SHIFT, SHIFT), between(-SHIFT, SHIFT)],
            contrast: between(1.0 - CONTRAST, 1.0 + CONTRAST),
        };
        view.draw(&self.portraits, chosen, image);
    }

    /// Pixels are standardised: mean 0 and variance 1 over the training images.
    fn range(&self, train: &[u8]) -> (f64, f64) {
        moments(train)
    }
}

impl Faces {
    /// Those of the user's portraits, or of ours where none are named.
    ///
    /// # Errors
    /// Those of finding and reading portraits.
    pub fn new(seed: u64, portraits: Option<&Path>, places: &Places) -> Result<Self, Error> {
        let portraits = portraits.map_or_else(|| portraits::ours(places), portraits::read)?;
        Ok(Self { seed, portraits })
    }

    /// Two of seven people, as many as the share of their images, are tested on; at least one is on either side.
    fn people(&self, part: Part) -> std::ops::Range<usize> {
        let people = self.portraits.people();
        let train = (people * 5 / 7).max(1);
        match part {
            Part::Train => 0..train,
            Part::Test => train..people,
        }
    }
}

/// How a portrait is looked at.
struct View {
    /// By how much it is turned, in radians.
    angle: f64,
    /// By how much it is enlarged.
    scale: f64,
    /// By which share of the portrait it is shifted, to the right and down.
    shift: [f64; 2],
    /// Differences from its mean brightness are multiplied by this.
    contrast: f64,
}

impl View {
    /// image ← the portrait with number `portrait` as it is looked at. Each pixel is the mean of so many places
    /// that no pixel of the portrait is skipped; beyond its border, that goes on.
    fn draw(&self, portraits: &Portraits, portrait: usize, image: &mut [u8]) {
        let (rows, columns) = (portraits.rows as f64, portraits.columns as f64);
        let side = rows.min(columns);
        let step = side / (SIDE as f64 * self.scale);
        // Of this library, since that of the machine may round otherwise.
        let (sine, cosine) = (libm::sin(self.angle), libm::cos(self.angle));
        let places = step.ceil().max(1.0) as usize;
        let mean = portraits.mean(portrait);
        for (pixel, to) in image.iter_mut().enumerate() {
            let mut sum = 0.0;
            for place in 0..places * places {
                let along = |pixel: usize, place: usize| {
                    pixel as f64 + (place as f64 + 0.5) / places as f64 - SIDE as f64 / 2.0
                };
                let (u, v) = (along(pixel % SIDE, place % places), along(pixel / SIDE, place / places));
                let x = columns / 2.0 + step * (cosine * u + sine * v) - self.shift[0] * side;
                let y = rows / 2.0 + step * (cosine * v - sine * u) - self.shift[1] * side;
                sum += portraits.brightness(portrait, x, y);
            }
            let brightness = mean + self.contrast * (sum / (places * places) as f64 - mean);
            *to = (255.0 * brightness.clamp(0.0, 1.0) + 0.5) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::built;
    use crate::data::built::Built;

    fn ours() -> Portraits {
        portraits::ours(&Places::new(vec!["datasets".into()])).unwrap()
    }

    fn look(portraits: &Portraits, view: &View) -> Vec<u8> {
        let mut image = vec![0; SIDE * SIDE];
        view.draw(portraits, 0, &mut image);
        image
    }

    const PLAIN: View = View { angle: 0.0, scale: 1.0, shift: [0.0; 2], contrast: 1.0 };

    #[test]
    fn a_portrait_that_is_not_changed_stays_as_it_is() {
        let ours = ours();
        let expected: Vec<_> = (0..SIDE * SIDE).map(|pixel| (ours.pixels[pixel] * 255.0).round() as u8).collect();
        assert_eq!(look(&ours, &PLAIN), expected);
    }

    #[test]
    fn each_change_is_the_one_of_its_name() {
        let ours = ours();
        let plain = look(&ours, &PLAIN);
        let at = |image: &[u8], row: usize, column: usize| image[row * SIDE + column];
        let shifted = look(&ours, &View { shift: [0.08, 0.0], ..PLAIN });
        let turned = look(&ours, &View { angle: std::f64::consts::FRAC_PI_2, ..PLAIN });
        for row in 0..SIDE {
            for column in 2..SIDE {
                assert_eq!(at(&shifted, row, column), at(&plain, row, column - 2));
                // A quarter turn clockwise.
                assert_eq!(at(&turned, row, column), at(&plain, SIDE - 1 - column, row));
            }
        }
        let flat = look(&ours, &View { contrast: 0.0, ..PLAIN });
        assert!(flat.iter().all(|&pixel| pixel == flat[0]));
        let enlarged = look(&ours, &View { scale: 25.0, ..PLAIN });
        let middle = f64::from(at(&plain, 12, 12));
        assert!(enlarged.iter().all(|&pixel| (f64::from(pixel) - middle).abs() < 60.0));
    }

    #[test]
    fn a_larger_portrait_is_averaged_not_sampled() {
        let pixels = (0..100 * 100).map(|pixel| ((pixel / 100 + pixel % 100) % 2) as f32).collect();
        let board = Portraits::new(pixels, 100, 100, vec![0]);
        assert!(look(&board, &PLAIN).iter().all(|&pixel| pixel.abs_diff(128) <= 1));
    }

    #[test]
    fn nobody_trains_and_is_tested_on() {
        for people in [2, 3, 7, 40, 100] {
            let portraits = Portraits::new(vec![0.0; people], 1, 1, (0..people).collect());
            let faces = Faces { seed: 1, portraits };
            let (train, test) = (faces.people(Part::Train), faces.people(Part::Test));
            assert!(!train.is_empty() && !test.is_empty());
            assert_eq!((train.start, train.end, test.end), (0, test.start, people));
        }
    }

    #[test]
    fn every_machine_makes_the_same_faces() {
        let faces = Faces { seed: 1, portraits: ours() };
        assert_eq!(Built::new(&faces).checksum(), built::FACES_MD5);
    }
}
