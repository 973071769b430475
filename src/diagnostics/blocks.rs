//! Blocks of the Gauss-Newton matrix as sums over the data, Ḡ_λ = 1/N Σ_n (ā āᵀ)_n ⊗ G_n, and their Frobenius
//! inner products, without a block being formed:
//!
//! - ⟨Ḡ_λ, Ḡ′_λ⟩ = 1/N² Σ_nm (ā_n · ā_m)² ⟨G_n, G′_m⟩
//! - ⟨A ⊗ B, Ḡ_λ⟩ = 1/N Σ_n (ā_nᵀ A ā_n) ⟨B, G_n⟩

use std::iter::zip;

use ndarray::{Array1, Array2, ArrayView2, Axis, Zip, s};

use super::error::{Stop, go_on};
use super::{Task, output, roots};
use crate::curvature::Factor;
use crate::linalg::{Target, gemm, gemm_symmetric, gram, mirror};
use crate::network::Pass;

/// Rows that are multiplied by a basis at once.
const ROWS: usize = 256;

/// Entries of each G_n that enter inner products at once.
const PART: usize = 1 << 16;

/// G_n of all data at one layer.
pub(super) enum Matrices {
    /// Their square roots: the columns of C_n as rows, (N · r) × d, those of a datum together.
    Roots(Array2<f64>),
    /// Their lower triangles, N × d(d+1)/2, what lies beside the diagonal times √2: inner products are those of
    /// the matrices.
    Triangles(Array2<f64>, usize),
    /// Their diagonals, N × d.
    Diagonals(Array2<f64>),
}

/// (ā_n · ā_m) for the inputs of layer λ: N × N.
pub(super) fn kernel(pass: &Pass<f64>, layer: usize) -> Array2<f64> {
    let input = pass.input(layer);
    let mut kernel = Array2::zeros((pass.data(), pass.data()));
    gemm_symmetric(1.0, input, input.t(), Target::Replace, kernel.view_mut());
    kernel
}

/// G_n of the Gauss-Newton matrix for every layer that is wanted, at index λ − 1.
///
/// # Errors
/// Once it is cancelled.
pub(super) fn collect(task: &Task) -> Result<Vec<Option<Matrices>>, Stop> {
    let (pass, depth) = (task.pass, task.pass.architecture().depth());
    let data = pass.data();
    let mut all: Vec<Option<Matrices>> = Vec::new();
    for (index, rank) in roots::columns(pass).into_iter().enumerate() {
        let width = pass.architecture().width(index + 1);
        all.push(task.wants_layer(index + 1).then(|| {
            if index + 1 == depth && pass.loss().has_diagonal_hessian() {
                Matrices::Diagonals(output::diagonals(pass))
            } else if 2 * rank <= width + 1 {
                Matrices::Roots(Array2::zeros((data * rank, width)))
            } else {
                Matrices::Triangles(Array2::zeros((data, width * (width + 1) / 2)), width)
            }
        }));
    }
    let last = (1..=depth).rev().find(|&l| matches!(all[l - 1], Some(Matrices::Roots(_) | Matrices::Triangles(..))));
    if let Some(last) = last {
        roots::sweep(pass, task.parameters, last, task.cancelled, &mut |root| {
            if let Some(matrices) = &mut all[root.layer - 1] {
                matrices.take(root.datum, root.columns);
            }
            Ok(())
        })?;
    }
    Ok(all)
}

/// The lower triangle of a symmetric matrix, what lies beside the diagonal times √2.
fn triangle(matrix: &Array2<f64>) -> impl Iterator<Item = f64> + '_ {
    matrix.outer_iter().enumerate().flat_map(|(i, row)| {
        (0..=i).map(move |j| if i == j { row[j] } else { row[j] * std::f64::consts::SQRT_2 }).collect::<Vec<_>>()
    })
}

