//! Runs of the same problem, by method, settings and seed.

use super::record::Record;
use super::words;
use crate::optim::Kind;
use crate::runs::{Fact, Run};

/// What is to be solved, and all that was tried.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// In words: `mnist autoencode, 784-…-784 tanh, bernoulli`.
    pub title: String,
    /// The beginning of its files' names.
    pub slug: String,
    /// All runs of it.
    pub records: Vec<&'a Record>,
    /// The methods that were tried, second-order ones first.
    pub methods: Vec<Method<'a>>,
}

/// A method, with all settings that were tried.
#[derive(Clone, Debug)]
pub struct Method<'a> {
    /// The label of the optimizer.
    pub kind: &'a str,
    /// Each with all its settings.
    pub variants: Vec<Variant<'a>>,
}

/// Settings of a method; a run for each seed, of several the longest.
#[derive(Clone, Debug)]
pub struct Variant<'a> {
    /// The runs, by seed.
    pub records: Vec<&'a Record>,
}

impl<'a> Problem<'a> {
    /// In few words, for the title of a figure: `mnist autoencoder`.
    pub fn name(&self) -> &str {
        self.title.split(": ").next().unwrap_or_default()
    }

    /// The runs by which its methods are compared.
    pub fn compared(&self) -> Vec<&'a Record> {
        let variants = self.methods.iter().flat_map(|method| &method.variants);
        variants.flat_map(|variant| variant.records.iter().copied()).collect()
    }
}

impl Variant<'_> {
    /// Whether all of its runs came to something.
    pub fn is_sound(&self) -> bool {
        self.records.iter().all(|record| record.failure.is_none() && self.loss().is_finite())
    }

    /// Mean of the last training losses over the seeds.
    pub fn loss(&self) -> f64 {
        let losses = self.records.iter().map(|record| record.losses().map_or(f64::NAN, |(train, _)| train));
        losses.sum::<f64>() / self.records.len() as f64
    }
}

impl<'a> Method<'a> {
    /// Whether it uses curvature.
    pub fn is_second_order(&self) -> bool {
        Kind::all()
            .into_iter()
            .any(|kind| matches!(kind, Kind::Curvature(_)) && kind.name() == Kind::name_of(self.kind))
    }

    /// The settings with the least training loss at their end; `None` where all came to nothing.
    pub fn best(&self) -> Option<&Variant<'a>> {
        let sound = self.variants.iter().filter(|variant| variant.is_sound());
        sound.min_by(|one, other| one.loss().total_cmp(&other.loss()))
    }

    /// What it is called in figures: with the settings that make the best one of several.
    pub fn label(&self) -> String {
        let name = words::method(self.kind);
        let Some(best) = self.best().filter(|_| self.variants.len() > 1) else { return name.to_owned() };
        let runs: Vec<&Run> = self.variants.iter().filter_map(|variant| Some(&variant.records.first()?.run)).collect();
        let varied = crate::runs::differences(&runs).into_iter().map(|(key, _)| key);
        let settings = best.records.first().map(|record| record.run.settings());
        let told = varied.filter(|key| is_method(key)).filter_map(|key| {
            let fact = settings?.get(key)?;
            Some(format!("{} {fact}", words::symbol(key)))
        });
        format!("{name}, best of {}: {}", self.variants.len(), told.collect::<Vec<_>>().join(", "))
    }
}

/// Whether a setting is of the problem.
fn is_problem(key: &str) -> bool {
    let sections = ["data.", "network.", "loss."];
    sections.iter().any(|section| key.starts_with(section))
        || ["precision", "train.batch", "optimizer.l2"].contains(&key)
}

/// Whether a setting is of the method.
fn is_method(key: &str) -> bool {
    key.starts_with("optimizer.") && !is_problem(key)
}

fn chosen(record: &Record, choose: fn(&str) -> bool) -> Vec<(&str, &Fact)> {
    record.run.settings().iter().map(|(key, fact)| (key.as_str(), fact)).filter(|(key, _)| choose(key)).collect()
}

/// Puts runs together, in the order in which they come.
pub fn group(records: &[Record]) -> Vec<Problem<'_>> {
    let mut problems: Vec<Problem> = Vec::new();
    for record in records {
        let settings = chosen(record, is_problem);
        let known = problems.iter_mut().find(|problem| chosen(problem.records[0], is_problem) == settings);
        if let Some(problem) = known {
            problem.records.push(record);
            continue;
        }
        let slug = format!("{}-{}", problems.len() + 1, words::slug(record));
        problems.push(Problem { title: words::title(record), slug, records: vec![record], methods: Vec::new() });
    }
    for problem in &mut problems {
        problem.methods = methods(&problem.records);
    }
    problems
}

fn methods<'a>(records: &[&'a Record]) -> Vec<Method<'a>> {
    let mut methods: Vec<Method> = Vec::new();
    for &record in records {
        let index = methods.iter().position(|method| method.kind == record.kind()).unwrap_or_else(|| {
            methods.push(Method { kind: record.kind(), variants: Vec::new() });
            methods.len() - 1
        });
        let settings = chosen(record, is_method);
        let variants = &mut methods[index].variants;
        let Some(variant) = variants.iter_mut().find(|variant| chosen(variant.records[0], is_method) == settings)
        else {
            variants.push(Variant { records: vec![record] });
            continue;
        };
        match variant.records.iter_mut().find(|known| known.run.seed() == record.run.seed()) {
            Some(known) if known.snapshot.step < record.snapshot.step => *known = record,
            Some(_) => {}
            None => variant.records.push(record),
        }
    }
    methods.sort_by_key(|method| words::rank(method.kind));
    methods
}
