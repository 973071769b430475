//! Stochastic Lanczos quadrature: how the eigenvalues of a symmetric operator are spread, from a few products
//! (Golub & Meurant 1994; Lin, Saad & Yang 2016).
//!
//! For a unit vector v = Σ c_i q_i in the eigenvectors, the spectral measure of v has the mass c_i² at λ_i. The
//! eigenvalues of the Lanczos matrix T of v and the squared first entries of its eigenvectors are the Gauss
//! quadrature of that measure. Its mean over random v has the mass 1/n at every eigenvalue.

use nalgebra::DMatrix;
use ndarray::{ArrayView1, ArrayViewMut1};

use super::Stream;
use super::lanczos::{Iteration, Kept, Tridiagonal};

/// The spectral measure of one vector, as far as its moments tell.
#[derive(Clone, Debug)]
pub struct Quadrature {
    tridiagonal: Tridiagonal,
    /// Nodes with their weights, which sum to 1.
    pub nodes: Vec<(f64, f64)>,
}

/// What is known of the mass of a spectral measure below a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mass {
    /// The mass is at least this.
    pub least: f64,
    /// The weight of the nodes of the Gauss quadrature.
    pub gauss: f64,
    /// The mass, the point included, is at most this.
    pub most: f64,
}

/// The quadrature of the spectral measure of a random vector of `stream` under the symmetric operator of
/// dimension n that `apply(x, y)` computes as y ← A x, from at most `products` products.
///
/// # Errors
/// Those of `apply`.
pub fn quadrature<E>(
    n: usize,
    products: usize,
    kept: Kept,
    stream: &mut Stream,
    mut apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
) -> Result<Quadrature, E> {
    let most = products.clamp(1, n.max(1));
    let mut iteration = Iteration::new(n, most, kept, stream);
    while iteration.tridiagonal.size() < most {
        iteration.step(&mut apply)?;
        if iteration.tridiagonal.is_exhausted() {
            break;
        }
    }
    Ok(Quadrature { nodes: nodes(iteration.tridiagonal.dense()), tridiagonal: iteration.tridiagonal })
}

/// Eigenvalues, and the squared first entries of their eigenvectors.
fn nodes(matrix: DMatrix<f64>) -> Vec<(f64, f64)> {
    let eigen = matrix.symmetric_eigen();
    eigen
        .eigenvalues
        .iter()
        .zip(eigen.eigenvectors.row(0).iter())
        .map(|(&value, first)| (value, first * first))
        .collect()
}

impl Quadrature {
    /// Products that were made.
    pub fn products(&self) -> usize {
        self.tridiagonal.size()
    }

    /// vᵀAv of the unit vector, exactly.
    pub fn mean(&self) -> f64 {
        self.tridiagonal.diagonal[0]
    }

    /// ‖A v‖² = vᵀA²v of the unit vector, exactly.
    pub fn squared_image(&self) -> f64 {
        self.tridiagonal.diagonal[0].powi(2) + self.tridiagonal.beside[0].powi(2)
    }

    /// The mass below `point`, with the sharp bounds that the moments allow (Chebyshev, Markov & Stieltjes):
    /// of all quadratures with these moments, the Gauss-Radau one with a node at the point holds as much mass
    /// there as any measure can.
    pub fn below(&self, point: f64) -> Mass {
        let sum = |nodes: &[(f64, f64)], keep: &dyn Fn(f64) -> bool| -> f64 {
            nodes.iter().filter(|(node, _)| keep(*node)).map(|(_, weight)| weight).sum::<f64>().clamp(0.0, 1.0)
        };
        let gauss = sum(&self.nodes, &|node| node < point);
        if self.tridiagonal.is_exhausted() {
            return Mass { least: gauss, gauss, most: sum(&self.nodes, &|node| node <= point) };
        }
        let Some(nodes) = self.radau(point) else { return Mass { least: 0.0, gauss, most: 1.0 } };
        let distance = |node: f64| (node - point).abs();
        let at = nodes
            .iter()
            .map(|(node, _)| *node)
            .fold(f64::INFINITY, |best, node| if distance(node) < distance(best) { node } else { best });
        let least = sum(&nodes, &|node| node < at);
        let most = sum(&nodes, &|node| node <= at);
        Mass { least, gauss: gauss.clamp(least, most), most }
    }