impl Matrices {
    /// Takes in C_n of one datum.
    fn take(&mut self, datum: usize, columns: ArrayView2<f64>) {
        match self {
            Self::Roots(all) => {
                let start = datum * columns.nrows();
                all.slice_mut(s![start..start + columns.nrows(), ..]).assign(&columns);
            }
            Self::Triangles(all, width) => {
                let mut g = Array2::zeros((*width, *width));
                gram(1.0, columns, Target::Replace, g.view_mut());
                all.row_mut(datum).iter_mut().zip(triangle(&g)).for_each(|(to, x)| *to = x);
            }
            Self::Diagonals(_) => {}
        }
    }

    /// G_n of one datum, from its lower triangle.
    fn unpacked(triangles: &Array2<f64>, width: usize, datum: usize) -> Array2<f64> {
        let mut g = Array2::zeros((width, width));
        let mut entries = triangles.row(datum).into_iter();
        for i in 0..width {
            for j in 0..=i {
                let x = entries.next().copied().unwrap_or(0.0);
                g[(i, j)] = if i == j { x } else { x * std::f64::consts::FRAC_1_SQRT_2 };
            }
        }
        mirror(g.view_mut());
        g
    }

    /// ⟨G_n, G_m⟩: N × N.
    ///
    /// # Errors
    /// Once it is cancelled.
    pub fn inner_products(&self, data: usize, cancelled: &dyn Fn() -> bool) -> Result<Array2<f64>, Stop> {
        match self {
            Self::Roots(rows) => cross(rows, rows, data, cancelled),
            Self::Triangles(rows, _) | Self::Diagonals(rows) => {
                let mut products = Array2::zeros((data, data));
                for part in rows.axis_chunks_iter(Axis(1), PART) {
                    go_on(cancelled)?;
                    gemm_symmetric(1.0, part, part.t(), Target::Add, products.view_mut());
                }
                Ok(products)
            }
        }
    }

