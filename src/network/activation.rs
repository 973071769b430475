//! Activations f and their first two derivatives. One file each below `activation/`, one line each
//! in the table at the end of this file.

use crate::linalg::Real;

/// What an activation computes on a run of pre-activations.
pub trait Kernel<T: Real>: Sync {
    /// value ← f(h) and slope ← f′(h), elementwise. All three of one length. At a kink the left
    /// derivative is taken.
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]);

    /// bend ← f″(h), elementwise, zero at a kink. Both of one length.
    fn bend(&self, h: &[T], bend: &mut [T]);
}

macro_rules! activations {
    ($($(#[$doc:meta])* $module:ident :: $variant:ident, piecewise_linear: $linear:literal;)*) => {
        $(mod $module;)*

        /// The activation of a layer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Activation {
            $($(#[$doc])* $variant,)*
        }

        impl Activation {
            /// Every activation, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in experiment files and on the screen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)* }
            }

            /// Whether f″ = 0 away from kinks. Networks of such layers have positive semi-definite
            /// Hessian blocks under a convex loss (Botev, Ritter & Barber 2017, section 3).
            pub fn is_piecewise_linear(self) -> bool {
                match self { $(Self::$variant => $linear,)* }
            }

            /// The code that computes it in precision `T`.
            pub fn kernel<T: Real>(self) -> &'static dyn Kernel<T> {
                match self { $(Self::$variant => &$module::$variant,)* }
            }
        }
    };
}

activations! {
    /// f(h) = h.
    identity::Identity, piecewise_linear: true;
    /// f(h) = max(h, 0).
    relu::Relu, piecewise_linear: true;
    /// f(h) = h for h > 0, 0.01 h otherwise.
    leaky_relu::LeakyRelu, piecewise_linear: true;
    /// f(h) = tanh h.
    tanh::Tanh, piecewise_linear: false;
    /// f(h) = σ(h) = 1 / (1 + e⁻ʰ).
    sigmoid::Sigmoid, piecewise_linear: false;
    /// f(h) = ln(1 + eʰ).
    softplus::Softplus, piecewise_linear: false;
    /// f(h) = h for h > 0, eʰ − 1 otherwise.
    elu::Elu, piecewise_linear: false;
    /// f(h) = h σ(h).
    silu::Silu, piecewise_linear: false;
    /// f(h) = h Φ(h), Φ the standard normal distribution function (exact, by erf).
    gelu::Gelu, piecewise_linear: false;
}
