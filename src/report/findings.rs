//! The findings of the paper, each computed from the runs.

mod race;
mod surface;

use super::alignment;
use super::plots::ranks;
use super::problem::{Method, Problem};
use super::tables::Convexity;
use super::words::{brief, method, percent};
use crate::diagnostics::alignment::Direction;
use race::Race;

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The runs show it.
    Confirmed,
    /// The runs show the contrary.
    Refuted,
    /// The runs do not go so far.
    NotReached,
    /// No run measured it.
    NotMeasured,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::NotReached => "not reached",
            Self::NotMeasured => "not measured",
        }
    }

    fn of(holds: bool) -> Self {
        if holds { Self::Confirmed } else { Self::Refuted }
    }
}

/// A finding of the paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What the paper finds.
    pub claim: &'static str,
    /// Of which problem.
    pub problem: String,
    /// What became of it.
    pub verdict: Verdict,
    /// The numbers, and how they are compared; of what is not measured, which runs it needs.
    pub numbers: String,
    /// Whether runs were shortened.
    pub shortened: bool,
}

/// What a comparison of second-order methods with first-order ones needs.
const RIVALS: &str = "runs of a second-order and of a first-order method";
/// A cross-entropy that is nearly perfect: ten times what the paper reports.
const PERFECT: f64 = 1e-7;
/// A share of parameter space that is little.
const LITTLE: f64 = 0.25;

/// Whether a setting of a problem has this value.
fn has(problem: &Problem, key: &str, value: &str) -> bool {
    problem.records.iter().any(|record| record.setting(key).as_deref() == Some(value))
}

/// Every finding, for every problem that it is about.
pub fn all(problems: &[Problem], convexity: &[Convexity]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let autoencoders: Vec<_> = problems.iter().filter(|problem| has(problem, "data.task", "autoencode")).collect();
    let mixtures: Vec<_> = problems.iter().filter(|problem| has(problem, "loss.kind", "binary_mixture")).collect();
    about(&autoencoders, &mut findings, &[per_update, per_second, against_kfac, closer]);
    about(&mixtures, &mut findings, &[mixture_per_update, mixture_per_second, final_objective, perfect, kfac_as_kflr]);
    about(&problems.iter().collect::<Vec<_>>(), &mut findings, &[rank_bounded]);
    findings.extend([true, false].map(|linear| convex(convexity, linear)));
    findings.extend([true, false].map(|linear| surface::within_layers(problems, linear)));
    findings
}

/// A finding of one problem; `None` stands for a problem that tells nothing of it.
type Judge = fn(Option<&Problem>) -> Option<Finding>;

/// Each finding of each problem; one that no problem tells of is not measured.
fn about(problems: &[&Problem], findings: &mut Vec<Finding>, judges: &[Judge]) {
    for judge in judges {
        let found: Vec<_> = problems.iter().filter_map(|problem| judge(Some(problem))).collect();
        findings.extend(if found.is_empty() { judge(None).into_iter().collect() } else { found });
    }
}

fn finding(claim: &'static str, problem: Option<&Problem>, verdict: Verdict, numbers: String) -> Finding {
    Finding {
        claim,
        problem: problem.map_or_else(|| "–".to_owned(), |problem| problem.title.clone()),
        verdict,
        numbers,
        shortened: problem.is_some_and(|problem| problem.records.iter().any(|record| !record.shortened.is_empty())),
    }
}

fn unmeasured(claim: &'static str, needs: &str) -> Finding {
    finding(claim, None, Verdict::NotMeasured, needs.to_owned())
}

/// Second-order methods against the best first-order one, at the same x.
fn compete(claim: &'static str, problem: Option<&Problem>, race: fn(&Problem) -> Option<Race>) -> Option<Finding> {
    let Some(problem) = problem else {
        return Some(unmeasured(claim, RIVALS));
    };
    let race = race(problem)?;
    Some(finding(claim, Some(problem), Verdict::of(race.second_order_leads()), race.words()))
}

fn per_update(problem: Option<&Problem>) -> Option<Finding> {
    compete(
        "Autoencoders: second-order methods reach a lower training loss than tuned first-order ones after as many updates",
        problem,
        Race::by_updates,
    )
}

