use std::path::Path;

use super::{Error, Figure, csv, json, png, svg};

/// How figures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table, its numbers separated by commas.
    Csv,
    /// The same as JSON.
    Json,
    /// A drawing.
    Svg,
    /// A picture.
    Png,
}

impl Format {
    /// The format that the ending of a file asks for.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "svg" => Some(Self::Svg),
            "png" => Some(Self::Png),
            _ => None,
        }
    }

    /// Figures in this format. `x`: what x is called in tables.
    ///
    /// # Errors
    /// Where they have no such form.
    pub fn bytes(self, figures: &[Figure], x: &str) -> Result<Vec<u8>, Error> {
        match self {
            Self::Csv => csv(figures, x),
            Self::Json => json(figures),
            Self::Svg => Ok(svg(figures).into_bytes()),
            Self::Png => png(figures),
        }
    }
}
