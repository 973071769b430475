//! Small problems, and dense oracles by another library, for all numerical tests.

use kfra_tui::curvature::{Factor, preactivation};
use kfra_tui::linalg::{Real, Stream};
use kfra_tui::network::{Activation, Architecture, Layer, Loss, Parameters, Pass, Tangent, Targets};
use kfra_tui::optim::{Curvature, Damping, Minibatch, SecondOrder};
use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView2};
use proptest::prelude::*;

/// How a problem is made: everything that tells one from another.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// d_0.
    pub input: usize,
    /// The hidden layers.
    pub hidden: Vec<(usize, Activation)>,
    /// K; the loss may ask for another.
    pub output: usize,
    /// Whether layers have biases.
    pub bias: bool,
    /// The loss.
    pub loss: Loss,
    /// N.
    pub data: usize,
    /// Of weights, inputs and targets.
    pub seed: u64,
}

impl Recipe {
    /// The network.
    pub fn architecture(&self) -> Architecture {
        let hidden: Vec<_> = self.hidden.iter().map(|&(units, activation)| Layer { units, activation }).collect();
        let output = self.loss.required_outputs().unwrap_or(self.output);
        Architecture::new(self.input, &hidden, output, self.bias)
    }

    /// The same network with one activation everywhere.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.hidden.iter_mut().for_each(|layer| layer.1 = activation);
        self
    }

    /// The same problem with another loss.
    pub fn with_loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// The same problem with another number of data.
    pub fn with_data(self, data: usize) -> Self {
        Self { data, ..self }
    }

    /// The problem, after a forward and a backward pass.
    pub fn cook(&self) -> Problem {
        let architecture = self.architecture();
        let mut stream = Stream::new(self.seed, "zoo", 0);
        let mut parameters = Parameters::zeros(&architecture);
        for layer in 1..=architecture.depth() {
            let scale = 1.2 / (architecture.homogeneous(layer - 1) as f64).sqrt();
            parameters.layer_mut(layer).mapv_inplace(|_| scale * stream.normal());
        }
        let mut pass = Pass::new(&architecture, self.loss, self.data);
        let (mut x, mut y) = pass.batch_mut();
        x.mapv_inplace(|_| stream.normal());
        for mut y in y.outer_iter_mut() {
            let target = target(self.loss, y.len(), &mut stream);
            y.assign(&target);
        }
        let gradient = Parameters::zeros(&architecture);
        let mut problem = Problem { pass, parameters, gradient, mean_loss: 0.0 };
        problem.refresh();
        problem
    }
}

/// A target that the loss accepts.
pub fn target(loss: Loss, width: usize, stream: &mut Stream) -> Array1<f64> {
    match loss.targets() {
        Targets::Real => Array1::from_shape_simple_fn(width, || stream.normal()),
        Targets::UnitInterval => Array1::from_shape_simple_fn(width, || stream.uniform()),
        Targets::Distribution => {
            let label = stream.below(width);
            Array1::from_shape_fn(width, |k| if k == label { 1.0 } else { 0.0 })
        }
        Targets::Sign => Array1::from_elem(1, if stream.below(2) == 0 { -1.0 } else { 1.0 }),
    }
}

/// A network, a minibatch and what its passes gave.
#[derive(Clone, Debug)]
pub struct Problem {
    /// After a forward and a backward pass.
    pub pass: Pass<f64>,
    /// θ.
    pub parameters: Parameters<f64>,
    /// The gradient of the mean loss, without an L2 term.
    pub gradient: Parameters<f64>,
    /// The mean loss, without an L2 term.
    pub mean_loss: f64,
}

impl Problem {
    /// Makes both passes anew.
    pub fn refresh(&mut self) {
        self.mean_loss = self.pass.forward(&self.parameters);
        self.pass.backward(&self.parameters, &mut self.gradient);
    }

    /// The network.
    pub fn architecture(&self) -> &Architecture {
        self.pass.architecture()
    }

    /// Targets that leave no residual, for squared error.
    pub fn without_residual(mut self) -> Self {
        let output = self.pass.output().to_owned();
        self.pass.batch_mut().1.assign(&output);
        self.refresh();
        self
    }

