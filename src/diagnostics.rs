//! What is measured of the curvature along a run. One file each below `diagnostics/`, one line each in the
//! table of this file.

mod blocks;
mod clock;
mod density;
mod directions;
mod error;
mod estimate;
mod finding;
mod inspection;
mod kronecker;
mod output;
mod probe;
mod reduced;
mod roots;
mod settings;
mod solve;
mod spectra;
#[cfg(test)]
mod zoo;

use std::any::Any;

use serde::{Deserialize, Serialize};

use crate::data::{Dataset, Samples};

pub use clock::Clock;
pub use density::{Density, EIGENVALUES, PER_DECADE};
pub use error::{Error, Stop};
pub use estimate::Estimate;
use finding::named;
pub use finding::{Finding, Preconditioning, Reading, Scope, Task};
pub use inspection::{InspectionError, inspect};
pub use kronecker::Kronecker;
pub use probe::ProbeBatch;
pub use settings::{Each, Probe, Settings};
pub use spectra::{Spectrum, SpectrumMethod};

macro_rules! diagnostics {
    ($(#[doc = $description:literal] $module:ident :: $variant:ident($finding:ident);)*) => {
        $(pub mod $module;)*

        /// What is measured along a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Diagnostic {
            $(#[doc = $description] $variant,)*
        }

        impl Diagnostic {
            /// Every diagnostic, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in experiment files and in the run log.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)* }
            }

            /// What it measures, in words.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description.trim_ascii(),)* }
            }

            /// Its name on the screen: `Hessian blocks`.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $module::$finding::TITLE,)* }
            }

            /// Its name on the screen where there is little room: `Hessian`.
            pub fn symbol(self) -> &'static str {
                match self { $(Self::$variant => $module::$finding::SYMBOL,)* }
            }

            /// When it is measured, and on how many data, where nothing is stated.
            pub fn probe(self) -> Probe {
                match self { $(Self::$variant => $module::$finding::PROBE,)* }
            }

            /// Whether it finds something of each layer.
            pub fn by_layer(self) -> bool {
                match self { $(Self::$variant => $module::$finding::BY_LAYER,)* }
            }

            /// The data that it is measured on a part of.
            pub fn samples(self, data: &Dataset) -> &Samples {
                let held_out = match self { $(Self::$variant => $module::$finding::HELD_OUT,)* };
                if held_out && !data.validation.is_empty() { &data.validation } else { &data.train }
            }

            /// Measures it, and reports each result as soon as it is known. A task that is cancelled ends
            /// well, without a further report.
            ///
            /// # Errors
            /// Where something is not finite.
            pub fn measure(self, task: &Task, report: &mut dyn FnMut(Measurement)) -> Result<(), Error> {
                let mut report = |found: Measurement| {
                    if task.only.is_none_or(|only| only == found.reading().scope) {
                        report(found);
                    }
                };
                error::ended(match self {
                    $(Self::$variant => {
                        $module::$finding::measure(task, &mut |found| report(Measurement::$variant(found)))
                    })*
                })
            }
        }

        /// One result of a diagnostic.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "diagnostic", rename_all = "snake_case")]
        pub enum Measurement {
            $(#[doc = $description] $variant($module::$finding),)*
        }

        impl Measurement {
            /// The diagnostic it is a result of.
            pub fn diagnostic(&self) -> Diagnostic {
                match self { $(Self::$variant(_) => Diagnostic::$variant,)* }
            }

            /// What all diagnostics tell.
            pub fn reading(&self) -> Reading {
                match self { $(Self::$variant(found) => found.reading(),)* }
            }

            /// What was found, number by number, with its cost in CPU seconds last.
            pub fn numbers(&self) -> Vec<(String, f64)> {
                let mut all = match self { $(Self::$variant(found) => found.numbers(),)* };
                all.push(("cost".to_owned(), self.reading().cost));
                all
            }

            /// What was found as lists: eigenvalues, histograms, points of a curve.
            pub fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
                match self { $(Self::$variant(found) => found.lists(),)* }
            }

            /// The result itself, if it is of type `F`.
            pub fn get<F: Finding>(&self) -> Option<&F> {
                match self { $(Self::$variant(found) => (found as &dyn Any).downcast_ref(),)* }
            }
        }
    };
}

diagnostics! {
    /// The rank of the Gauss-Newton matrix.
    rank::Rank(Rank);
    /// Traces and extreme eigenvalues of the Hessian blocks and of the whole Hessian.
    hessian::Hessian(HessianBlock);
    /// The spectra of the Gauss-Newton matrix and of its blocks.
    spectrum::Spectrum(GaussNewtonSpectrum);
    /// The spectra of the Hessian and of its blocks.
    hessian_spectrum::HessianSpectrum(HessianSpectrum);
    /// How far the Kronecker blocks are from those of the Gauss-Newton matrix.
    approximation::Approximation(Approximation);
    /// How well directions agree with those of the exact Gauss-Newton matrix.
    alignment::Alignment(Alignment);
    /// How far the expected Fisher is from the Gauss-Newton matrix.
    fisher::Fisher(FisherDistance);
    /// The rank of the Gauss-Newton matrix against the number of data.
    rank_curve::RankCurve(RankCurve);
    /// The loss on a plane through parameter space.
    surface::Surface(Surface);
    /// The Kronecker factors: running averages of the optimizer, and those of KFAC, KFLR and KFRA.
    factors::Factors(LayerFactors);
    /// Inputs with their reconstructions or with their classes, and the worst of them.
    images::Images(Images);
}
