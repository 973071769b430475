//! The Polyak average of the parameters.

use crate::linalg::{Archive, ArchiveError, Real};
use crate::network::Parameters;

/// The tensor of a checkpoint with the average that the last update may have to be undone to.
const EARLIER: &str = "state/earlier_average";

/// A Polyak average of θ (Polyak & Juditsky 1992), of which the last update can be undone.
pub struct Average<T> {
    /// θ̄.
    present: Parameters<T>,
    /// θ̄ before the last update.
    earlier: Parameters<T>,
}

impl<T: Real> Average<T> {
    /// One that starts at θ.
    pub fn at(parameters: &Parameters<T>) -> Self {
        Self { present: parameters.clone(), earlier: parameters.clone() }
    }

    /// θ̄.
    pub fn present(&self) -> &Parameters<T> {
        &self.present
    }

    /// θ̄ ← p θ̄ + (1 − p) θ. `past`: p.
    pub fn follow(&mut self, parameters: &Parameters<T>, past: f64) {
        let (past, present) = (T::of(past), T::of(1.0 - past));
        ndarray::Zip::from(&mut self.earlier.flat)
            .and(&self.present.flat)
            .and(&parameters.flat)
            .par_for_each(|next, &average, &theta| *next = past * average + present * theta);
        self.undo();
    }

    /// Goes back to θ̄ before the last update, or forth again.
    pub fn undo(&mut self) {
        std::mem::swap(&mut self.present, &mut self.earlier);
    }

    /// Puts θ̄ of before the last update into an archive; θ̄ itself has a place there as the weights.
    pub fn save_earlier(&self, archive: &mut Archive) {
        archive.put(EARLIER, self.earlier.flat.view());
    }

    /// Takes in what [`Average::save_earlier`] put there.
    ///
    /// # Errors
    /// Where it is missing, or of another network.
    pub fn restore_earlier(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        archive.fill(EARLIER, self.earlier.flat.view_mut())
    }
}