    /// The mean loss at other parameters.
    pub fn loss_at(&self, parameters: &Parameters<f64>) -> f64 {
        self.pass.clone().forward(parameters)
    }

    /// The gradient at other parameters.
    pub fn gradient_at(&self, parameters: &Parameters<f64>) -> Parameters<f64> {
        let (mut pass, mut gradient) = (self.pass.clone(), self.gradient.clone());
        pass.forward(parameters);
        pass.backward(parameters, &mut gradient);
        gradient
    }

    /// θ + scale · direction.
    pub fn moved(&self, direction: &Parameters<f64>, scale: f64) -> Parameters<f64> {
        let mut moved = self.parameters.clone();
        moved.flat.scaled_add(scale, &direction.flat);
        moved
    }

    /// A random vector shaped like the parameters.
    pub fn direction(&self, seed: u64) -> Parameters<f64> {
        let mut stream = Stream::new(seed, "zoo direction", 0);
        let mut direction = self.gradient.clone();
        direction.flat.mapv_inplace(|_| stream.normal());
        direction
    }

    /// ∇Ē with the L2 term.
    pub fn regularized_gradient(&self, l2: f64) -> Parameters<f64> {
        let mut gradient = self.gradient.clone();
        gradient.flat.scaled_add(l2, &self.parameters.flat);
        gradient
    }

    /// The same in another precision, after its own passes.
    pub fn cast<T: Real>(&self) -> (Pass<T>, Parameters<T>, Parameters<T>, f64) {
        let parameters = self.parameters.cast::<T>();
        let mut gradient = Parameters::zeros(self.architecture());
        let mut pass = Pass::new(self.architecture(), self.pass.loss(), self.pass.data());
        let (mut x, mut y) = pass.batch_mut();
        let inputs = self.architecture().inputs();
        x.assign(&self.pass.input(1).slice(ndarray::s![.., ..inputs]).mapv(T::of));
        y.assign(&self.pass.targets().mapv(T::of));
        let loss = pass.forward(&parameters);
        pass.backward(&parameters, &mut gradient);
        (pass, parameters, gradient, loss)
    }

    /// J^n = ∂h_L/∂θ of every datum, column by column by forward mode on unit vectors: K × P.
    pub fn jacobians(&self) -> Vec<DMatrix<f64>> {
        let (outputs, size) = (self.architecture().outputs(), self.parameters.flat.len());
        let mut jacobians = vec![DMatrix::zeros(outputs, size); self.pass.data()];
        let mut tangent = Tangent::new(self.architecture(), self.pass.data());
        let mut unit = Parameters::zeros(self.architecture());
        for column in 0..size {
            unit.flat[column] = 1.0;
            let moved = tangent.forward(&self.pass, &self.parameters, &unit);
            for ((datum, k), &x) in moved.indexed_iter() {
                jacobians[datum][(k, column)] = x;
            }
            unit.flat[column] = 0.0;
        }
        jacobians
    }

    /// Ḡ = 1/N Σ Jᵀ PSD(H_L) J by definition: P × P.
    pub fn gauss_newton(&self) -> DMatrix<f64> {
        let size = self.parameters.flat.len();
        let terms = self.jacobians().into_iter().enumerate();
        let sum = terms.fold(DMatrix::zeros(size, size), |sum, (datum, j)| {
            sum + j.transpose() * self.positive_output_hessian(datum) * j
        });
        sum / self.pass.data() as f64
    }

    /// PSD(H_L) of one datum.
    pub fn positive_output_hessian(&self, datum: usize) -> DMatrix<f64> {
        positive_part(&dense(preactivation::output_hessian(&self.pass, datum).view()))
    }

