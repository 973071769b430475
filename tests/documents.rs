//! Tables in the documents that are made from tables in the code. To make them anew:
//!
//!     BLESS=1 cargo test --test suite documents

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kfra_tui::experiment::{FIELDS, Field};
use kfra_tui::train::Hyperparameter;
use kfra_tui::tui;

/// Makes sure that between two marks of a document there is `expected`, or puts it there.
fn keep(document: &str, mark: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(&path).expect("the document can be read");
    let [begin, end] = [format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->\n")];
    let (before, rest) = text.split_once(&begin).expect("the mark is there");
    let (found, after) = rest.split_once(&end).expect("the other mark is there");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).expect("the document can be written");
    } else {
        assert!(found == expected, "{document} is out of step: BLESS=1 cargo test --test suite documents");
    }
}

/// A cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_readme_lists_the_keys_of_the_program() {
    let mut table = String::new();
    let mut last = "";
    for (heading, keys, help) in tui::keys() {
        if heading != last {
            write!(table, "\n{heading}:\n\n| key | what it does |\n|---|---|\n").unwrap();
            last = heading;
        }
        let keys: Vec<_> = keys.split(' ').map(|key| format!("`{key}`")).collect();
        writeln!(table, "| {} | {} |", cell(&keys.join(" ")), cell(help)).unwrap();
    }
    table.push('\n');
    keep("README.md", "keys", &table);
}

#[test]
fn the_tests_behind_what_is_promised_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/trust.md")).expect("the document can be read");
    let promises: Vec<_> =
        text.lines().filter(|line| line.starts_with("| ") && *line != "| promise | test |").collect();
    assert!(promises.len() > 25, "{}", promises.len());
    for promise in promises {
        let named = promise.split('`').filter_map(|code| code.split_once("::"));
        let exist = named.map(|(file, name)| {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            let (before, _) = source.split_once(&format!("fn {name}()")).unwrap_or_default();
            // Attributes stand between the function and the end of what is before it.
            assert!(before.rsplit('}').next().unwrap().contains("#[test]"), "{file} has no test {name}");
        });
        assert_eq!(exist.count(), 1, "{promise}");
    }
}

#[test]
fn what_documents_link_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "CONTRIBUTING.md", "docs/tour.md", "docs/trust.md", "datasets/README.md"] {
        let text = fs::read_to_string(root.join(document)).expect("the document can be read");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            let file = root.join(document).with_file_name(link);
            assert!(file.exists(), "{document} links to {link}");
        }
    }
}

/// What is said of a field.
fn meaning(field: &Field) -> String {
    let mut text = field.meaning.to_string();
    let choices = field.choices();
    if !choices.is_empty() {
        let names: Vec<_> = choices.iter().map(|name| format!("`{name}`")).collect();
        write!(text, " One of {}.", names.join(", ")).unwrap();
    }
    if !field.takers.is_empty() {
        write!(text, " Only {}.", field.takers.join(", ")).unwrap();
    }
    if Hyperparameter::all().iter().any(|live| live.key() == field.key) {
        text.push_str(" ●");
    }
    text
}

#[test]
fn the_fields_of_an_experiment_are_documented() {
    let mut text = String::new();
    let mut section = None;
    for field in FIELDS.iter() {
        let own = field.key.split_once('.').map_or("", |(section, _)| section);
        if section != Some(own) {
            section = Some(own);
            let heading = if own.is_empty() { "At the top".to_owned() } else { format!("`[{own}]`") };
            writeln!(text, "\n## {heading}\n\n| field | default | what it is |\n|---|---|---|").unwrap();
        }
        let default = match &*field.default {
            "-" => "–".to_owned(),
            "required" => "required".to_owned(),
            value => format!("`{value}`"),
        };
        writeln!(text, "| `{}` | {default} | {} |", field.key, cell(&meaning(field))).unwrap();
    }
    text.push('\n');
    keep("docs/experiment.md", "fields", &text);
}
