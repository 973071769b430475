//! Whether the loss is convex on planes within a layer, between its kinks.

use super::{Finding, Verdict, finding, unmeasured};
use crate::report::problem::Problem;
use crate::report::surfaces;
use crate::report::words::brief;

/// The finding about networks that are piecewise linear, or about those that are not, with a loss that is convex in
/// the outputs.
pub fn within_layers(problems: &[Problem], piecewise_linear: bool) -> Finding {
    let claim = if piecewise_linear {
        "With piecewise linear activations the loss has no smooth maximum or saddle on a plane within a layer: between ridges it is convex"
    } else {
        "With smooth activations it may have"
    };
    let is_about = |problem: &&Problem| {
        let mut infos = problem.records.iter().filter_map(|record| record.snapshot.run.as_ref());
        infos.next().is_some_and(|info| {
            info.architecture.is_piecewise_linear() == piecewise_linear && info.loss.is_exponential_family()
        })
    };
    let (mut all, mut negative, mut least, mut titles, mut shortened) = (0, 0, f64::INFINITY, Vec::new(), false);
    for problem in problems.iter().filter(is_about) {
        let within = surfaces::measured(problem).into_iter().filter(|(_, surface)| surface.plane.layer().is_some());
        let before = all;
        for (record, surface) in within {
            let bends = surface.bends();
            (all, negative, least) = (all + bends.all, negative + bends.negative, least.min(bends.least));
            shortened |= !record.shortened.is_empty();
        }
        if all > before {
            titles.push(problem.title.as_str());
        }
    }
    if all == 0 {
        return unmeasured(claim, "runs that measure the loss surface within a layer of such networks");
    }
    let numbers = format!(
        "{negative} of {all} second differences along lines within one smooth piece are negative; the least is {} of the loss",
        brief(least)
    );
    let verdict = Verdict::of((negative == 0) == piecewise_linear);
    Finding { problem: titles.join("; "), shortened, ..finding(claim, None, verdict, numbers) }
}