    /// E[G_λ] by definition, with J^{h_L}_{h_λ} = Ŵ_L B_{L−1} … Ŵ_{λ+1} B_λ of every datum; layer λ at
    /// index λ − 1.
    pub fn preactivation_factors(&self) -> Vec<DMatrix<f64>> {
        let architecture = self.architecture();
        let square = |layer| DMatrix::zeros(architecture.width(layer), architecture.width(layer));
        let mut factors: Vec<_> = (1..=architecture.depth()).map(square).collect();
        for datum in 0..self.pass.data() {
            let middle = self.positive_output_hessian(datum);
            let mut jacobian = DMatrix::identity(architecture.outputs(), architecture.outputs());
            for layer in (1..=architecture.depth()).rev() {
                if layer < architecture.depth() {
                    let slope = DVector::from_iterator(
                        architecture.width(layer),
                        self.pass.slope(layer).row(datum).iter().copied(),
                    );
                    jacobian = jacobian * dense(self.parameters.weights(layer + 1)) * DMatrix::from_diagonal(&slope);
                }
                factors[layer - 1] += jacobian.transpose() * &middle * &jacobian / self.pass.data() as f64;
            }
        }
        factors
    }

    /// Q_λ by definition; layer λ at index λ − 1.
    pub fn input_factors(&self) -> Vec<DMatrix<f64>> {
        let inputs = |layer| dense(self.pass.input(layer));
        let factor = |a: DMatrix<f64>| a.transpose() * &a / self.pass.data() as f64;
        (1..=self.architecture().depth()).map(|layer| factor(inputs(layer))).collect()
    }

    /// Block λ of a matrix over all parameters.
    pub fn block(&self, matrix: &DMatrix<f64>, layer: usize) -> DMatrix<f64> {
        let range = self.architecture().range(layer);
        matrix.view((range.start, range.start), (range.len(), range.len())).into_owned()
    }

    /// A minibatch for an optimizer. `gradient`: with the L2 term.
    pub fn minibatch<'a>(&'a mut self, gradient: &'a Parameters<f64>, l2: f64, step: u64) -> Minibatch<'a, f64> {
        let (pass, parameters, loss) = (&mut self.pass, &self.parameters, self.mean_loss);
        Minibatch { pass, parameters, gradient, loss, l2, seed: 7, step }
    }
}

/// A matrix of the oracle's library.
pub fn dense<T: Real>(matrix: ArrayView2<T>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)].double())
}

/// A factor as a matrix of the oracle's library.
pub fn dense_factor<T: Real>(factor: &Factor<T>) -> DMatrix<f64> {
    dense(factor.to_dense().view())
}

/// A vector of the oracle's library.
pub fn vector<T: Real>(parameters: &Parameters<T>) -> DVector<f64> {
    DVector::from_iterator(parameters.flat.len(), parameters.flat.iter().map(|x| x.double()))
}

/// The matrix without its negative eigenvalues.
pub fn positive_part(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = matrix.clone().symmetric_eigen();
    let kept = DMatrix::from_diagonal(&eigen.eigenvalues.map(|x| x.max(0.0)));
    &eigen.eigenvectors * kept * eigen.eigenvectors.transpose()
}

/// Eigenvalues, ascending.
pub fn spectrum(matrix: &DMatrix<f64>) -> Vec<f64> {
    let mut values: Vec<_> = matrix.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The largest absolute value; NaN where one is NaN.
pub fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |most, x| {
        if x.is_nan() {
            f64::NAN
        } else if x.abs() > most {
            x.abs()
        } else {
            most
        }
    })
}

/// Fails where two matrices differ by more than `tolerance` of the largest entry.
#[track_caller]
pub fn assert_close(found: &DMatrix<f64>, expected: &DMatrix<f64>, tolerance: f64) {
    assert_eq!(found.shape(), expected.shape());
    let (error, scale) = (largest(&(found - expected)), largest(expected));
    assert!(error <= tolerance * scale + 1e-14, "off by {error:e}, the largest entry is {scale:e}");
}

/// A column vector as a matrix, for [`assert_close`].
pub fn column(values: impl IntoIterator<Item = f64>) -> DMatrix<f64> {
    let values: Vec<_> = values.into_iter().collect();
    DMatrix::from_vec(values.len(), 1, values)
}

