//! Imports go strictly downward: a module names only modules of a lower level.

use std::path::{Path, PathBuf};

/// The modules at the top, with their levels. The root of the crate and the program itself are free.
const LEVELS: &[(&str, u8)] = &[
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

fn level(module: &str) -> Option<u8> {
    LEVELS.iter().find(|(name, _)| *name == module).map(|(_, level)| *level)
}

/// A source text without its comments.
fn code(source: &str) -> String {
    let line = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
    source.lines().map(line).collect()
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn name(text: &str) -> &str {
    &text[..text.find(|letter| !is_name(letter)).unwrap_or(text.len())]
}

/// The first names of a path or, in braces, of several.
fn heads(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    let Some(group) = text.strip_prefix('{') else { return vec![name(text)] };
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (index, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(name(group[start..index].trim_start()));
                start = index + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The modules at the top that a file names, where its own module lies `depth` below the root.
fn named(source: &str, depth: usize) -> Vec<String> {
    let code = code(source);
    let mut found = Vec::new();
    for (index, _) in code.match_indices("crate::") {
        if !code[..index].ends_with(is_name) {
            found.extend(heads(&code[index + "crate::".len()..]).into_iter().map(str::to_owned));
        }
    }
    // A chain of `super` that is long enough ends at the root too.
    let mut rest = code.as_str();
    while let Some(start) = rest.find("super::") {
        rest = &rest[start..];
        let mut length = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, length) = (after, length + 1);
        }
        if length >= depth {
            found.extend(heads(rest).into_iter().filter(|head| level(head).is_some()).map(str::to_owned));
        }
    }
    found
}

/// What is wrong with the imports of a file; `path` is relative to `src`.
fn violations(path: &Path, source: &str) -> Vec<String> {
    let stem = path.with_extension("");
    let parts: Vec<_> = stem.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let Some(own) = parts.first().filter(|own| !["lib", "main"].contains(&own.as_str())) else { return Vec::new() };
    let Some(above) = level(own) else { return vec![format!("{own} has no level")] };
    let wrong = |other: &String| match level(other) {
        _ if other == own => None,
        None => Some(format!("{} names crate::{other}, which has no level", path.display())),
        Some(below) if below >= above => {
            Some(format!("{} (level {above}) names {other} (level {below})", path.display()))
        }
        Some(_) => None,
    };
    named(source, parts.len()).iter().filter_map(wrong).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_go_strictly_downward() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 100);
    let mut wrong = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        wrong.extend(violations(file.strip_prefix(&root).unwrap(), &source));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_upward_import_is_found_however_it_is_written() {
    for (path, source) in [
        ("linalg/product.rs", "use crate::network::Pass;"),
        ("network.rs", "use crate::data::Dataset;"),
        ("data/idx.rs", "fn f() { let x = crate::network::Init::Glorot; }"),
        ("optim/settings.rs", "use crate::{linalg::Real, train::{self, Step}};"),
        ("optim.rs", "use crate::{\n    linalg::{Real, Stream},\n    curvature,\n    session,\n};"),
        ("session.rs", "pub use super::tui;"),
        ("train/step.rs", "use super::super::{linalg, cli::Error};"),
        ("experiment/check.rs", "use crate::new_module::Thing;"),
        ("new_module.rs", ""),
    ] {
        assert_eq!(violations(Path::new(path), source).len(), 1, "{path}: {source}");
    }
}

#[test]
fn a_downward_import_and_a_comment_are_not() {
    for (path, source) in [
        ("lib.rs", "pub use crate::tui::run;"),
        ("main.rs", "use crate::cli;"),
        ("tui/panes/loss.rs", "use crate::session::Snapshot; use crate::tui::theme; use super::super::cli;"),
        ("network.rs", "/// See [`crate::session`].\nuse crate::linalg; use crate::network::Pass; // crate::cli"),
        ("cli.rs", "mod tests { use super::*; use crate::{tui, experiment::Experiment}; }"),
        ("data.rs", "use other_crate::session;"),
    ] {
        assert_eq!(violations(Path::new(path), source), Vec::<String>::new(), "{path}: {source}");
    }
}

#[test]
fn contributors_are_told_the_same_levels() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md")).unwrap();
    for (module, level) in LEVELS.iter().filter(|(module, _)| *module != "report") {
        let told = guide.lines().filter(|line| line.starts_with("    ")).any(|line| {
            let mut words = line.split_whitespace().map(|word| word.trim_end_matches(','));
            words.by_ref().any(|word| word == *module) && words.any(|word| word == level.to_string())
        });
        assert!(told, "{module} with level {level}");
    }
}
