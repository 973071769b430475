use proptest::prelude::*;

use super::*;
use crate::experiment::FIELDS;
use crate::network::{Activation, Layer};

const TANH: Layer = Layer { units: 7, activation: Activation::Tanh };

fn document(text: &str) -> Document {
    Document::parse("test.toml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every experiment file of the project.
fn files() -> Vec<String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/experiments")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn comments(text: &str) -> Vec<String> {
    let mut comments: Vec<_> =
        text.lines().filter_map(|line| Some(line.split_once('#')?.1.trim().to_owned())).collect();
    comments.sort();
    comments
}

#[test]
fn the_template_is_an_experiment_that_runs_at_once() {
    let experiment = Document::new().check("new.toml").unwrap();
    let architecture = experiment.architecture(Some(64), experiment.known_outputs()).unwrap();
    assert_eq!(architecture.summary(), "64-32-8-32-64");
}

#[test]
fn a_text_that_is_not_changed_stays_as_it_is() {
    for text in files() {
        assert_eq!(document(&text).text(), text);
    }
    for text in ["", "a=1", "\r\n[a]\r\nb  =  'x' # c\r\n", "# only a comment"] {
        assert_eq!(document(text).text(), text);
    }
}

#[test]
fn what_is_not_toml_is_told_with_its_place() {
    let text = Document::parse("wrong.toml", "seed = \n").unwrap_err().to_string();
    assert!(text.contains("wrong.toml:1:"), "{text}");
}

#[test]
fn a_value_is_changed_in_its_place() {
    let text = "# head\n\n[optimizer]\nkind   = 'kfra'   # the method\n# of weights\nl2 = 1e-5\n";
    let mut document = document(text);
    assert!(document.set("optimizer.l2", "1e-4"));
    assert!(document.set_text("optimizer.kind", "kflr"));
    assert_eq!(document.text(), text.replace("1e-5", "1e-4").replace("'kfra'", "\"kflr\""));
}

#[test]
fn a_new_value_finds_its_section() {
    let mut document = document("# head\n\n[data] # of it\nsource = \"digits\"\n");
    assert!(document.set("seed", "3"));
    assert!(document.set("diagnostics.rank.every", "10"));
    assert!(document.set("diagnostics.rank.data", "20"));
    let expected = "# head\n\nseed = 3\n\n[data] # of it\nsource = \"digits\"\n\n\
                    [diagnostics]\nrank = { every = 10, data = 20 }\n";
    assert_eq!(document.text(), expected);
}

#[test]
fn a_value_that_is_taken_out_leaves_the_comments_above_it() {
    let text = "# head\n\nname = \"a\"\n\n[optimizer] # m\n# above\nkind = \"sgd\" # of kind\n# of l2\nl2 = 0.1\n";
    let mut document = document(text);
    for key in ["name", "optimizer.kind", "optimizer.l2"] {
        assert!(document.remove(key));
        assert!(!document.remove(key));
    }
    assert_eq!(comments(document.text()), ["above", "head", "m", "of l2"]);
    let mut document = self::document("d = { a = 1, b = 2 }\n");
    assert!(document.remove("d.b"));
    assert_eq!(document.get("d").as_deref(), Some("{ a = 1 }"));
    assert!(document.remove("d.a"));
    assert_eq!(document.text(), "");
}

#[test]
fn layers_are_added_moved_and_taken_out_in_the_layout_of_the_list() {
    let text = "[network]\nlayers = [\n    { units = 9, activation = \"relu\" }, # first\n    \
                { units = 8, activation = \"elu\" },\n]\n";
    let mut document = document(text);
    assert!(document.add_layer(1, TANH));
    let layer = |units, name| format!("    {{ units = {units}, activation = \"{name}\" }},");
    let lines: Vec<_> = document.text().lines().skip(2).map(str::to_owned).collect();
    assert_eq!(lines, [layer(9, "relu") + " # first", layer(7, "tanh"), layer(8, "elu"), "]".to_owned()]);
    assert!(document.swap_layers(0, 2));
    let lines: Vec<_> = document.text().lines().skip(2).map(str::to_owned).collect();
    assert_eq!(lines, [layer(8, "elu"), layer(7, "tanh"), layer(9, "relu") + " # first", "]".to_owned()]);
    assert!(document.remove_layer(2) && document.remove_layer(0));
    assert_eq!(document.text(), "[network]\nlayers = [\n    { units = 7, activation = \"tanh\" },\n]\n");
}

#[test]
fn a_list_on_one_line_stays_on_one_line() {
    let mut document = document("network = { layers = [{ units = 9, activation = \"relu\" }] } # c\n");
    assert!(document.add_layer(0, TANH) && document.add_layer(2, TANH) && document.swap_layers(0, 1));
    let tanh = "{ units = 7, activation = \"tanh\" }";
    let expected = format!("network = {{ layers = [{{ units = 9, activation = \"relu\" }}, {tanh}, {tanh}] }} # c\n");
    assert_eq!(document.text(), expected);
}

#[test]
fn layers_are_those_of_either_way_to_write_them() {
    let inline = "[network]\nlayers = [{ units = 9, activation = \"relu\" }]\nbias = false\n";
    let tables = "[network]\nbias = false\n[[network.layers]] # a\nunits = 9\nactivation = \"relu\"\n[loss]\n";
    for text in [inline, tables] {
        let mut document = document(text);
        assert!(document.add_layer(9, TANH) && document.add_layer(0, TANH));
        assert_eq!(document.layers(), 3);
        assert!(document.set("network.layers.1.units", "3"));
        assert!(document.swap_layers(0, 1));
        let units = |document: &Document| {
            (0..document.layers()).map(|i| document.get(&Document::layer_key(i, "units")).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(units(&document), ["9", "3", "7"]);
        assert!(document.remove_layer(1));
        assert_eq!(units(&document), ["9", "7"]);
        assert!(!document.remove_layer(2) && !document.swap_layers(0, 2) && !document.swap_layers(1, 1));
        assert!(!document.set("network.layers.3.units", "1"));
        assert_eq!(document.get("network.bias").as_deref(), Some("false"));
    }
    let mut empty = document("network = 3\n");
    assert!(empty.add_layer(0, TANH));
    assert_eq!(empty.get("network.layers.1.units").as_deref(), Some("7"));
}

#[test]
fn what_is_not_a_value_becomes_text_and_is_shown_without_quotes() {
    let mut document = Document::new();
    assert!(document.set("optimizer.l2", "1e"));
    assert_eq!(document.get("optimizer.l2").as_deref(), Some("\"1e\""));
    assert_eq!(document.plain("optimizer.l2").as_deref(), Some("1e"));
    let text = document.check("new.toml").unwrap_err().to_string();
    assert!(text.contains("optimizer.l2 must be a number of at least 0"), "{text}");
}

fn key() -> impl Strategy<Value = String> {
    let keys = FIELDS.iter().map(|field| field.key.replace("layers.", "layers.2.")).collect::<Vec<_>>();
    prop_oneof![8 => prop::sample::select(keys), 1 => "[a-c\\[\\]1.\"]{0,6}"]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,3}",
        prop::sample::select(vec![
            "true",
            "1e-5",
            "\"kfra\"",
            "'a'",
            "[1, 2]",
            "{ every = 3 }",
            "1 # c",
            "\"\"\"\na\"\"\""
        ])
        .prop_map(str::to_owned),
        "[ -~é]{0,12}",
    ]
}

#[derive(Clone, Debug)]
enum Edit {
    Set(String, String),
    Text(String, String),
    Remove(String),
    Add(usize),
    Take(usize),
    Swap(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (key(), value()).prop_map(|(key, value)| Edit::Set(key, value)),
        (key(), value()).prop_map(|(key, value)| Edit::Text(key, value)),
        key().prop_map(Edit::Remove),
        (0..9_usize).prop_map(Edit::Add),
        (0..9_usize).prop_map(Edit::Take),
        (0..9_usize, 0..9_usize).prop_map(|(a, b)| Edit::Swap(a, b)),
    ]
}

fn start() -> impl Strategy<Value = String> {
    let mut texts = files();
    texts.extend(
        [
            "",
            "# a\n\n# b\n[optimizer]\n# c\nkind = \"sgd\"\n# end\n",
            "optimizer.kind = \"sgd\" # a\nnetwork = { layers = [], bias = true }\ndiagnostics.rank.every = 3\n",
            "[[network.layers]]\nunits = 3\n# a\n[[network.layers]]\nunits = 4\n[diagnostics.rank]\nevery = 3 # b\n",
        ]
        .map(str::to_owned),
    );
    prop::sample::select(texts)
}

proptest! {
    #[test]
    fn whatever_is_edited_it_stays_toml_and_what_is_set_is_read_back(
        text in start(),
        edits in prop::collection::vec(edit(), 1..12),
    ) {
        let mut document = document(&text);
        for edit in edits {
            match edit {
                Edit::Set(key, value) => {
                    if document.set(&key, &value) {
                        let expected = value.trim().parse::<Value>().map_or(value, |parsed| match parsed.as_str() {
                            Some(text) if !text.contains('\n') => text.to_owned(),
                            _ => parsed.to_string().trim().to_owned(),
                        });
                        prop_assert_eq!(document.plain(&key), Some(expected), "{}", document.text());
                    }
                }
                Edit::Text(key, value) => {
                    if document.set_text(&key, &value) && !value.contains('\n') {
                        prop_assert_eq!(document.plain(&key), Some(value), "{}", document.text());
                    }
                }
                Edit::Remove(key) => {
                    if document.remove(&key) {
                        prop_assert_eq!(document.get(&key), None, "{}", document.text());
                    }
                }
                Edit::Add(index) => {
                    document.add_layer(index, TANH);
                }
                Edit::Take(index) => {
                    document.remove_layer(index);
                }
                Edit::Swap(a, b) => {
                    document.swap_layers(a, b);
                }
            }
            let again = Document::parse("test.toml", document.text());
            prop_assert!(again.is_ok(), "{}", document.text());
        }
    }

    #[test]
    fn a_comment_survives_every_change_of_values(
        text in prop::sample::select(files()),
        changes in prop::collection::vec((key(), value()), 1..9),
    ) {
        let mut document = document(&text);
        let before = comments(&text);
        for (key, value) in changes {
            // A whole section that is replaced takes its comments along.
            let section = document.get(&key).is_some_and(|value| value.starts_with(['{', '[']));
            if !section && !value.contains('#') {
                document.set(&key, &value);
            }
        }
        let after = comments(document.text());
        prop_assert!(before.iter().all(|comment| after.contains(comment)), "{}", document.text());
    }

    #[test]
    fn an_experiment_stated_field_by_field_is_the_same_experiment(text in prop::sample::select(files())) {
        let experiment = document(&text).check("test.toml").unwrap();
        let resolved = document(&experiment.to_toml());
        let mut stated = document("");
        for (index, layer) in experiment.network.hidden.iter().enumerate() {
            prop_assert!(stated.add_layer(index, *layer));
        }
        for field in FIELDS.iter() {
            // A section, or the layers, which are there.
            let sections = FIELDS.iter().any(|other| other.key.starts_with(&format!("{}.", field.key)));
            if let (false, Some(value)) = (sections, resolved.get(&field.key)) {
                prop_assert!(stated.set(&field.key, &value));
            }
        }
        prop_assert_eq!(stated.check("test.toml").map_err(|problems| problems.to_string()), Ok(experiment));
    }
}