/// Sᵀ as its loss gives it: r × K.
pub fn root(loss: Loss, h: &[f64], y: &[f64]) -> DMatrix<f64> {
    let mut rows = Array2::zeros((loss.root_rank(h.len()), h.len()));
    loss.kernel::<f64>().root(h, y, rows.view_mut());
    dense(rows.view())
}

/// How many random problems a property is tested on: the same at every run.
pub fn sixty_cases() -> ProptestConfig {
    let rng_seed = proptest::test_runner::RngSeed::Fixed(1);
    ProptestConfig { cases: 60, failure_persistence: None, rng_seed, ..ProptestConfig::default() }
}

/// Random problems of every kind, one unit and one datum included.
pub fn any_recipe() -> impl Strategy<Value = Recipe> {
    let layer = (1_usize..5, prop::sample::select(Activation::ALL));
    let hidden = prop::collection::vec(layer, 0..4);
    let loss = prop::sample::select(Loss::ALL);
    (1_usize..5, hidden, 1_usize..5, any::<bool>(), loss, 1_usize..7, 0_u64..1_000_000).prop_map(
        |(input, hidden, output, bias, loss, data, seed)| Recipe { input, hidden, output, bias, loss, data, seed },
    )
}

/// A few problems, one or more of every activation, loss and shape.
pub fn recipes() -> Vec<Recipe> {
    use Activation::{Elu, Gelu, Identity, LeakyRelu, Relu, Sigmoid, Silu, Softplus, Tanh};
    let recipe = |hidden: &[(usize, Activation)], output, bias, loss, data| Recipe {
        input: 4,
        hidden: hidden.to_vec(),
        output,
        bias,
        loss,
        data,
        seed: 11,
    };
    let mut all = vec![
        recipe(&[(5, Tanh), (4, Sigmoid)], 3, true, Loss::SquaredError, 6),
        recipe(&[(6, Relu), (3, LeakyRelu), (5, Relu)], 4, true, Loss::Bernoulli, 5),
        recipe(&[(5, Gelu), (4, Silu)], 4, false, Loss::Categorical, 5),
        recipe(&[(4, Softplus), (3, Elu)], 3, true, Loss::BinaryMixture, 6),
        recipe(&[(3, Identity), (5, Identity)], 2, true, Loss::SquaredError, 7),
        recipe(&[], 3, true, Loss::Bernoulli, 4),
        recipe(&[], 1, false, Loss::SquaredError, 1),
        recipe(&[(1, Tanh), (1, Relu)], 2, true, Loss::Categorical, 3),
        recipe(&[(3, Sigmoid)], 1, true, Loss::Categorical, 2),
    ];
    // What was added since.
    for &activation in Activation::ALL {
        if !all.iter().any(|recipe| recipe.hidden.iter().any(|layer| layer.1 == activation)) {
            all.push(recipe(&[(4, activation), (3, activation)], 2, true, Loss::SquaredError, 5));
        }
    }
    for &loss in Loss::ALL {
        if !all.iter().any(|recipe| recipe.loss == loss) {
            all.push(recipe(&[(4, Tanh)], 3, true, loss, 5));
        }
    }
    all
}

/// Every curvature with Kronecker factors.
pub const KRONECKER: [Curvature; 5] = [
    Curvature::KFAC,
    Curvature::EKFAC,
    Curvature::Kfac { samples: 1, empirical: true },
    Curvature::Kflr,
    Curvature::Kfra,
];
/// Conjugate gradients that run until they are exact.
pub const EXACT_SOLVE: Curvature = Curvature::HessianFree { iterations: 2000, tolerance: 0.0 };

/// A damping that does not move.
pub fn frozen(value: f64) -> Damping {
    Damping { initial: value, min: 1e-12, max: 1e12, adapt: false }
}

/// Constant dampings γ and τ, fresh inverses, no averages.
pub fn plain(curvature: Curvature, kronecker: f64, step: f64) -> SecondOrder {
    SecondOrder {
        kronecker_damping: frozen(kronecker),
        step_damping: frozen(step),
        inverse_period: 1,
        factor_average: 0.0,
        ..SecondOrder::new(curvature)
    }
}
