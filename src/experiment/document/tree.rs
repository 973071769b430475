//! Reading and changing the tree of a document along the parts of a key.

use toml_edit::{Decor, InlineTable, Item, Table, TableLike, Value};

use super::path::Part;

/// The value at a place; sections and lists of sections become inline ones.
pub fn get(table: &dyn TableLike, parts: &[Part]) -> Option<Value> {
    let (part, rest) = parts.split_first()?;
    let item = table.get(part.name)?;
    let Some(number) = part.item else {
        return if rest.is_empty() { item.clone().into_value().ok() } else { get(item.as_table_like()?, rest) };
    };
    match item {
        Item::Value(Value::Array(items)) => {
            let element = items.get(number)?;
            if rest.is_empty() { Some(element.clone()) } else { get(element.as_inline_table()?, rest) }
        }
        Item::ArrayOfTables(tables) => {
            let element = tables.get(number)?;
            if rest.is_empty() { Some(element.clone().into_inline_table().into()) } else { get(element, rest) }
        }
        _ => None,
    }
}

/// Puts a value at a place in the file; sections that are not there are made. Whether there is that place.
pub fn put(root: &mut Table, parts: &[Part], value: Value) -> bool {
    if let [Part { name, item: None }] = parts
        && !root.contains_key(name)
    {
        return put_first(root, name, value);
    }
    if let [Part { name, item: None }, _, ..] = parts
        && !root.get(name).is_some_and(Item::is_table_like)
    {
        root.insert(name, Item::Table(Table::new()));
    }
    put_below(root, parts, value, false)
}

/// Puts a value at the top of the file, below what is said of the whole file.
fn put_first(root: &mut Table, name: &str, value: Value) -> bool {
    let bare = root.get_values().is_empty();
    root.insert(name, Item::Value(value));
    if !bare {
        return true;
    }
    let header = first_table(root).map(Table::decor_mut).map(|decor| {
        let prefix = prefix(decor);
        let (header, rest) = prefix.rfind("\n\n").map_or(("", &*prefix), |end| prefix.split_at(end + 2));
        let header = header.to_owned();
        decor.set_prefix(if rest.starts_with('\n') { rest.to_owned() } else { format!("\n{rest}") });
        header
    });
    if let (Some(header), Some(mut key)) = (header, root.key_mut(name)) {
        key.leaf_decor_mut().set_prefix(header);
    }
    true
}

/// The table whose header comes first.
fn first_table(table: &mut Table) -> Option<&mut Table> {
    let mut tables = Vec::new();
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(below) => {
                if below.is_implicit() || below.is_dotted() {
                    tables.extend(first_table(below));
                } else {
                    tables.push(below);
                }
            }
            Item::ArrayOfTables(below) => tables.extend(below.iter_mut().next()),
            _ => {}
        }
    }
    tables.into_iter().min_by_key(|table| table.position())
}

fn prefix(decor: &Decor) -> String {
    decor.prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned()
}

fn suffix(decor: &Decor) -> String {
    decor.suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned()
}

/// As [`put`], in a table that is `inline` or not; sections that are not there are made inline.
fn put_below(table: &mut dyn TableLike, parts: &[Part], value: Value, inline: bool) -> bool {
    let Some((part, rest)) = parts.split_first() else { return false };
    if let Some(number) = part.item {
        return match table.get_mut(part.name) {
            Some(Item::Value(Value::Array(items))) => items.get_mut(number).is_some_and(|element| {
                if rest.is_empty() {
                    replace(element, value);
                    return true;
                }
                if !element.is_inline_table() {
                    replace(element, InlineTable::new().into());
                }
                element.as_inline_table_mut().is_some_and(|element| put_below(element, rest, value, true))
            }),
            Some(Item::ArrayOfTables(tables)) => {
                tables.get_mut(number).is_some_and(|element| put_below(element, rest, value, false))
            }
            _ => false,
        };
    }
    if rest.is_empty() {
        match table.get_mut(part.name) {
            Some(Item::Value(old)) => replace(old, value),
            Some(other) => *other = Item::Value(value),
            None => append(table, part.name, value, inline),
        }
        return true;
    }
    match table.get_mut(part.name) {
        Some(below) if below.is_table_like() => {}
        Some(other) => *other = Item::Value(InlineTable::new().into()),
        None => append(table, part.name, InlineTable::new().into(), inline),
    }
    let Some(below) = table.get_mut(part.name) else { return false };
    let inline = below.is_inline_table();
    below.as_table_like_mut().is_some_and(|below| put_below(below, rest, value, inline))
}

