//! Whether the loss of a run diverges.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Minibatch losses that are looked at together.
const WINDOW: usize = 25;
/// A loss that diverges is more than so many times the best.
const MULTIPLE: f64 = 10.0;

/// What tells whether the loss of a run diverges: the median of the latest 25 minibatch losses is above the loss of the
/// untrained network, and above ten times its own least.
///
/// A median is not moved by a few bad minibatches. A network that has learnt is not worse than an untrained one by
/// noise, and one that has not is not ten times worse. The size of the minibatch changes how far losses are spread,
/// not what they are spread about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Divergence {
    /// Training loss of the untrained network; NaN while it is not known.
    #[serde(with = "crate::linalg::number")]
    start: f64,
    /// Least median, or the loss at the start.
    #[serde(with = "crate::linalg::number")]
    best: f64,
    latest: VecDeque<f64>,
    /// Whether it was told, and the loss has not been well below that of the start since.
    told: bool,
    /// The latest update after which the loss was that of a run that does not diverge.
    good: u64,
}

impl Default for Divergence {
    fn default() -> Self {
        Self { start: f64::NAN, best: f64::NAN, latest: VecDeque::new(), told: false, good: 0 }
    }
}

impl Divergence {
    /// Takes in the training loss with which the run starts, where it does not go on with another.
    pub(super) fn start(&mut self, loss: f64) {
        if self.start.is_nan() {
            (self.start, self.best) = (loss, loss);
        }
    }

    /// Takes in the minibatch loss of an update, which is that before it. Where the loss diverges, the median and the
    /// best; they are told once, until the loss is below half of that at the start.
    pub(super) fn take_in(&mut self, step: u64, loss: f64) -> Option<[f64; 2]> {
        if self.allows(loss) {
            self.good = step.saturating_sub(1);
        }
        if self.latest.len() == WINDOW {
            self.latest.pop_front();
        }
        self.latest.push_back(loss);
        if self.latest.len() < WINDOW {
            return None;
        }
        let mut sorted: Vec<_> = self.latest.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[WINDOW / 2];
        self.best = self.best.min(median);
        self.told &= median >= self.start / 2.0;
        let diverges = !self.told && !self.allows(median);
        self.told |= diverges;
        diverges.then_some([median, self.best])
    }

    /// Whether a loss is finite and that of a run that does not diverge.
    pub(super) fn allows(&self, loss: f64) -> bool {
        let diverges = loss > self.start && loss > MULTIPLE * self.best;
        loss.is_finite() && !diverges
    }

    /// The latest update after which the loss was that of a run that does not diverge: checkpoints up to there are
    /// good ones.
    pub(super) fn good(&self) -> u64 {
        self.good
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Stream;

    /// When losses are told to diverge.
    fn told(start: f64, losses: impl IntoIterator<Item = f64>) -> (Vec<u64>, Divergence) {
        let mut divergence = Divergence::default();
        divergence.start(start);
        let losses: Vec<_> = losses.into_iter().collect();
        let steps = (1..).zip(losses).filter_map(|(step, loss)| divergence.take_in(step, loss).map(|_| step));
        (steps.collect(), divergence)
    }

    #[test]
    fn a_loss_that_was_good_and_is_worse_than_at_the_start_diverges() {
        let (steps, divergence) = told(2.3, (0..100).map(|k| if k < 60 { 0.01 } else { 3.0 }));
        // The 13th of 25 bad losses makes the median bad. The last good parameters are those before the first one.
        assert_eq!((steps, divergence.good()), (vec![73], 59));
        assert!(!divergence.allows(3.0) && divergence.allows(2.2) && !divergence.allows(f64::NAN));
    }

    #[test]
    fn a_loss_that_grows_from_the_first_update_on_diverges() {
        let (steps, divergence) = told(2.3, (0..100).map(|k| 2.3 * 1.5_f64.powi(k)));
        assert_eq!(steps.len(), 1);
        assert!(divergence.good() < 7, "{divergence:?}");
        assert!(told(f64::INFINITY, [1e9; 100]).0.is_empty());
    }

    #[test]
    fn neither_noise_nor_single_bad_minibatches_nor_a_plateau_diverge() {
        let mut stream = Stream::new(3, "losses", 0);
        // Of a minibatch of one: mostly little, now and then ten times the mean.
        let mut single = |mean: f64| mean * (stream.uniform::<f64>() * 9.2).exp() / 1000.0;
        let noisy: Vec<_> = (0..5000).map(|k| single(2.0 / f64::from(1 + k / 100))).collect();
        assert!(told(2.3, noisy).0.is_empty());
        assert!(told(2.3, (0..5000).map(|k| if k % 3 == 2 { 1e6 } else { 0.01 })).0.is_empty());
        assert!(told(2.3, (0..5000).map(|k| if k < 100 { 2.0 } else { 2.4 })).0.is_empty());
        // A run without a good minibatch for a moment, as momentum brings it about.
        assert!(told(2.3, (0..5000).map(|k| if k % 100 < 12 { 50.0 } else { 0.01 })).0.is_empty());
    }

    #[test]
    fn it_is_told_once_and_again_after_the_loss_was_good() {
        let levels = [0.01, 50.0, 5000.0, 2.0, 50.0, 0.1, 50.0];
        let (steps, _) = told(2.3, levels.into_iter().flat_map(|level| [level; 100]));
        assert_eq!(steps, [113, 613]);
    }

    #[test]
    fn what_is_kept_goes_on_as_it_would_have() {
        let loss = |k: u64| if k < 60 { 0.01 } else { 3.0 };
        let (_, whole) = told(2.3, (0..100).map(loss));
        let (_, half) = told(2.3, (0..70).map(loss));
        let mut read: Divergence = serde_json::from_str(&serde_json::to_string(&half).unwrap()).unwrap();
        read.start(1e-9);
        let steps: Vec<_> = (71..=100).filter(|&step| read.take_in(step, loss(step - 1)).is_some()).collect();
        assert_eq!((steps, read), (vec![73], whole));
        let unknown = Divergence::default();
        let text = serde_json::to_string(&unknown).unwrap();
        assert!(serde_json::from_str::<Divergence>(&text).unwrap().start.is_nan());
    }
}
