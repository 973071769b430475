//! Modules import only from below: no module of `src/` names one of its own level or of a higher one.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The level of each module.
const LEVELS: [(&str, u8); 12] = [
    ("linalg", 0),
    ("network", 1),
    ("data", 1),
    ("curvature", 2),
    ("optim", 3),
    ("diagnostics", 4),
    ("train", 5),
    ("experiment", 6),
    ("session", 7),
    ("tui", 8),
    ("report", 8),
    ("cli", 9),
];

/// Files that belong to no module.
const EXEMPT: [&str; 2] = ["main", "lib"];

fn level(module: &str) -> Option<u8> {
    LEVELS.iter().find(|(name, _)| *name == module).map(|(_, level)| *level)
}

/// The name that `text` begins with, if any.
fn name(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then_some(&text[..end])
}

/// The first name of every path in `{a::b, c::{d, e}, f}`, from behind its opening brace.
fn names_in_braces(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut depth, mut first) = (1, true);
    for (place, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => first = true,
            c if depth == 1 && first && !c.is_whitespace() => {
                names.extend(name(&text[place..]));
                first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// The modules that the `crate::` paths of a text name, each with its line.
fn imports(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (place, prefix) in text.match_indices("crate::") {
        let inside_a_name = text[..place].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if inside_a_name {
            continue;
        }
        let line = text[..place].matches('\n').count() + 1;
        let rest = &text[place + prefix.len()..];
        let names = match rest.strip_prefix('{') {
            Some(inside) => names_in_braces(inside),
            None => name(rest).into_iter().collect(),
        };
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    found
}

/// What a file of `module` imports and must not.
fn violations(module: &str, text: &str) -> Vec<String> {
    if EXEMPT.contains(&module) {
        return Vec::new();
    }
    let Some(own) = level(module) else { return vec![format!("{module} has no level")] };
    let mut violations = Vec::new();
    for (line, import) in imports(text) {
        match level(import) {
            _ if import == module => {}
            Some(other) if other < own => {}
            Some(other) => {
                violations.push(format!("line {line}: {module} (level {own}) imports {import} (level {other})"));
            }
            None => violations.push(format!("line {line}: {module} imports {import}, which has no level")),
        }
    }
    violations
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn modules_import_only_from_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 50, "{files:?}");
    let mut found = Vec::new();
    for file in files {
        let place = file.strip_prefix(&root).expect("a file below src");
        let first = place.iter().next().expect("a file has a name").to_string_lossy().into_owned();
        let module = first.strip_suffix(".rs").unwrap_or(&first);
        let text = fs::read_to_string(&file).expect("the file can be read");
        found.extend(violations(module, &text).into_iter().map(|what| format!("{}: {what}", place.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_upward_import_is_found_with_its_line() {
    let text = "use crate::linalg::Real;\n\nuse crate::session::Event;\n";
    assert_eq!(violations("network", text), ["line 3: network (level 1) imports session (level 7)"]);
}

#[test]
fn an_import_of_the_same_level_is_found() {
    assert_eq!(violations("data", "use crate::network::Loss;").len(), 1);
    assert_eq!(violations("tui", "use crate::report::Report;").len(), 1);
}

#[test]
fn a_path_within_code_is_found() {
    assert_eq!(violations("optim", "fn f(step: &crate::train::Step) {}").len(), 1);
    assert_eq!(violations("optim", "#[serde(with = \"crate::train::number\")]").len(), 1);
    assert_eq!(violations("optim", "pub(in crate::cli) fn f() {}").len(), 1);
}

#[test]
fn every_path_in_braces_is_found() {
    let text = "use crate::{\n    linalg::{Real, session},\n    session::{Event, cli},\n    cli,\n};\n";
    let found = violations("curvature", text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("session") && found[1].contains("cli"), "{found:?}");
}

#[test]
fn imports_of_the_own_module_and_from_below_are_allowed() {
    let text = "use crate::cli::Error;\nuse crate::{data::Samples, tui, report};\nuse other_crate::main;\n";
    assert_eq!(violations("cli", text), Vec::<String>::new());
    assert_eq!(violations("main", "use crate::cli;"), Vec::<String>::new());
}

#[test]
fn a_module_without_a_level_is_found() {
    assert_eq!(violations("unheard", "").len(), 1);
    assert_eq!(violations("cli", "use crate::unheard::Of;").len(), 1);
}
