//! Which checkpoints of a run are kept.

use serde::{Deserialize, Serialize};

/// A checkpoint of the run folder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    step: u64,
    #[serde(with = "crate::linalg::number")]
    loss: f64,
    /// Whether the user asked for it.
    asked: bool,
}

/// The checkpoints of the run folder, in the order of their steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Kept(Vec<Entry>);

impl Kept {
    /// Whether there is none yet.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes note of a checkpoint and returns the steps of those that are no longer kept: all but the last
    /// `most` (0: all are kept), the one of the lowest loss, and those the user asked for.
    pub(super) fn add(&mut self, step: u64, loss: f64, asked: bool, most: usize) -> Vec<u64> {
        let asked = asked || self.0.iter().any(|known| known.step == step && known.asked);
        self.0.retain(|known| known.step != step);
        self.0.push(Entry { step, loss, asked });
        if most == 0 {
            return Vec::new();
        }
        let finite = self.0.iter().filter(|entry| entry.loss.is_finite());
        let best = finite.min_by(|one, other| one.loss.total_cmp(&other.loss)).map(|entry| entry.step);
        let old = self.0.len().saturating_sub(most);
        let mut surplus = Vec::new();
        let mut index = 0;
        self.0.retain(|entry| {
            let keep = index >= old || entry.asked || Some(entry.step) == best;
            index += 1;
            if !keep {
                surplus.push(entry.step);
            }
            keep
        });
        surplus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_the_best_and_those_asked_for_are_kept() {
        let mut kept = Kept::default();
        let losses = [(1, 0.5, false), (2, 0.1, false), (3, 0.3, true), (4, f64::NAN, false), (5, 0.4, false)];
        let surplus: Vec<_> = losses.iter().flat_map(|&(step, loss, asked)| kept.add(step, loss, asked, 2)).collect();
        assert_eq!(surplus, [1]);
        assert_eq!(kept.add(6, 0.05, false, 2), [2, 4]);
        assert!(kept.add(5, 0.4, true, 2).is_empty());
        assert!(kept.add(7, 0.6, false, 2).is_empty());
        let steps: Vec<_> = kept.0.iter().map(|entry| entry.step).collect();
        assert_eq!(steps, [3, 6, 5, 7]);
    }

    #[test]
    fn with_no_limit_all_are_kept() {
        let mut kept = Kept::default();
        assert!((1..50).all(|step| kept.add(step, f64::NAN, false, 0).is_empty()));
    }
}
