//! The items of a list with the comments that belong to them, so that they can be rearranged together.

use toml_edit::{Array, RawString, Value};

/// An item of a list.
pub struct Line {
    /// Blanks, and comments on lines of their own, before it.
    above: String,
    value: Value,
    /// The comment behind it on its line.
    tail: String,
}

impl Line {
    /// A value set out like the last of some lines, without comments.
    pub fn like(lines: &[Self], value: Value) -> Self {
        let above = lines.last().map_or("", |line| &line.above);
        let above = above.rfind('\n').map_or("", |start| &above[start..]).to_owned();
        Self { above, value, tail: String::new() }
    }
}

/// The comment of the line before, if there is one, and the rest.
fn split(text: &str) -> (&str, &str) {
    let head = text.split_at(text.find('\n').unwrap_or(text.len()));
    if head.0.contains('#') { head } else { ("", text) }
}

/// Changes which items a list has and in which order; each keeps its comments.
pub fn rearrange(items: &mut Array, change: impl FnOnce(&mut Vec<Line>)) {
    let mut trailing = items.trailing().as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<Line> = Vec::new();
    let mut opening = String::new();
    for item in items.iter() {
        let mut value = item.clone();
        let text = |part: Option<&RawString>| part.and_then(RawString::as_str).unwrap_or_default().to_owned();
        let (prefix, suffix) = (text(item.decor().prefix()), text(item.decor().suffix()));
        let (head, above) = split(&prefix);
        match lines.last_mut() {
            Some(before) => before.tail.push_str(head),
            None => opening.push_str(head),
        }
        value.decor_mut().clear();
        lines.push(Line { above: above.to_owned(), value, tail: String::new() });
        // What stands between an item and its comma, or the bracket.
        let (tail, rest) = split(&suffix);
        if let Some(line) = lines.last_mut() {
            line.tail.push_str(tail);
        }
        if lines.len() == items.len() {
            trailing.insert_str(0, rest);
        }
    }
    let (tail, rest) = split(&trailing);
    let mut closing = rest.to_owned();
    if let Some(last) = lines.last_mut() {
        last.tail.push_str(tail);
    } else {
        opening.push_str(tail);
    }
    let blank = lines.first().map_or_else(String::new, |line| line.above.replace(|c: char| c != ' ', ""));
    change(&mut lines);
    items.clear();
    let mut tail = opening;
    for (index, line) in lines.into_iter().enumerate() {
        let above = match index {
            _ if line.above.contains('\n') => &line.above,
            0 if tail.is_empty() => &blank,
            _ => " ",
        };
        items.push_formatted(line.value.decorated(joined(&tail, above), ""));
        tail = line.tail;
    }
    closing = joined(&tail, &closing);
    items.set_trailing(closing);
}

/// A comment and what follows, on a line of its own.
fn joined(tail: &str, rest: &str) -> String {
    if tail.is_empty() || rest.starts_with('\n') { format!("{tail}{rest}") } else { format!("{tail}\n{rest}") }
}