    /// ⟨B, G_n⟩ for each datum.
    ///
    /// # Errors
    /// Once it is cancelled.
    pub fn products_with(
        &self,
        factor: &Factor<f64>,
        data: usize,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Array1<f64>, Stop> {
        go_on(cancelled)?;
        Ok(match self {
            Self::Roots(rows) => {
                let mut images = Array2::zeros((rows.ncols(), rows.nrows()));
                factor.apply(rows.t(), images.view_mut());
                let rank = rows.nrows() / data;
                let sum = |n: usize| {
                    let range = n * rank..(n + 1) * rank;
                    let (rows, images) = (rows.slice(s![range.clone(), ..]), images.slice(s![.., range]));
                    (&rows * &images.t()).sum()
                };
                (0..data).map(sum).collect()
            }
            Self::Triangles(rows, _) => {
                let triangle: Array1<f64> = triangle(&factor.to_dense()).collect();
                let parts = zip(rows.axis_chunks_iter(Axis(1), PART), triangle.axis_chunks_iter(Axis(0), PART));
                let mut products = Array1::zeros(data);
                for (rows, triangle) in parts {
                    go_on(cancelled)?;
                    products += &rows.dot(&triangle);
                }
                products
            }
            Self::Diagonals(rows) => match factor {
                Factor::Diagonal(diagonal) => rows.dot(diagonal),
                Factor::Dense(matrix) => rows.dot(&matrix.diag()),
            },
        })
    }

    /// E[G_n].
    ///
    /// # Errors
    /// Once it is cancelled.
    pub fn mean(&self, data: usize, cancelled: &dyn Fn() -> bool) -> Result<Factor<f64>, Stop> {
        go_on(cancelled)?;
        let share = 1.0 / data as f64;
        Ok(match self {
            Self::Roots(rows) => {
                let mut mean = Array2::zeros((rows.ncols(), rows.ncols()));
                gram(share, rows.view(), Target::Replace, mean.view_mut());
                Factor::Dense(mean)
            }
            Self::Triangles(rows, width) => {
                let mut mean = Array1::zeros(rows.ncols());
                let parts = zip(rows.axis_chunks_iter(Axis(1), PART), mean.axis_chunks_iter_mut(Axis(0), PART));
                for (rows, mut mean) in parts {
                    go_on(cancelled)?;
                    mean.assign(&(rows.sum_axis(Axis(0)) * share));
                }
                Factor::Dense(Self::unpacked(&mean.insert_axis(Axis(0)), *width, 0))
            }
            Self::Diagonals(rows) => Factor::Diagonal(rows.sum_axis(Axis(0)) * share),
        })
    }

    /// uᵀ G_n u for each datum and each column u of a matrix: N × d.
    ///
    /// # Errors
    /// Once it is cancelled.
    pub fn diagonals_in(
        &self,
        basis: &Array2<f64>,
        data: usize,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Array2<f64>, Stop> {
        let mut diagonals = Array2::zeros((data, basis.ncols()));
        let image = |rows: ArrayView2<f64>| {
            let mut image = Array2::zeros((rows.nrows(), basis.ncols()));
            gemm(1.0, rows, basis.view(), Target::Replace, image.view_mut());
            go_on(cancelled).map(|()| image)
        };
        for (datum, mut diagonal) in diagonals.outer_iter_mut().enumerate() {
            go_on(cancelled)?;
            match self {
                Self::Roots(rows) => {
                    let rank = rows.nrows() / data;
                    let rows = rows.slice(s![datum * rank..(datum + 1) * rank, ..]);
                    for rows in rows.axis_chunks_iter(Axis(0), ROWS) {
                        image(rows)?.outer_iter().for_each(|row| diagonal += &row.mapv(|x| x * x));
                    }
                }
                Self::Triangles(rows, width) => {
                    let g = Self::unpacked(rows, *width, datum);
                    for (rows, basis) in zip(g.axis_chunks_iter(Axis(0), ROWS), basis.axis_chunks_iter(Axis(0), ROWS)) {
                        Zip::from(basis.rows()).and(image(rows)?.rows()).for_each(|u, gu| {
                            Zip::from(&mut diagonal).and(u).and(gu).for_each(|x, &u, &gu| *x += u * gu);
                        });
                    }
                }
                Self::Diagonals(rows) => {
                    for (&g, u) in rows.row(datum).iter().zip(basis.outer_iter()) {
                        diagonal.zip_mut_with(&u, |x, &u| *x += g * u * u);
                    }
                }
            }
        }
        Ok(diagonals)
    }
}

/// ⟨G_n, G′_m⟩ = ‖C_n C′_mᵀ‖² from square roots as rows, those of a datum together: N × N.
///
/// # Errors
/// Once it is cancelled.
pub(super) fn cross(
    one: &Array2<f64>,
    other: &Array2<f64>,
    data: usize,
    cancelled: &dyn Fn() -> bool,
) -> Result<Array2<f64>, Stop> {
    let (rank, rank_of_other) = (one.nrows() / data, other.nrows() / data);
    let mut products = Array2::zeros((data, data));
    let mut images = Array2::zeros((rank, other.nrows()));
    for (n, mut row) in products.outer_iter_mut().enumerate() {
        go_on(cancelled)?;
        let columns = one.slice(s![n * rank..(n + 1) * rank, ..]);
        gemm(1.0, columns, other.t(), Target::Replace, images.view_mut());
        for (m, sum) in row.iter_mut().enumerate() {
            let images = images.slice(s![.., m * rank_of_other..(m + 1) * rank_of_other]);
            *sum = images.iter().map(|x| x * x).sum();
        }
    }
    Ok(products)
}

/// ⟨Ḡ_λ, Ḡ′_λ⟩ = 1/N² Σ_nm (ā_n · ā_m)² ⟨G_n, G′_m⟩. `kernel`: (ā_n · ā_m); `products`: ⟨G_n, G′_m⟩.
pub(super) fn block_product(kernel: &Array2<f64>, products: &Array2<f64>) -> f64 {
    let sum: f64 = kernel.iter().zip(products).map(|(k, g)| k * k * g).sum();
    sum / (kernel.nrows() as f64).powi(2)
}
