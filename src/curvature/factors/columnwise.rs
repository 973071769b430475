use ndarray::Array2;

use super::{Factor, mean_diagonal};
use crate::curvature::columns::{Columns, Root};
use crate::linalg::{Real, Target, gram};
use crate::network::{Parameters, Pass};

/// G_λ ← 1/N Σ C_λ C_λᵀ for every layer, after a forward pass: KFLR where the columns are the exact
/// root, KFAC where they are sampled (Botev, Ritter & Barber 2017, sections 4.1 and 2; Martens & Grosse
/// 2015, section 3).
///
/// - `columns`, `scratch`: memory, reused from one call to the next
/// - `factors`: layer λ at index λ − 1
pub fn from_columns<T: Real>(
    pass: &Pass<T>,
    parameters: &Parameters<T>,
    root: Root,
    columns: &mut Columns<T>,
    scratch: &mut Array2<T>,
    factors: &mut [Factor<T>],
) {
    let depth = factors.len();
    let mean = T::one() / T::of(pass.data() as f64);
    let diagonal = root == Root::Exact && pass.loss().has_diagonal_hessian();
    if diagonal {
        mean_diagonal(pass, scratch, &mut factors[depth - 1]);
        if depth == 1 {
            return;
        }
    }
    columns.sweep(pass, parameters, root, |chunk| {
        if !(diagonal && chunk.layer == depth) {
            let target = if chunk.data.start == 0 { Target::Replace } else { Target::Add };
            let factor = factors[chunk.layer - 1].dense_mut(chunk.columns.ncols());
            gram(mean, chunk.columns, target, factor.view_mut());
        }
    });
}
