//! What is measured of the curvature along a run. One file each below `diagnostics/`, one line each in the
//! table of this file.

mod error;
mod finding;
mod inspection;
mod output;
mod probe;
mod reduced;
mod roots;
mod settings;
#[cfg(test)]
mod zoo;

use std::any::Any;

use serde::{Deserialize, Serialize};

pub use error::{Error, Stop};
pub use finding::{Finding, Reading, Scope, Task};
pub use inspection::{InspectionError, inspect};
pub use probe::ProbeBatch;
pub use settings::{Each, Probe, Settings};

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

            /// Measures it, and reports each result as soon as it is known. A task that is cancelled ends
            /// well, without a further report.
            ///
            /// # Errors
            /// Where something is not finite.
            pub fn measure(self, task: &Task, report: &mut dyn FnMut(Measurement)) -> Result<(), Error> {
                error::ended(match self {
                    $(Self::$variant => {
                        $module::$finding::measure(task, &mut |found| report(Measurement::$variant(found)))
                    })*
                })
            }
        }

        /// One result of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Traces and extreme eigenvalues of the Hessian blocks.
    hessian::Hessian(HessianBlock);
}
