//! The list of layers of a document.

use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, Value};

use super::Document;
use super::lines::{self, Line};
use crate::network::Layer;

const LAYERS: &str = "network.layers";

/// The two ways TOML has to write a list of tables.
enum List<'a> {
    Inline(&'a mut Array),
    Tables(&'a mut ArrayOfTables),
}

impl List<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Inline(items) => items.len(),
            Self::Tables(tables) => tables.len(),
        }
    }
}

fn list(root: &mut Table) -> Option<List<'_>> {
    match root.get_mut("network")?.as_table_like_mut()?.get_mut("layers")? {
        Item::Value(Value::Array(items)) => Some(List::Inline(items)),
        Item::ArrayOfTables(tables) => Some(List::Tables(tables)),
        _ => None,
    }
}

impl Document {
    /// The number of hidden layers.
    pub fn layers(&self) -> usize {
        let network = self.tree.get("network").and_then(Item::as_table_like);
        match network.and_then(|network| network.get("layers")) {
            Some(Item::Value(Value::Array(items))) => items.len(),
            Some(Item::ArrayOfTables(tables)) => tables.len(),
            _ => 0,
        }
    }

    /// The key of a field of the layer at `index`, counted from 0.
    pub fn layer_key(index: usize, field: &str) -> String {
        format!("{LAYERS}.{}.{field}", index + 1)
    }

    /// Adds a layer before the one at `index`, or at the end. Whether that could be done.
    pub fn add_layer(&mut self, index: usize, layer: Layer) -> bool {
        let missing = self.layers() == 0 && self.value(LAYERS).is_none_or(|value| !value.is_array());
        if missing && !self.put(LAYERS, Array::new().into()) {
            return false;
        }
        self.change(|root| {
            let Some(list) = list(root) else { return false };
            let index = index.min(list.len());
            match list {
                List::Inline(items) => {
                    let mut table = InlineTable::new();
                    table.insert("units", units(layer));
                    table.insert("activation", layer.activation.name().into());
                    lines::rearrange(items, |lines| lines.insert(index, Line::like(lines, table.into())));
                }
                List::Tables(tables) => {
                    let mut table = Table::new();
                    table.insert("units", Item::Value(units(layer)));
                    table.insert("activation", Item::Value(layer.activation.name().into()));
                    tables.insert(index, table);
                }
            }
            true
        })
    }

    /// Takes out the layer at `index` with its comments. Whether there was one.
    pub fn remove_layer(&mut self, index: usize) -> bool {
        self.change(|root| match list(root) {
            Some(List::Inline(items)) if index < items.len() => {
                lines::rearrange(items, |lines| drop(lines.remove(index)));
                true
            }
            Some(List::Tables(tables)) if index < tables.len() => {
                tables.remove(index);
                true
            }
            _ => false,
        })
    }

    /// Exchanges the layers at `index` and at `other`, with their comments. Whether there are both.
    pub fn swap_layers(&mut self, index: usize, other: usize) -> bool {
        let (low, high) = (index.min(other), index.max(other));
        low < high
            && self.change(|root| match list(root) {
                Some(List::Inline(items)) if high < items.len() => {
                    lines::rearrange(items, |lines| lines.swap(low, high));
                    true
                }
                Some(List::Tables(tables)) if high < tables.len() => {
                    swap_tables(tables, low, high);
                    true
                }
                _ => false,
            })
    }
}

fn units(layer: Layer) -> Value {
    i64::try_from(layer.units).unwrap_or(i64::MAX).into()
}

fn swap_tables(tables: &mut ArrayOfTables, low: usize, high: usize) {
    let Some(mut moved) = tables.get(high).cloned() else { return };
    let mut exchange = |index, moved: &mut Table| {
        if let Some(table) = tables.get_mut(index) {
            std::mem::swap(table, moved);
            let (here, there) = (moved.position(), table.position());
            table.set_position(here);
            moved.set_position(there);
        }
    };
    exchange(low, &mut moved);
    exchange(high, &mut moved);
}
