//! What a network makes of images: reconstructions of an autoencoder, classes of a classifier.

use ndarray::{Array1, ArrayView1, s};
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::{Error, Finding, Probe, Reading, Scope, Stop, Task, named};

/// Images that are kept of the beginning of the batch, and of the worst.
pub const KEPT: usize = 12;

/// Images of a probe batch, of validation data where there are any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Images {
    /// The step whose parameters were measured.
    pub step: u64,
    /// Rows and columns.
    pub shape: (usize, usize),
    /// What the darkest and the lightest grey of every image stand for.
    pub range: (f64, f64),
    /// The first data of the batch, the same ones along the run.
    pub first: Vec<Image>,
    /// The data of largest loss, the worst first; of a classifier only those whose class is wrong.
    pub worst: Vec<Image>,
    /// Wrong classes in the batch, where there are classes.
    pub wrong: Option<usize>,
    /// The mean loss of the batch.
    #[serde(with = "crate::linalg::number")]
    pub loss: f64,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its loss.
    #[serde(with = "crate::linalg::number")]
    pub loss: f64,
    /// The image, row by row.
    #[serde(with = "greys")]
    pub input: Vec<u8>,
    /// What an autoencoder makes of it: the mean of p(y|h).
    #[serde(with = "greys", default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<u8>,
    /// What a classifier makes of it.
    pub verdict: Option<Verdict>,
}

/// What a classifier says of an image. Classes are labels of the loss: of a sign, +1 is label 0 and −1 is 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The right class.
    pub truth: usize,
    /// The class of largest probability.
    pub predicted: usize,
    /// p(predicted | h).
    pub probability: f64,
    /// p(truth | h).
    pub probability_of_truth: f64,
}

/// A datum before its numbers are greys.
struct Seen {
    loss: f64,
    input: Array1<f64>,
    output: Option<Array1<f64>>,
    verdict: Option<Verdict>,
}

impl Finding for Images {
    const TITLE: &'static str = "images";
    const PROBE: Probe = Probe { every: 0, data: 256 };
    const BY_LAYER: bool = false;
    const HELD_OUT: bool = true;

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        if !task.wants_whole() {
            return Ok(());
        }
        let mut clock = Clock::start();
        let inputs = task.pass.architecture().inputs();
        let shape = task.image.filter(|(rows, columns)| rows * columns == inputs).ok_or(Error::NoImages)?;
        let mut all = Vec::with_capacity(task.pass.data());
        for datum in 0..task.pass.data() {
            task.go_on()?;
            all.push(seen(task, datum));
        }
        let is_wrong = |seen: &Seen| seen.verdict.is_some_and(|verdict| verdict.predicted != verdict.truth);
        let wrong =
            all.iter().any(|seen| seen.verdict.is_some()).then(|| all.iter().filter(|&one| is_wrong(one)).count());
        let mut worst: Vec<_> = all.iter().filter(|&seen| wrong.is_none() || is_wrong(seen)).collect();
        worst.sort_by(|a, b| b.loss.total_cmp(&a.loss));
        worst.truncate(KEPT);
        let first: Vec<_> = all.iter().take(KEPT).collect();
        let range = range(first.iter().chain(&worst).copied());
        let kept = |seen: Vec<&Seen>| seen.into_iter().map(|seen| seen.greys(range)).collect();
        report(Self {
            step: task.step,
            shape,
            range,
            first: kept(first),
            worst: kept(worst),
            wrong,
            loss: all.iter().map(|seen| seen.loss).sum::<f64>() / all.len().max(1) as f64,
            data: all.len(),
            cost: clock.lap(),
        });
        Ok(())
    }

    /// The mean loss, the share of wrong classes (NaN without classes), and the largest loss.
    fn reading(&self) -> Reading {
        let wrong = self.wrong.map_or(f64::NAN, |wrong| wrong as f64 / self.data as f64);
        let largest = self.worst.first().map_or(f64::NAN, |worst| worst.loss);
        Reading { step: self.step, scope: Scope::Whole, cost: self.cost, quantities: [self.loss, wrong, largest] }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        let wrong = self.wrong.map(|wrong| ("wrong", wrong as f64));
        named(std::iter::once(("loss", self.loss)).chain(wrong))
    }
}

/// A datum with what the network makes of it.
fn seen(task: &Task, datum: usize) -> Seen {
    let (pass, kernel) = (task.pass, task.pass.loss().kernel::<f64>());
    let (h, y) = pass.output_and_target(datum);
    let mut gradient = vec![0.0; h.len()];
    let loss = kernel.value_and_gradient(h, y, &mut gradient);
    let input = pass.input(1).slice(s![datum, ..pass.architecture().inputs()]).to_owned();
    let mut seen = Seen { loss, input, output: None, verdict: None };
    if let Some(labels) = pass.loss().labels(h.len()) {
        // E is −ln p(y|h) where y can be enumerated.
        let mut target = vec![0.0; y.len()];
        let mut probability = |label: usize| {
            kernel.label(label, &mut target);
            let probability = (-kernel.value_and_gradient(h, &target, &mut gradient)).exp();
            (probability, target == y)
        };
        let all: Vec<_> = (0..labels).map(&mut probability).collect();
        let best = (0..labels).max_by(|&a, &b| all[a].0.total_cmp(&all[b].0));
        let truth = all.iter().position(|(_, is_true)| *is_true);
        seen.verdict = truth.zip(best).map(|(truth, predicted)| Verdict {
            truth,
            predicted,
            probability: all[predicted].0,
            probability_of_truth: all[truth].0,
        });
    } else if h.len() == seen.input.len() {
        // ∂E/∂h is the mean of p(y|h) less y.
        kernel.value_and_gradient(h, &vec![0.0; y.len()], &mut gradient);
        seen.output = Some(Array1::from_vec(gradient));
    }
    seen
}

