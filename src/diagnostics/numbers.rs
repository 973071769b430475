//! Results as named numbers and lists of numbers, for files of other programs.

use super::factors::FactorMap;
use super::{Estimate, Measurement, Scope, Spectrum};

impl Scope {
    /// Its name in files: `all`, or λ.
    pub fn name(self) -> String {
        match self {
            Self::Whole => "all".to_owned(),
            Self::Layer(layer) => layer.to_string(),
        }
    }
}

impl Measurement {
    /// What was found, number by number, with its cost in CPU seconds last.
    pub fn numbers(&self) -> Vec<(String, f64)> {
        let mut all: Vec<(String, f64)> = match self {
            Self::Rank(rank) => {
                let exact = [("lower", rank.lower), ("upper", rank.upper), ("bound", rank.bound)];
                let exact = exact.into_iter().map(|(name, value)| (name, value as f64));
                named(exact.chain(rank.effective.map(|value| ("effective", value))))
            }
            Self::Hessian(block) => named([
                ("trace", block.trace),
                ("gauss_newton_trace", block.gauss_newton_trace),
                ("largest", block.largest),
                ("smallest", block.smallest),
                ("residual", block.residual),
                ("negative", block.negative as f64),
                ("products", block.products as f64),
            ]),
            Self::Spectrum(found) => of_spectrum(&found.0),
            Self::HessianSpectrum(found) => of_spectrum(&found.0),
            Self::Approximation(found) => {
                let each = found.errors.iter().flat_map(|error| {
                    let name = error.method.name().to_lowercase();
                    [(format!("{name}_block"), error.block), (format!("{name}_factor"), error.factor)]
                });
                std::iter::once(("norm".to_owned(), found.norm)).chain(each).collect()
            }
            Self::Alignment(found) => {
                let each = found.directions.iter().flat_map(|aligned| {
                    let of = |part: &str, value| (format!("{}_{part}", aligned.direction.key()), value);
                    [
                        of("cosine", aligned.cosine),
                        of("curvature_cosine", aligned.curvature_cosine),
                        of("norm_ratio", aligned.norm_ratio),
                        of("decrease", aligned.decrease),
                    ]
                });
                let shared = named([
                    ("damping", found.damping),
                    ("gradient_norm", found.gradient_norm),
                    ("exact_norm", found.exact_norm),
                    ("residual", found.residual),
                    ("products", found.products as f64),
                ]);
                shared.into_iter().chain(each).collect()
            }
            Self::Fisher(found) => named([("block", found.block), ("factor", found.factor)]),
            Self::RankCurve(found) => named([("parameters", found.parameters as f64)]),
            Self::Surface(found) => {
                let ((least, largest), [u, v]) = (found.range(), found.lengths);
                named([
                    ("loss", found.loss),
                    ("least", least),
                    ("largest", largest),
                    ("length_u", u),
                    ("length_v", v),
                    ("cosine", found.cosine),
                ])
            }
            Self::Factors(found) => {
                let trace = |factor: &FactorMap| (format!("{}_trace", factor.kind.key()), factor.trace);
                found.factors.iter().map(trace).collect()
            }
            Self::Images(found) => {
                let wrong = found.wrong.map(|wrong| ("wrong", wrong as f64));
                named(std::iter::once(("loss", found.loss)).chain(wrong))
            }
        };
        all.push(("cost".to_owned(), self.reading().cost));
        all
    }

    /// What was found as lists: eigenvalues, histograms, points of a curve.
    pub fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        match self {
            Self::Spectrum(found) => lists_of_spectrum(&found.0),
            Self::HessianSpectrum(found) => lists_of_spectrum(&found.0),
            Self::RankCurve(found) => {
                let list = |of: fn(&super::rank_curve::RankPoint) -> usize| {
                    found.points.iter().map(|point| of(point) as f64).collect()
                };
                vec![
                    ("data", list(|point| point.data)),
                    ("lower", list(|point| point.lower)),
                    ("upper", list(|point| point.upper)),
                    ("bound", list(|point| point.bound)),
                ]
            }
            Self::Surface(found) => {
                vec![("coordinates", found.plane.coordinates()), ("losses", found.losses.clone())]
            }
            Self::Factors(found) => found.factors.iter().map(|factor| (factor.kind.key(), factor.cells())).collect(),
            _ => Vec::new(),
        }
    }
}

fn named<'a>(numbers: impl IntoIterator<Item = (&'a str, f64)>) -> Vec<(String, f64)> {
    numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn of_spectrum(spectrum: &Spectrum) -> Vec<(String, f64)> {
    let mut all = named([("largest", spectrum.largest), ("smallest", spectrum.smallest)]);
    let estimates = [
        ("positive", Some(spectrum.positive)),
        ("negative", Some(spectrum.negative)),
        ("trace", Some(spectrum.trace)),
        ("effective", spectrum.effective),
    ];
    for (name, estimate) in estimates {
        let Some(Estimate { value, error, low, high, vectors }) = estimate else { continue };
        all.push((name.to_owned(), value));
        if vectors > 0 {
            all.extend([("error", error), ("low", low), ("high", high)].map(|(of, x)| (format!("{name}_{of}"), x)));
        }
    }
    all.push(("products".to_owned(), spectrum.products as f64));
    all
}

fn lists_of_spectrum(spectrum: &Spectrum) -> Vec<(&'static str, Vec<f64>)> {
    let density = &spectrum.density;
    vec![
        ("eigenvalues", spectrum.eigenvalues.clone()),
        ("density_positive", density.positive.clone()),
        ("density_negative", density.negative.clone()),
        ("density_zero", vec![density.zero]),
        ("density_scale", vec![density.scale]),
    ]
}
