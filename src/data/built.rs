//! Data sets that are made rather than read. The same settings make the same images on every machine; once made
//! they are kept in the cache, in a file that is named after a hash of the settings.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::checksum::md5;
use super::locate::Places;
use super::selection::Split;
use crate::linalg::write_whole;

/// The MD5 checksum of the curves of seed 1.
pub(super) const CURVES_MD5: &str = "94286ba425c3a034c2a9f533e7d061d1";
/// The MD5 checksum of the faces of seed 1 that are made of our portraits.
pub(super) const FACES_MD5: &str = "ec3a96ecf71af888daa248030eaa2ae4";

/// One of the two parts of such a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Test,
}

impl Part {
    /// The purpose of its random stream, of those for training and for testing.
    pub fn purpose(self, purposes: [&str; 2]) -> &str {
        purposes[usize::from(self == Self::Test)]
    }
}

/// How a data set is made.
pub(super) trait Recipe: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// All that determines the images.
    fn settings(&self) -> String;

    /// Rows and columns of an image.
    fn image(&self) -> (usize, usize);

    /// How many images a part has.
    fn count(&self, part: Part) -> usize;

    /// image ← one of them, row by row. It depends on the settings, `part` and `index` alone.
    fn draw(&self, part: Part, index: usize, image: &mut [u8]);

    /// (a, b), such that a network is given (pixel − a) / b, given all pixels of the training images.
    fn range(&self, train: &[u8]) -> (f64, f64);
}

/// The images of a recipe, row by row, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Built {
    pub train: Vec<u8>,
    pub test: Vec<u8>,
}

/// What a file of the cache holds.
pub(super) struct Found {
    pub settings: String,
    pub images: Built,
    /// Whether the images are as they were written.
    pub is_whole: bool,
}

impl Built {
    /// Makes all of them.
    pub fn new(recipe: &dyn Recipe) -> Self {
        let (rows, columns) = recipe.image();
        let make = |part| {
            let mut pixels = vec![0; recipe.count(part) * rows * columns];
            let images = pixels.par_chunks_exact_mut(rows * columns).enumerate();
            images.for_each(|(index, image)| recipe.draw(part, index, image));
            pixels
        };
        Self { train: make(Part::Train), test: make(Part::Test) }
    }

    /// Takes them from the cache, or makes them and puts them there. A cache that cannot be written to costs time
    /// alone; a damaged file in it is made anew.
    pub fn load(recipe: &dyn Recipe, places: &Places) -> Self {
        let Some(file) = file(recipe, places) else { return Self::new(recipe) };
        Self::read(recipe, &file).unwrap_or_else(|| {
            let built = Self::new(recipe);
            let _ = built.write(recipe, &file);
            built
        })
    }

    /// The images in a file; `None` if there is none, of this recipe and as it was written.
    pub fn read(recipe: &dyn Recipe, file: &Path) -> Option<Self> {
        let built = Self::parse(&std::fs::read(file).ok()?)?;
        let [train, test] = [Part::Train, Part::Test].map(|part| recipe.count(part));
        let (rows, columns) = recipe.image();
        let fits =
            built.images.train.len() == train * rows * columns && built.images.test.len() == test * rows * columns;
        (fits && built.settings == recipe.settings() && built.is_whole).then_some(built.images)
    }

    /// The MD5 checksum of all pixels.
    pub fn checksum(&self) -> String {
        md5(&[&self.train, &self.test])
    }

    /// Writes them into a file, whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, recipe: &dyn Recipe, file: &Path) -> std::io::Result<()> {
        let (rows, columns) = recipe.image();
        let view =
            |pixels| TensorView::new(Dtype::U8, vec![<[u8]>::len(pixels) / (rows * columns), rows, columns], pixels);
        let tensors = [("train", view(&self.train)), ("test", view(&self.test))];
        let tensors = tensors.into_iter().map(|(name, view)| Ok((name, view?))).collect::<Result<Vec<_>, _>>();
        let words = HashMap::from([("identity".to_owned(), format!("{}; md5 {}", recipe.settings(), self.checksum()))]);
        let bytes = tensors.and_then(|tensors| safetensors::serialize(tensors, Some(words)));
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        write_whole(file, &bytes.map_err(std::io::Error::other)?)
    }

    /// What a file holds; `None` if it is not one of built data.
    pub fn parse(bytes: &[u8]) -> Option<Found> {
        let (_, head) = SafeTensors::read_metadata(bytes).ok()?;
        let (settings, checksum) = head.metadata().as_ref()?.get("identity")?.rsplit_once("; md5 ")?;
        let tensors = SafeTensors::deserialize(bytes).ok()?;
        let pixels = |name| Some(tensors.tensor(name).ok()?.data().to_vec());
        let images = Self { train: pixels("train")?, test: pixels("test")? };
        Some(Found { settings: settings.to_owned(), is_whole: images.checksum() == checksum, images })
    }

    /// The inputs of a network: the first training images, then the first test images.
    pub fn inputs(&self, recipe: &dyn Recipe, split: Split) -> Vec<f32> {
        let (rows, columns) = recipe.image();
        let (zero, one) = recipe.range(&self.train);
        let values: [f32; 256] = std::array::from_fn(|pixel| ((pixel as f64 - zero) / one) as f32);
        let mut inputs = Vec::with_capacity((split.train + split.validation) * rows * columns);
        for (pixels, count) in [(&self.train, split.train), (&self.test, split.validation)] {
            inputs.extend(pixels[..count * rows * columns].iter().map(|&pixel| values[usize::from(pixel)]));
        }
        inputs
    }
}

