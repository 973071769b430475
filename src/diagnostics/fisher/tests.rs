use ndarray::{Array2, s};

use super::*;
use crate::curvature::dense::jacobian_columns;
use crate::diagnostics::zoo::{task, zoo};

fn norm(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn distances_are_those_of_the_dense_blocks_and_zero_for_exponential_families() {
    let mut apart = 0;
    for problem in zoo() {
        let (pass, parameters) = (&problem.pass, &problem.parameters);
        let family = pass.loss().is_exponential_family();
        let mut all = Vec::new();
        FisherDistance::measure(&task(&problem), &mut |found| all.push(found)).unwrap();
        assert_eq!(all.len(), pass.architecture().depth());
        assert!(all.iter().all(|found| found.by_structure == family));
        if pass.loss().labels(pass.architecture().outputs()).is_none() {
            continue;
        }
        let [exact, fisher] = [Root::Exact, Root::Fisher].map(|root| {
            let u = jacobian_columns(pass, parameters, root);
            u.t().dot(&u) / pass.data() as f64
        });
        for found in all {
            let range = pass.architecture().range(found.layer);
            let block = |matrix: &Array2<f64>| matrix.slice(s![range.clone(), range.clone()]).to_owned();
            let scale = norm(&block(&exact));
            let expected = if scale > 0.0 { norm(&(block(&fisher) - block(&exact))) / scale } else { 0.0 };
            // Of exponential families too, where it is known without being measured.
            assert!((found.block - expected).abs() <= 1e-9, "{} {found:?} {expected}", problem.name);
            apart += usize::from(found.block > 0.01 && found.factor > 0.01);
        }
    }
    assert!(apart > 20, "{apart}");
}
