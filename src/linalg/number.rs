//! Numbers in the run log, which JSON only has for finite values: others are written as the strings
//! `"NaN"`, `"inf"` and `"-inf"`. For `#[serde(with = "…")]`.

use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes a number, or the string for one that is not finite.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.collect_str(value) }
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// Those of the deserializer, and a string that is not a number.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(value) => Ok(value),
        Written::Text(text) => text.parse().map_err(de::Error::custom),
    }
}