/// The file of a recipe in the cache, where there is a cache.
pub(super) fn file(recipe: &dyn Recipe, places: &Places) -> Option<PathBuf> {
    let hash = md5(&[recipe.settings().as_bytes()]);
    Some(places.cache()?.join(format!("{}-{}.safetensors", recipe.name(), &hash[..16])))
}

/// Mean and standard deviation of some pixels. Their sums are of whole numbers, and exact.
pub(super) fn moments(pixels: &[u8]) -> (f64, f64) {
    let (sum, squares) = pixels.iter().fold((0_u64, 0_u64), |(sum, squares), &pixel| {
        let pixel = u64::from(pixel);
        (sum + pixel, squares + pixel * pixel)
    });
    let count = pixels.len().max(1) as f64;
    let mean = sum as f64 / count;
    // Where all pixels are alike they are left as they are.
    let variance = squares as f64 / count - mean * mean;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Images of 1 × 2 pixels: part and number.
    struct Numbers(u64);

    impl Recipe for Numbers {
        fn name(&self) -> &'static str {
            "numbers"
        }

        fn settings(&self) -> String {
            format!("numbers {}", self.0)
        }

        fn image(&self) -> (usize, usize) {
            (1, 2)
        }

        fn count(&self, part: Part) -> usize {
            if part == Part::Train { 4 } else { 2 }
        }

        fn draw(&self, part: Part, index: usize, image: &mut [u8]) {
            image.copy_from_slice(&[u8::from(part == Part::Test), index as u8]);
        }

        fn range(&self, train: &[u8]) -> (f64, f64) {
            moments(train)
        }
    }

    fn cache() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(vec![]).with_cache(folder.path().join("deeper"));
        (folder, places)
    }

    #[test]
    fn what_is_built_is_kept_and_known_by_its_settings() {
        let (_folder, places) = cache();
        let built = Built::load(&Numbers(1), &places);
        assert_eq!(built.train, [0, 0, 0, 1, 0, 2, 0, 3]);
        assert_eq!(built.test, [1, 0, 1, 1]);
        let [first, second] = [1, 2].map(|seed| file(&Numbers(seed), &places).unwrap());
        assert!(first != second && first.is_file() && !second.exists());
        // What is in the cache is taken, if it is what the settings make.
        Built { train: vec![9; 8], ..built.clone() }.write(&Numbers(1), &first).unwrap();
        assert_eq!(Built::load(&Numbers(1), &places).train, [9; 8]);
        fs::copy(&first, &second).unwrap();
        assert_eq!(Built::load(&Numbers(2), &places), built);
    }

    #[test]
    fn a_damaged_file_is_built_anew() {
        let (_folder, places) = cache();
        let built = Built::load(&Numbers(1), &places);
        let path = file(&Numbers(1), &places).unwrap();
        let whole = fs::read(&path).unwrap();
        for place in [0, 20, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(Built::load(&Numbers(1), &places), built);
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn without_a_cache_all_is_built() {
        assert_eq!(Built::load(&Numbers(1), &Places::new(vec![])), Built::new(&Numbers(1)));
    }

    #[test]
    fn inputs_are_standardised_over_all_training_images() {
        let built = Built::new(&Numbers(1));
        let inputs = built.inputs(&Numbers(1), Split { train: 4, validation: 1 });
        let train = &inputs[..8];
        let (mean, square) =
            train.iter().fold((0.0, 0.0), |(m, s), &x| (m + f64::from(x) / 8.0, s + f64::from(x * x) / 8.0));
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
        assert_eq!(inputs.len(), 10);
        assert_eq!(built.inputs(&Numbers(1), Split { train: 1, validation: 0 }), inputs[..2]);
        assert_eq!(moments(&[7; 5]), (7.0, 1.0));
    }
}