fn per_second(problem: Option<&Problem>) -> Option<Finding> {
    let claim =
        "Autoencoders: untuned second-order methods are competitive with tuned first-order ones in the same time";
    let Some(problem) = problem else { return Some(unmeasured(claim, RIVALS)) };
    let race = Race::by_seconds(problem)?;
    let share = race.second_order_share();
    let told = share.words("the best first-order one", "competitive");
    let numbers = format!("{}; the last of the second-order methods makes {told}", race.words());
    Some(finding(claim, Some(problem), Verdict::of(share.is_almost_whole()), numbers))
}

fn mixture_per_update(problem: Option<&Problem>) -> Option<Finding> {
    compete("Mixture: second-order methods beat Adam after as many updates", problem, Race::by_updates)
}

fn mixture_per_second(problem: Option<&Problem>) -> Option<Finding> {
    compete("Mixture: second-order methods beat Adam in the same time on the CPU", problem, Race::by_seconds)
}

/// A method that came to something.
fn solved<'a, 'b>(problem: &'b Problem<'a>, kind: &str) -> Option<&'b Method<'a>> {
    problem.methods.iter().find(|method| method.kind == kind && method.best().is_some())
}

fn against_kfac(problem: Option<&Problem>) -> Option<Finding> {
    let claim = "Autoencoders: KFRA is ahead of KFAC after as many updates (in the paper slightly)";
    let Some(problem) = problem else { return Some(unmeasured(claim, "runs of KFRA and of KFAC")) };
    let race = Race::between(&[solved(problem, "kfra")?, solved(problem, "kfac")?], crate::export::Abscissa::Update)?;
    let [kfra, kfac] = [race.loss_of("kfra")?, race.loss_of("kfac")?];
    Some(finding(claim, Some(problem), Verdict::of(kfra <= kfac), race.words()))
}

fn closer(problem: Option<&Problem>) -> Option<Finding> {
    let claim = "Autoencoders: KFRA's updates lie closer to the exact Gauss-Newton update than KFAC's";
    let Some(problem) = problem else { return Some(unmeasured(claim, "a run that measures the alignment")) };
    let record = alignment::measured(problem)?;
    let mean = |direction, together| Some(alignment::mean(record, direction, together)?.0);
    let of = |together| Some([mean(Direction::Kfra, together)?, mean(Direction::Kfac, together)?]);
    let means = [("over layers and updates", Some(of(false)?)), ("of all layers together over updates", of(true))];
    let means: Vec<_> = means.into_iter().filter_map(|(over, pair)| Some((over, pair?))).collect();
    let told = means.iter().map(|(over, [kfra, kfac])| format!("{over}: KFRA {}, KFAC {}", brief(*kfra), brief(*kfac)));
    let numbers = format!("mean cosine {}", told.collect::<Vec<_>>().join("; "));
    Some(finding(claim, Some(problem), Verdict::of(means.iter().all(|(_, [kfra, kfac])| kfra >= kfac)), numbers))
}

fn final_objective(problem: Option<&Problem>) -> Option<Finding> {
    let claim = "Mixture: the final objective of second-order methods is higher than Adam's (in the paper slightly)";
    let Some(problem) = problem else { return Some(unmeasured(claim, "runs of Adam and of a second-order method")) };
    let adam = solved(problem, "adam")?.best()?.loss();
    let others = problem.methods.iter().filter(|method| method.is_second_order());
    let others: Vec<_> = others.filter_map(|method| Some((method.kind, method.best()?.loss()))).collect();
    let higher = others.iter().all(|(_, loss)| *loss > adam);
    let told = others.iter().map(|(kind, loss)| format!("{} {}", method(kind), brief(*loss)));
    let numbers = told.chain([format!("Adam {}", brief(adam))]).collect::<Vec<_>>().join(", ");
    (!others.is_empty())
        .then(|| finding(claim, Some(problem), Verdict::of(higher), format!("training loss at the end: {numbers}")))
}

