//! Modules import only from below: no module of `src/` names one of its own level or of a higher one.

use std::fs;
use std::path::{Path, PathBuf};

/// The level of each module.
const LEVELS: [(&str, u8); 15] = [
    ("linalg", 0),
    ("network", 1),
    ("data", 1),
    ("curvature", 2),
    ("optim", 3),
    ("diagnostics", 4),
    ("train", 5),
    ("experiment", 6),
    ("session", 7),
    ("runs", 8),
    ("export", 9),
    ("sweep", 9),
    ("tui", 10),
    ("report", 10),
    ("cli", 11),
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

/// Where every path in `{a::b, c::{d, e}, f}` begins, from behind its opening brace.
fn branches(text: &str) -> Vec<&str> {
    let mut branches = Vec::new();
    let (mut depth, mut first) = (1, true);
    for (place, c) in text.char_indices() {
        if depth == 1 && first && !c.is_whitespace() && c != '}' {
            branches.push(&text[place..]);
            first = false;
        }
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => first = true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    branches
}

/// What a path that begins `depth` modules below the root of the crate names right below the root.
fn below_root(path: &str, depth: usize) -> Vec<&str> {
    if let Some(inside) = path.strip_prefix('{') {
        return branches(inside).into_iter().flat_map(|branch| below_root(branch, depth)).collect();
    }
    if let Some(rest) = path.strip_prefix("self::") {
        return below_root(rest, depth);
    }
    match path.strip_prefix("super::") {
        Some(rest) if depth > 0 => below_root(rest, depth - 1),
        None if depth == 0 && path.starts_with('*') => vec!["*"],
        None if depth == 0 => name(path).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// How many inline modules the end of a text lies in; each ends with a brace below its beginning.
fn inline_modules(text: &str) -> usize {
    let mut open = Vec::new();
    for line in text.lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if code.ends_with('{') && code.split(' ').take(2).any(|word| word == "mod") {
            open.push(indent);
        } else if code == "}" && open.last() == Some(&indent) {
            open.pop();
        }
    }
    open.len()
}

/// The modules that the `crate::` and `super::` paths of a text name, each with its line; `depth`: how far
/// below the root the text's own module is.
fn imports(text: &str, depth: usize) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for prefix in ["crate::", "super::"] {
        for (place, _) in text.match_indices(prefix) {
            let before = &text[..place];
            let goes_on = before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                || before.strip_suffix("::").is_some_and(|before| before.ends_with("super"));
            if goes_on {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            let names = match text[place..].strip_prefix("crate::") {
                Some(rest) => below_root(rest, 0),
                None => below_root(&text[place..], depth + inline_modules(before)),
            };
            found.extend(names.into_iter().map(|name| (line, name)));
        }
    }
    found
}

/// What a file imports and must not; `path`: its module, as in `optim::settings`.
fn violations(path: &str, text: &str) -> Vec<String> {
    let module = name(path).unwrap_or(path);
    if EXEMPT.contains(&module) {
        return Vec::new();
    }
    let Some(own) = level(module) else { return vec![format!("{module} has no level")] };
    let mut violations = Vec::new();
    for (line, import) in imports(text, path.split("::").count()) {
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
        let names: Vec<_> = place.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let text = fs::read_to_string(&file).expect("the file can be read");
        found.extend(
            violations(&names.join("::"), &text).into_iter().map(|what| format!("{}: {what}", place.display())),
        );
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
fn a_path_that_climbs_to_the_root_is_found() {
    for text in [
        "use super::super::tui::Options;",
        "use self::super::super::tui;",
        "use super::{super::tui, other};",
        "use super::super::{linalg, tui::{self, Options}};",
        "fn f(options: &super::super::tui::Options) {}",
        "mod tests {\n    use super::super::super::tui;\n}",
        "mod tests {\n    use super::*;\n}\nuse super::super::tui;",
        "use super::super::*;",
        "use crate::*;",
    ] {
        assert_eq!(violations("optim::settings", text).len(), 1, "{text}");
    }
    assert_eq!(violations("optim", "use super::tui;").len(), 1);
    assert_eq!(violations("optim", "use super::tui;"), violations("optim", "use crate::tui;"));
}

#[test]
fn a_path_that_stays_within_its_module_or_leads_down_is_allowed() {
    for text in [
        "use super::tui;",
        "use super::{tui, super::linalg};",
        "use super::super::optim::damping;",
        "pub(super) fn f() {}",
        "mod tests {\n    use super::super::tui;\n    mod inner {\n        use super::super::super::tui;\n    }\n}",
    ] {
        assert_eq!(violations("optim::settings", text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(violations("optim", "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"), Vec::<String>::new());
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
