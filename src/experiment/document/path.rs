//! Where a key leads: `network.layers[2].units`.

/// A part of a key between dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The name in its table.
    pub name: &'a str,
    /// Which item of a list, counted from 0.
    pub item: Option<usize>,
}

/// The parts of a key; `None` where it is not one.
pub fn parts(key: &str) -> Option<Vec<Part<'_>>> {
    key.split('.').map(part).collect()
}

fn part(text: &str) -> Option<Part<'_>> {
    let (name, item) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        Some((name, number)) => (name, Some(number.parse::<usize>().ok()?.checked_sub(1)?)),
        None => (text, None),
    };
    (!name.is_empty()).then_some(Part { name, item })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_through_sections_and_lists() {
        let part = |name, item| Part { name, item };
        assert_eq!(parts("optimizer.l2"), Some(vec![part("optimizer", None), part("l2", None)]));
        let layer = vec![part("network", None), part("layers", Some(1)), part("units", None)];
        assert_eq!(parts("network.layers[2].units"), Some(layer));
        for wrong in ["", "a..b", "a[0]", "a[x]", "[1]"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