fn perfect(problem: Option<&Problem>) -> Option<Finding> {
    let claim = "Mixture: every method reaches a nearly perfect cross-entropy, around 1e-8";
    let Some(problem) = problem else { return Some(unmeasured(claim, "runs of the mixture")) };
    let losses: Vec<_> = problem.methods.iter().filter_map(|one| Some((one.kind, one.best()?.loss()))).collect();
    let reached = losses.iter().all(|(_, loss)| *loss <= PERFECT);
    let told: Vec<_> = losses.iter().map(|(kind, loss)| format!("{} {}", method(kind), brief(*loss))).collect();
    let numbers = format!("training loss at the end: {}; at most {PERFECT:e} is taken for it", told.join(", "));
    let verdict = if reached { Verdict::Confirmed } else { Verdict::NotReached };
    (!losses.is_empty()).then(|| finding(claim, Some(problem), verdict, numbers))
}

fn kfac_as_kflr(problem: Option<&Problem>) -> Option<Finding> {
    let claim = "Mixture: KFAC performs almost as KFLR does, although KFLR is exact";
    let Some(problem) = problem else { return Some(unmeasured(claim, "runs of KFLR and of KFAC")) };
    let race = Race::between(&[solved(problem, "kflr")?, solved(problem, "kfac")?], crate::export::Abscissa::Update)?;
    let [kflr, kfac] = [race.loss_of("kflr")?, race.loss_of("kfac")?];
    let share = race.share(kfac, kflr);
    let numbers = format!("{}; KFAC makes {}", race.words(), share.words("KFLR", "almost"));
    Some(finding(claim, Some(problem), Verdict::of(share.is_almost_whole()), numbers))
}

fn rank_bounded(problem: Option<&Problem>) -> Option<Finding> {
    let claim =
        "The rank of the minibatch Gauss-Newton matrix is at most Σ rank H_L: little of parameter space has curvature";
    let Some(problem) = problem else { return Some(unmeasured(claim, "runs that measure the rank")) };
    let rows = ranks(problem);
    let most = rows.iter().max_by_key(|row| row.data)?;
    let ends = |row: &super::plots::RankRow| [row.first.bounds.1, row.last.bounds.1];
    let bounded = rows.iter().all(|row| ends(row).iter().all(|rank| *rank <= row.bound as f64));
    let (low, high) = most.last.bounds;
    let share = high / most.parameters as f64;
    let rank = if low < high { format!("between {low} and {high}") } else { high.to_string() };
    let numbers = format!(
        "{} sizes of minibatch measured; with {} data rank {rank} of P = {}: at most {} of parameter space; up to {} is taken for little",
        rows.len(),
        most.data,
        most.parameters,
        percent(share),
        percent(LITTLE)
    );
    Some(finding(claim, Some(problem), Verdict::of(bounded && share <= LITTLE), numbers))
}

fn convex(found: &[Convexity], piecewise_linear: bool) -> Finding {
    let claim = if piecewise_linear {
        "With piecewise linear activations the Hessian blocks of layers are positive semi-definite: no smooth maxima or saddles within a layer"
    } else {
        "With smooth activations they are not"
    };
    let of: Vec<_> = found.iter().filter(|one| one.piecewise_linear == piecewise_linear && one.convex_loss).collect();
    let total = |count: fn(&Convexity) -> usize| of.iter().map(|&one| count(one)).sum::<usize>();
    let [blocks, decomposed, negative] =
        [total(|one| one.blocks), total(|one| one.decomposed), total(|one| one.negative)];
    if blocks == 0 {
        return unmeasured(claim, "runs that measure the Hessian blocks of such networks");
    }
    let least = of.iter().map(|one| one.least).fold(f64::INFINITY, f64::min);
    let verdict = Verdict::of((negative == 0) == piecewise_linear);
    let numbers = format!(
        "a negative eigenvalue was found of {negative} of {blocks} blocks; of {decomposed} all eigenvalues are known; least λ min / λ max {}",
        brief(least)
    );
    let shortened = of.iter().any(|one| one.shortened);
    Finding {
        problem: of.iter().map(|one| one.title.as_str()).collect::<Vec<_>>().join("; "),
        shortened,
        ..finding(claim, None, verdict, numbers)
    }
}