    /// The nodes of the quadrature with one node more, at `point`: T continued by a row with the diagonal entry
    /// point + β_k² [(T − point)⁻¹]_kk. None where `point` is an eigenvalue of T to rounding.
    fn radau(&self, point: f64) -> Option<Vec<(f64, f64)>> {
        let k = self.tridiagonal.size();
        let next = self.tridiagonal.beside[k - 1];
        // The last pivot of T − point, from the top: [(T − point)⁻¹]_kk is its reciprocal.
        let mut pivot = self.tridiagonal.diagonal[0] - point;
        for i in 1..k {
            pivot = self.tridiagonal.diagonal[i] - point - self.tridiagonal.beside[i - 1].powi(2) / pivot;
        }
        let last = point + next * next / pivot;
        if !last.is_finite() {
            return None;
        }
        let mut matrix = self.tridiagonal.dense().resize(k + 1, k + 1, 0.0);
        (matrix[(k - 1, k)], matrix[(k, k - 1)], matrix[(k, k)]) = (next, next, last);
        Some(nodes(matrix))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use ndarray::{Array1, Array2};

    use super::*;
    use crate::linalg::{Target, eigen, gram};

    /// A matrix, its eigenvalues, and the quadrature of a vector with the vector's true masses.
    fn example(seed: u64, products: usize) -> (Array1<f64>, Array1<f64>, Quadrature) {
        let (n, mut stream) = (80, Stream::new(seed, "test", 0));
        let root = Array2::from_shape_simple_fn((60, n), || stream.normal());
        let mut a = Array2::zeros((n, n));
        gram(1.0, root.view(), Target::Replace, a.view_mut());
        a.diag_mut().mapv_inplace(|x| x - 40.0);
        let (values, vectors) = eigen(a.view()).unwrap();
        let mut start = None;
        let found = quadrature(n, products, Kept::All, &mut Stream::new(seed, "v", 0), |x, mut y| {
            start.get_or_insert_with(|| x.to_owned());
            y.assign(&a.dot(&x));
            Ok::<_, Infallible>(())
        })
        .unwrap();
        let masses = vectors.t().dot(&start.unwrap()).mapv(|c| c * c);
        (values, masses, found)
    }

    #[test]
    fn the_bounds_enclose_the_mass_and_close_with_more_products() {
        for seed in 0..20 {
            let mut widths = Vec::new();
            for products in [5, 20, 79] {
                let (values, masses, found) = example(seed, products);
                let mut width = 0.0;
                for point in [-45.0, -39.5, -10.0, 0.0, 33.3, 100.0, 1e3] {
                    let sum = |keep: &dyn Fn(f64) -> bool| -> f64 {
                        values.iter().zip(&masses).filter(|(value, _)| keep(**value)).map(|(_, mass)| mass).sum()
                    };
                    let mass = found.below(point);
                    let (below, within) = (sum(&|x| x < point - 1e-9), sum(&|x| x < point + 1e-9));
                    assert!(
                        mass.least <= below + 1e-9 && within <= mass.most + 1e-9,
                        "{seed} {products} {point} {mass:?}"
                    );
                    assert!(mass.least <= mass.gauss && mass.gauss <= mass.most);
                    width += mass.most - mass.least;
                }
                widths.push(width);
            }
            assert!(widths[0] > widths[1] && widths[1] > widths[2], "{widths:?}");
        }
    }

    #[test]
    fn moments_are_exact() {
        let (values, masses, found) = example(3, 4);
        for power in 0..8 {
            let exact: f64 = values.iter().zip(&masses).map(|(x, m)| x.powi(power) * m).sum();
            let quadrature: f64 = found.nodes.iter().map(|(x, w)| x.powi(power) * w).sum();
            assert!((exact - quadrature).abs() < 1e-9 * values[79].powi(power), "{power}");
        }
        let exact: f64 = values.iter().zip(&masses).map(|(x, m)| x * x * m).sum();
        assert!((found.squared_image() - exact).abs() < 1e-9 * exact);
    }
}