/// The least and the greatest number of all images.
fn range<'a>(all: impl Iterator<Item = &'a Seen>) -> (f64, f64) {
    let numbers = all.flat_map(|seen| seen.input.iter().chain(seen.output.iter().flatten()));
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

impl Seen {
    fn greys(&self, (low, high): (f64, f64)) -> Image {
        let greys = |numbers: ArrayView1<f64>| {
            let grey = |&x: &f64| if high > low { ((x - low) / (high - low) * 255.0).round() as u8 } else { 0 };
            numbers.iter().map(grey).collect()
        };
        let output = self.output.as_ref().map(|output| greys(output.view())).unwrap_or_default();
        Image { loss: self.loss, input: greys(self.input.view()), output, verdict: self.verdict }
    }
}

/// Greys in Base64.
mod greys {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(greys: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(greys))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::zoo::{Problem, problem, task};
    use crate::network::{Activation, Loss};

    fn measured(problem: &Problem, image: (usize, usize)) -> Images {
        let mut found = Vec::new();
        Images::measure(&Task { image: Some(image), ..task(problem) }, &mut |one| found.push(one)).unwrap();
        found.pop().unwrap()
    }

    /// A number of an image.
    fn number(images: &Images, grey: u8) -> f64 {
        images.range.0 + f64::from(grey) / 255.0 * (images.range.1 - images.range.0)
    }

    #[test]
    fn reconstructions_are_the_means_of_the_outputs() {
        for (loss, mean) in
            [(Loss::Bernoulli, (|h| 1.0 / (1.0 + f64::exp(-h))) as fn(f64) -> f64), (Loss::SquaredError, |h| h)]
        {
            let problem = problem(&[6, 5, 6], Activation::Tanh, loss, true, 20);
            let images = measured(&problem, (2, 3));
            assert_eq!((images.first.len(), images.worst.len(), images.wrong), (KEPT, KEPT, None));
            let step = (images.range.1 - images.range.0) / 255.0;
            for (datum, image) in images.first.iter().enumerate() {
                for k in 0..6 {
                    let (input, output) = (problem.pass.input(1)[(datum, k)], mean(problem.pass.output()[(datum, k)]));
                    assert!((number(&images, image.input[k]) - input).abs() <= 0.51 * step);
                    assert!((number(&images, image.output[k]) - output).abs() <= 0.51 * step);
                }
            }
            assert!(images.worst.windows(2).all(|pair| pair[0].loss >= pair[1].loss));
            let losses: Vec<_> = (0..20).map(|datum| seen(&task(&problem), datum).loss).collect();
            let largest = losses.iter().copied().fold(0.0, f64::max);
            assert!(
                (images.worst[0].loss - largest).abs() < 1e-12 && images.first[3].loss.to_bits() == losses[3].to_bits()
            );
        }
    }

    #[test]
    fn mistakes_of_a_classifier_have_the_probabilities_of_its_outputs() {
        let problem = problem(&[4, 5, 3], Activation::Tanh, Loss::Categorical, true, 60);
        let images = measured(&problem, (2, 2));
        assert_eq!(images.wrong, Some(problem.pass.misclassified()));
        assert!(!images.worst.is_empty() && images.worst.iter().all(|image| image.output.is_empty()));
        for (datum, image) in images.first.iter().enumerate() {
            let h = problem.pass.output().row(datum).to_vec();
            let sum: f64 = h.iter().map(|x| x.exp()).sum();
            let verdict = image.verdict.unwrap();
            assert!((verdict.probability - h[verdict.predicted].exp() / sum).abs() < 1e-12);
            assert!((verdict.probability_of_truth - h[verdict.truth].exp() / sum).abs() < 1e-12);
            assert!(problem.pass.targets()[(datum, verdict.truth)] > 0.5);
        }
        let is_mistake = |image: &Image| image.verdict.is_some_and(|verdict| verdict.predicted != verdict.truth);
        assert!(images.worst.iter().all(is_mistake));
    }

    #[test]
    fn of_a_mixture_both_labels_have_their_probabilities() {
        let problem = problem(&[4, 5, 3], Activation::Tanh, Loss::BinaryMixture, true, 30);
        let s = |x: f64| 1.0 / (1.0 + (-x).exp());
        for (datum, image) in measured(&problem, (4, 1)).first.iter().enumerate() {
            let h = problem.pass.output().row(datum).to_vec();
            let positive = s(h[0]) * s(h[1]) + (1.0 - s(h[0])) * s(h[2]);
            let verdict = image.verdict.unwrap();
            assert_eq!(verdict.truth == 0, problem.pass.targets()[(datum, 0)] > 0.0);
            let of = |label: usize| if label == 0 { positive } else { 1.0 - positive };
            assert!((verdict.probability - of(verdict.predicted)).abs() < 1e-12 && verdict.probability >= 0.5 - 1e-12);
            assert!((verdict.probability_of_truth - of(verdict.truth)).abs() < 1e-12);
        }
    }

    #[test]
    fn images_survive_the_log_and_what_has_none_is_refused() {
        let problem = problem(&[4, 4], Activation::Tanh, Loss::SquaredError, true, 3);
        let images = measured(&problem, (2, 2));
        let text = serde_json::to_string(&images).unwrap();
        assert_eq!(serde_json::from_str::<Images>(&text).unwrap(), images);
        for image in [None, Some((3, 3))] {
            let task = Task { image, ..task(&problem) };
            assert!(matches!(Images::measure(&task, &mut drop), Err(Stop::Failed(Error::NoImages))));
        }
    }
}
