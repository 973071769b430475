//! Where a key leads: `network.layers.2.units`.

/// A name of a key, with the number that may follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The name in its table.
    pub name: &'a str,
    /// Which item of a list, counted from 0.
    pub item: Option<usize>,
}

/// The parts of a key; `None` where it is not one.
pub fn parts(key: &str) -> Option<Vec<Part<'_>>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for text in key.split('.') {
        if let Ok(number) = text.parse::<usize>() {
            let list = parts.last_mut().filter(|list| list.item.is_none())?;
            list.item = Some(number.checked_sub(1)?);
        } else if text.is_empty() {
            return None;
        } else {
            parts.push(Part { name: text, item: None });
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_through_sections_and_lists() {
        let part = |name, item| Part { name, item };
        assert_eq!(parts("optimizer.l2"), Some(vec![part("optimizer", None), part("l2", None)]));
        let layer = vec![part("network", None), part("layers", Some(1)), part("units", None)];
        assert_eq!(parts("network.layers.2.units"), Some(layer));
        for wrong in ["", "a..b", "a.0", "a.1.1", "1", "1.a"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
