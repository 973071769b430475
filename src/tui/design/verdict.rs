//! What the check says of the text, kept for drawing.

use crate::experiment::{Document, Estimate, Experiment, FIELDS, Field, Flaw, Mismatch};
use crate::network::Architecture;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The field, or the section; empty where it is neither's.
    pub key: String,
    /// What is wrong, in words.
    pub text: String,
    /// Whether no experiment has this key.
    pub unknown: bool,
    /// Whether another optimizer or source of data takes it.
    pub misplaced: bool,
}

impl Trouble {
    /// What is wrong, in words, where the field is plain to see.
    pub fn beside(&self) -> &str {
        self.text.strip_prefix(&self.key).map_or(&self.text, str::trim_start)
    }
}

/// An experiment with nothing wrong.
#[derive(Clone, Debug)]
pub struct Sound {
    /// The experiment.
    pub experiment: Experiment,
    /// Its network and what it will need; what is missing for that if the data would have to be read.
    pub network: Result<(Architecture, Estimate), Mismatch>,
}

/// What the check says.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    text: String,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
    /// The experiment, if nothing is.
    pub sound: Option<Sound>,
    /// Every field with the value it has where it is not stated, as far as they are known.
    defaults: Option<Document>,
}

impl Verdict {
    /// Checks a document.
    pub fn of(document: &Document, name: &str) -> Self {
        let text = document.text().to_owned();
        match document.check(name) {
            Ok(experiment) => {
                let defaults = whole(&experiment);
                let network = network(&experiment);
                Self { text, troubles: Vec::new(), sound: Some(Sound { experiment, network }), defaults }
            }
            Err(problems) => {
                let trouble = |flaw: &Flaw| Trouble {
                    key: flaw.key().unwrap_or_default().into_owned(),
                    text: flaw.sentence(),
                    unknown: matches!(flaw, Flaw::UnknownKey { .. } | Flaw::Sweep),
                    misplaced: matches!(flaw, Flaw::NotForKind { .. } | Flaw::NotForSource { .. }),
                };
                let troubles: Vec<_> = problems.problems().iter().map(|problem| trouble(&problem.flaw)).collect();
                let mended = mended(document, name).and_then(|experiment| whole(&experiment));
                Self { text, troubles, sound: None, defaults: mended.or_else(|| of_optimizer(document)) }
            }
        }
    }

    /// What is stated although another optimizer or source of data takes it.
    pub fn misplaced(&self) -> impl Iterator<Item = &str> {
        self.troubles.iter().filter(|trouble| trouble.misplaced).map(|trouble| trouble.key.as_str())
    }

    /// Whether it is of this text.
    pub fn is_of(&self, text: &str) -> bool {
        self.text == text
    }

    /// The value that a field has where it is not stated, if that is known.
    pub fn unstated(&self, key: &str) -> Option<String> {
        let sound = self.sound.as_ref();
        let network = || sound?.network.as_ref().ok().map(|(architecture, _)| architecture);
        match key {
            "network.input" => return Some(network()?.inputs().to_string()),
            "network.output" => return Some(network()?.outputs().to_string()),
            _ => {}
        }
        self.defaults.as_ref().and_then(|known| known.plain(key)).or_else(|| {
            let default = &Field::of(key)?.default;
            (!["-", "required"].contains(&&**default)).then(|| default.trim_matches('"').to_owned())
        })
    }
}

/// The network as far as it follows without reading data.
fn network(experiment: &Experiment) -> Result<(Architecture, Estimate), Mismatch> {
    let data = experiment.data.as_ref();
    let known = data.and_then(|data| data.source.known());
    let architecture = experiment.architecture(known.map(|known| known.input), experiment.known_outputs())?;
    let count = data.map_or(0, |data| data.train.unwrap_or(0) + data.validation.unwrap_or(0));
    let estimate = Estimate::new(experiment, &architecture, count);
    Ok((architecture, estimate))
}

/// The experiment of a document with which something is wrong, without what is wrong. None where that is wanted.
fn mended(document: &Document, name: &str) -> Option<Experiment> {
    let mut rest = document.clone();
    loop {
        let problems = match rest.check(name) {
            Ok(experiment) => return Some(experiment),
            Err(problems) => problems,
        };
        let mut wrong = problems.problems().iter().filter_map(|problem| problem.flaw.key());
        // What is taken out one by one comes to an end. A layer goes whole.
        let mut take_out = |key: &str| {
            let layer = (0..rest.layers()).find(|&index| key.starts_with(&Document::layer_key(index, "")));
            match layer {
                Some(index) => rest.remove_layer(index),
                None => rest.remove(key),
            }
        };
        if !wrong.any(|key| take_out(&key)) {
            return None;
        }
    }
}

/// The defaults of the optimizer of a document of which no more is known.
fn of_optimizer(document: &Document) -> Option<Document> {
    let kind = document.plain("optimizer.kind")?;
    let mut template = Document::new();
    (template.remove("optimizer") && template.set_text("optimizer.kind", &kind)).then_some(())?;
    let mut defaults = whole(&template.check("experiment.toml").ok()?)?;
    for field in FIELDS.iter().filter(|field| !field.key.starts_with("optimizer.")) {
        defaults.remove(&field.key);
    }
    Some(defaults)
}

/// All fields of an experiment.
fn whole(experiment: &Experiment) -> Option<Document> {
    Document::parse("experiment.toml", &experiment.to_toml()).ok()
}
