//! The text of an experiment file as something to edit: what is changed is changed in its place, and
//! comments, layout and the order of keys stay.

mod layers;
mod lines;
mod path;
mod tree;

#[cfg(test)]
mod tests;

use std::path::Path;

use toml_edit::{DocumentMut, Table, Value};

use super::{Experiment, Flaw, Origin, Problem, Problems, read};

/// What a new experiment begins with.
const TEMPLATE: &str = r#"# An experiment of kfra-tui.

[data]
source = "digits"
task = "autoencode"

[network]
layers = [
    { units = 32, activation = "tanh" },
    { units = 8, activation = "identity" }, # the code is linear
    { units = 32, activation = "tanh" },
]

[loss]
kind = "bernoulli"

[optimizer]
kind = "kfra"
l2 = 1e-5

[train]
batch = 500
updates = 500
"#;

/// An experiment file that is being edited. It is TOML at all times, and not always an experiment.
///
/// Keys are those of [`FIELDS`](super::FIELDS), and a layer is named by its number, from 1, as messages do:
/// `network.layers.2.units`.
#[derive(Clone, Debug)]
pub struct Document {
    tree: DocumentMut,
    text: String,
    /// Whether lines end as on Windows.
    carriage_returns: bool,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    /// A small experiment to start from: an autoencoder of the embedded digits.
    pub fn new() -> Self {
        Self { tree: TEMPLATE.parse().unwrap_or_default(), text: TEMPLATE.to_owned(), carriage_returns: false }
    }

    /// The document of a `text`; `name` is the file's, for messages.
    ///
    /// # Errors
    /// Where it is not TOML.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let tree = text.parse::<DocumentMut>().map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let flaw = Flaw::Syntax { message: error.message().to_owned() };
            let origin = Some(Origin { source: 0, start: span.start, end: span.end });
            Problems { sources: vec![(name.to_owned(), text.to_owned())], problems: vec![Problem { flaw, origin }] }
        })?;
        Ok(Self { tree, text: text.to_owned(), carriage_returns: text.contains("\r\n") })
    }

    /// The document of a file.
    ///
    /// # Errors
    /// Where it cannot be read, or is not TOML.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        Self::parse(&file.display().to_string(), &read::text(file)?)
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The experiment that the text describes. `name` is the file's, as for [`Experiment::parse`].
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with it.
    pub fn check(&self, name: &str) -> Result<Experiment, Problems> {
        Experiment::parse(name, &self.text, &[])
    }

    /// What is stated for a key, as TOML writes it; a section is written as an inline table. `None` where
    /// nothing is.
    pub fn get(&self, key: &str) -> Option<String> {
        self.value(key).map(|value| value.to_string().trim().to_owned())
    }

    /// What is stated for a key, as somebody would type it: text without its quotes.
    pub fn plain(&self, key: &str) -> Option<String> {
        let value = self.value(key)?;
        match value.as_str() {
            Some(text) if !text.chars().any(char::is_control) => Some(text.to_owned()),
            _ => Some(value.to_string().trim().to_owned()),
        }
    }

    fn value(&self, key: &str) -> Option<Value> {
        tree::get(self.tree.as_table(), &path::parts(key)?).map(|mut value| {
            value.decor_mut().clear();
            value
        })
    }

    /// States a value, written as in TOML. What is not a value of TOML is taken as text, so that the check of
    /// the experiment can tell what is wrong with it. Whether there is a place for it: layers have to be
    /// added before.
    pub fn set(&mut self, key: &str, value: &str) -> bool {
        match value.trim().parse() {
            Ok(parsed) => self.put(key, parsed),
            Err(_) => self.set_text(key, value),
        }
    }

    /// States a text, given without quotes. Whether there is a place for it.
    pub fn set_text(&mut self, key: &str, text: &str) -> bool {
        self.put(key, text.into())
    }

    fn put(&mut self, key: &str, value: Value) -> bool {
        self.change(|root| path::parts(key).is_some_and(|parts| tree::put(root, &parts, value)))
    }

    /// Takes out what is stated for a key; a comment on lines of its own stays. Whether anything was.
    pub fn remove(&mut self, key: &str) -> bool {
        self.change(|root| path::parts(key).is_some_and(|parts| tree::remove(root, &parts)))
    }

    /// Makes a change if there is one to make and what comes out is TOML.
    fn change(&mut self, change: impl FnOnce(&mut Table) -> bool) -> bool {
        let mut tree = self.tree.clone();
        if !change(tree.as_table_mut()) {
            return false;
        }
        let mut text = tree.to_string();
        if self.carriage_returns {
            text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        match text.parse() {
            Ok(tree) => {
                (self.tree, self.text) = (tree, text);
                true
            }
            Err(_) => false,
        }
    }
}
