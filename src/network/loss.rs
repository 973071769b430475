//! Losses E(h, y) of one datum, seen by the network through its last pre-activation h = h_L, and the
//! probabilistic models p(y|h) behind them. One file each below `loss/`, one line each in the table
//! below.

use ndarray::ArrayViewMut2;

use crate::linalg::{Real, Stream};

/// What the network, the optimizers and the curvature code ask of a loss, for one datum.
///
/// `h`: the K pre-activations of the last layer; `y`: the target, of [`Loss::target_width`] numbers.
/// Everything is stable for |h| up to 10⁴.
pub trait Kernel<T: Real>: Sync {
    /// Returns E(h, y) and writes gradient ← ∂E/∂h, length K.
    fn value_and_gradient(&self, h: &[T], y: &[T], gradient: &mut [T]) -> T;

    /// hessian ← H_L = ∂²E/∂h², K × K, symmetric; indefinite only for losses without an
    /// exponential family.
    fn hessian(&self, h: &[T], y: &[T], hessian: ArrayViewMut2<T>);

    /// diagonal ← diag H_L, length K.
    fn diagonal(&self, h: &[T], y: &[T], diagonal: &mut [T]);

    /// rows ← Sᵀ with S Sᵀ = PSD(H_L); r × K with r = [`Loss::root_rank`].
    fn root(&self, h: &[T], y: &[T], rows: ArrayViewMut2<T>);

    /// v ← PSD(H_L) v, length K.
    fn product(&self, h: &[T], y: &[T], v: &mut [T]);

    /// The number of outputs K it needs, where it does not take any number.
    fn required_outputs(&self) -> Option<usize> {
        None
    }

    /// r, the number of columns of S: the largest rank H_L can have, at least 1.
    fn root_rank(&self, outputs: usize) -> usize {
        outputs
    }

    /// How many labels y has, where they can be enumerated.
    fn labels(&self, _outputs: usize) -> Option<usize> {
        None
    }

    /// target ← the label with number `label`, below [`Loss::labels`]. Only for losses that have labels.
    fn label(&self, label: usize, target: &mut [T]) {
        unreachable!("label {label} of a loss without labels, target of {}", target.len());
    }

    /// target ← ỹ ~ p(y|h).
    fn sample(&self, h: &[T], stream: &mut Stream, target: &mut [T]);

    /// gradient ← ∂E(h, ỹ)/∂h for a target ỹ ~ p(y|h), which [`Kernel::sample`] would draw of the same
    /// stream. `target` is memory for it.
    fn sample_gradient(&self, h: &[T], stream: &mut Stream, target: &mut [T], gradient: &mut [T]) {
        self.sample(h, stream, target);
        self.value_and_gradient(h, target, gradient);
    }
}

/// What targets a loss can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Any K real numbers.
    Real,
    /// K numbers in [0, 1].
    UnitInterval,
    /// K numbers in [0, 1] that sum to one.
    Distribution,
    /// One number, −1 or +1.
    Sign,
}

macro_rules! losses {
    ($($(#[$doc:meta])* $module:ident :: $variant:ident,
       targets: $targets:ident, diagonal: $diagonal:literal, exponential: $exponential:literal;)*) => {
        $(mod $module;)*

        /// The loss of an experiment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Loss {
            $($(#[$doc])* $variant,)*
        }

        impl Loss {
            /// Every loss, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in experiment files and on the screen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)* }
            }

            /// The targets it accepts.
            pub fn targets(self) -> Targets {
                match self { $(Self::$variant => Targets::$targets,)* }
            }

            /// Whether H_L is a diagonal matrix for every datum.
            pub fn has_diagonal_hessian(self) -> bool {
                match self { $(Self::$variant => $diagonal,)* }
            }

            /// Whether p(y|h) is an exponential family with natural parameter h, so that the
            /// expected Fisher is the Gauss-Newton matrix and H_L is positive semi-definite.
            pub fn is_exponential_family(self) -> bool {
                match self { $(Self::$variant => $exponential,)* }
            }

            /// The code that computes it in precision `T`.
            pub fn kernel<T: Real>(self) -> &'static dyn Kernel<T> {
                match self { $(Self::$variant => &$module::$variant,)* }
            }
        }
    };
}

losses! {
    /// ½‖h − y‖²; y ~ N(h, I).
    squared_error::SquaredError, targets: Real, diagonal: true, exponential: true;
    /// Σ_k softplus(h_k) − y_k h_k; y_k ~ Bernoulli(σ(h_k)).
    bernoulli::Bernoulli, targets: UnitInterval, diagonal: true, exponential: true;
    /// logsumexp(h) − y·h, y one-hot; y ~ Categorical(softmax h).
    categorical::Categorical, targets: Distribution, diagonal: false, exponential: true;
    /// −log[σ(h₁)σ(y h₂) + (1 − σ(h₁))σ(y h₃)], y = ±1: a mixture of two Bernoulli classifiers,
    /// not an exponential family in h.
    binary_mixture::BinaryMixture, targets: Sign, diagonal: false, exponential: false;
}

impl Loss {
    /// The number of outputs K it needs, where it does not take any number.
    pub fn required_outputs(self) -> Option<usize> {
        self.kernel::<f64>().required_outputs()
    }

    /// The length of one datum's target, for K = `outputs`.
    pub fn target_width(self, outputs: usize) -> usize {
        match self.targets() {
            Targets::Sign => 1,
            _ => outputs,
        }
    }

    /// How many labels y has, where they can be enumerated.
    pub fn labels(self, outputs: usize) -> Option<usize> {
        self.kernel::<f64>().labels(outputs)
    }

    /// r, the number of columns of S with S Sᵀ = PSD(H_L): the largest rank H_L can have (at least 1).
    pub fn root_rank(self, outputs: usize) -> usize {
        self.kernel::<f64>().root_rank(outputs)
    }
}