/// Another value in place of one, in the same surroundings.
fn replace(old: &mut Value, mut new: Value) {
    *new.decor_mut() = old.decor().clone();
    *old = new;
}

/// Adds a value at the end of a table.
fn append(table: &mut dyn TableLike, name: &str, mut value: Value, inline: bool) {
    let last = table.iter_mut().last().and_then(|(_, item)| item.as_value_mut().map(Value::decor_mut));
    // The blank before the closing brace stays before it.
    if let (true, Some(decor)) = (inline, last)
        && suffix(decor).trim().is_empty()
    {
        *value.decor_mut() = Decor::new(" ", suffix(decor));
        decor.set_suffix("");
    }
    table.insert(name, Item::Value(value));
}

/// Takes out what is at a place, and inline sections that become empty. Whether anything was there.
pub fn remove(root: &mut Table, parts: &[Part]) -> bool {
    if let [Part { name, item: None }] = parts {
        return take(root, name, true);
    }
    remove_below(root, parts)
}

fn remove_below(table: &mut dyn TableLike, parts: &[Part]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return false };
    match (table.get_mut(part.name), part.item, rest) {
        (Some(_), None, []) => table.remove(part.name).is_some(),
        (Some(Item::Table(below)), None, [Part { name, item: None }]) => take(below, name, false),
        (Some(item), None, _) => {
            let done = if let Some(below) = item.as_inline_table_mut() {
                remove_inline(below, rest)
            } else {
                item.as_table_like_mut().is_some_and(|below| remove_below(below, rest))
            };
            if done && item.as_inline_table().is_some_and(InlineTable::is_empty) {
                table.remove(part.name);
            }
            done
        }
        (Some(Item::Value(Value::Array(items))), Some(number), [_, ..]) => {
            let element = items.get_mut(number).and_then(Value::as_inline_table_mut);
            element.is_some_and(|element| remove_inline(element, rest))
        }
        (Some(Item::ArrayOfTables(tables)), Some(number), [_, ..]) => {
            tables.get_mut(number).is_some_and(|element| remove_below(element, rest))
        }
        _ => false,
    }
}

/// As [`remove_below`]; the blank before the closing brace stays.
fn remove_inline(table: &mut InlineTable, parts: &[Part]) -> bool {
    let end = table.iter().last().map(|(_, value)| suffix(value.decor()));
    let done = remove_below(table, parts);
    if let (Some(end), Some((_, last))) = (end, table.iter_mut().last()) {
        last.decor_mut().set_suffix(end);
    }
    done
}

/// Takes a value or a section out of a table, the `top` one or another, and leaves the comment that stands
/// above it.
fn take(table: &mut Table, name: &str, top: bool) -> bool {
    let above = table.key(name).map(|key| prefix(key.leaf_decor())).unwrap_or_default();
    let values: Vec<_> = table.iter().filter(|(_, item)| item.is_value()).map(|(key, _)| key.to_owned()).collect();
    let place = values.iter().position(|key| key == name).unwrap_or(values.len());
    let (before, after) = (place.checked_sub(1).and_then(|place| values.get(place)), values.get(place + 1));
    if table.remove(name).is_none() {
        return false;
    }
    if !above.contains('#') {
        return true;
    }
    let lines = format!("\n{}", above.trim_end_matches('\n'));
    if let Some(mut key) = after.and_then(|after| table.key_mut(after)) {
        let decor = key.leaf_decor_mut();
        decor.set_prefix(above + &prefix(decor));
    } else if let Some(value) = before.and_then(|before| table.get_mut(before)?.as_value_mut()) {
        let decor = value.decor_mut();
        decor.set_suffix(suffix(decor) + &lines);
    } else if !top {
        let decor = table.decor_mut();
        decor.set_suffix(suffix(decor) + &lines);
    } else if let Some(decor) = first_table(table).map(Table::decor_mut) {
        decor.set_prefix(above + &prefix(decor));
    }
    true
}
