use ndarray::Array2;
use rayon::prelude::*;

use super::{Factor, average_diagonal};
use crate::curvature::columns::{Columns, Root};
use crate::linalg::{Real, Target, all, gram_lower};
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
    average_from_columns(pass, parameters, (root, 0.0), columns, scratch, factors);
    all(factors.par_iter_mut(), Factor::mirror);
}

/// G_λ ← ε G_λ + (1 − ε)/N Σ C_λ C_λᵀ in the same way, of dense ones the lower triangle. `past`: ε.
pub fn average_from_columns<T: Real>(
    pass: &Pass<T>,
    parameters: &Parameters<T>,
    (root, past): (Root, f64),
    columns: &mut Columns<T>,
    scratch: &mut Array2<T>,
    factors: &mut [Factor<T>],
) {
    let depth = factors.len();
    let weight = T::of((1.0 - past) / pass.data() as f64);
    let diagonal = root == Root::Exact && pass.loss().has_diagonal_hessian();
    if diagonal {
        average_diagonal(pass, past, scratch, &mut factors[depth - 1]);
        if depth == 1 {
            return;
        }
    }
    let wanted = if diagonal { depth - 1 } else { depth };
    columns.propagate(pass, parameters, root, |data, layers| {
        let target = if data.start == 0 { Target::Decay(past) } else { Target::Add };
        all(factors[..wanted].par_iter_mut().zip(layers), |(factor, columns)| {
            gram_lower(weight, columns.view(), target, factor.dense_mut(columns.ncols()).view_mut());
        });
    });
}
