//! Shuffled minibatches.

use serde::{Deserialize, Serialize};

use crate::linalg::Stream;

/// Where in the data a run is: all that must be kept to draw the same minibatches again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Passes through the data that are complete.
    pub epoch: u64,
    /// Data of the present pass already drawn.
    pub position: usize,
}

/// Draws minibatches: every datum once an epoch, in a fresh order each epoch, which depends on the
/// seed and the epoch alone. A minibatch goes on into the next epoch where one ends.
#[derive(Clone, Debug)]
pub struct Batches {
    seed: u64,
    cursor: Cursor,
    order: Vec<usize>,
}

impl Batches {
    /// Minibatches of `data` data from the start.
    pub fn new(seed: u64, data: usize) -> Self {
        Self::at(seed, data, Cursor::default())
    }

    /// Minibatches of `data` data that go on at `cursor`. The memory for the orders of all epochs is
    /// taken here.
    pub fn at(seed: u64, data: usize, cursor: Cursor) -> Self {
        let mut batches = Self { seed, cursor, order: (0..data).collect() };
        batches.shuffle();
        batches
    }

    /// Where the next minibatch begins.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Passes through the data so far.
    pub fn epochs(&self) -> f64 {
        self.cursor.epoch as f64 + self.cursor.position as f64 / self.order.len().max(1) as f64
    }

    /// indices ← the data of the next minibatch, `batch` of them (none if there are no data).
    pub fn draw(&mut self, batch: usize, indices: &mut Vec<usize>) {
        indices.clear();
        if self.order.is_empty() {
            return;
        }
        while indices.len() < batch {
            if self.cursor.position >= self.order.len() {
                self.cursor = Cursor { epoch: self.cursor.epoch + 1, position: 0 };
                self.shuffle();
            }
            let end = (self.cursor.position + batch - indices.len()).min(self.order.len());
            indices.extend_from_slice(&self.order[self.cursor.position..end]);
            self.cursor.position = end;
        }
    }

    fn shuffle(&mut self) {
        self.order.iter_mut().enumerate().for_each(|(index, datum)| *datum = index);
        Stream::new(self.seed, "minibatches", self.cursor.epoch).shuffle(&mut self.order);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_datum_comes_once_an_epoch(seed: u64, data in 1_usize..50, batch in 1_usize..70) {
            let mut batches = Batches::new(seed, data);
            let (mut drawn, mut indices) = (Vec::new(), Vec::new());
            while drawn.len() < 3 * data {
                batches.draw(batch, &mut indices);
                prop_assert_eq!(indices.len(), batch);
                drawn.extend_from_slice(&indices);
            }
            for epoch in drawn.chunks_exact(data) {
                let mut epoch = epoch.to_vec();
                epoch.sort_unstable();
                prop_assert_eq!(epoch, (0..data).collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_run_goes_on_where_it_was(seed: u64, data in 1_usize..50, batches in prop::collection::vec(1_usize..30, 1..10)) {
            let mut whole = Batches::new(seed, data);
            let mut cursor = Cursor::default();
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            for batch in batches {
                whole.draw(batch, &mut expected);
                let mut resumed = Batches::at(seed, data, cursor);
                resumed.draw(batch, &mut found);
                prop_assert_eq!(&found, &expected);
                cursor = resumed.cursor();
            }
        }
    }

    #[test]
    fn epochs_have_different_orders() {
        let mut batches = Batches::new(1, 100);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        batches.draw(100, &mut first);
        batches.draw(100, &mut second);
        assert_ne!(first, second);
        assert!((batches.epochs() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn no_data_give_empty_minibatches() {
        let mut indices = vec![1];
        Batches::new(1, 0).draw(10, &mut indices);
        assert!(indices.is_empty());
    }
}
