//! What a figure is, before it is drawn or written as a table.

use serde::Serialize;

/// One chart: curves along runs, bars, or a heat map.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn; without any value it is left out.
    pub curves: Vec<Curve>,
    /// What happened along the runs.
    pub marks: Vec<Mark>,
    /// Lengths in the unit of y, drawn in place of curves where there are any.
    pub bars: Vec<Bar>,
    /// A quantity over the plane of x and y, drawn in place of curves where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heat: Option<Heat>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// The quantity and its unit: `training time (s)`.
    pub label: String,
    /// Whether it is logarithmic.
    pub log: bool,
}

/// A quantity along a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Of which run.
    pub run: String,
    /// Which quantity.
    pub quantity: String,
    /// How it is drawn.
    pub look: Look,
    /// Its values, by x.
    pub points: Vec<Point>,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Values of single updates: their mean within the band from least to largest.
    Noisy,
    /// A line with its points.
    Line,
    /// A thin line in the colour of the curve before it: what bounds that one.
    Bound,
}

/// A value of a curve, of one update or of several neighbouring ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// The value, or the mean of the finite ones; NaN where there is none.
    pub y: f64,
    /// The least value; NaN where there is none.
    pub low: f64,
    /// The largest value; NaN where there is none.
    pub high: f64,
}

/// Something that happened along a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// In which run.
    pub run: String,
    /// Where.
    pub x: f64,
    /// What.
    pub text: String,
}

/// A length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// Of which run.
    pub run: String,
    /// Of what.
    pub name: String,
    /// How much, in the unit of y.
    pub value: f64,
}

/// A quantity at the points of a grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heat {
    /// Of which run.
    pub run: String,
    /// Which quantity, with its unit.
    pub quantity: String,
    /// What x and y are called in tables.
    pub coordinates: [String; 2],
    /// The values of x, at equal distances.
    pub x: Vec<f64>,
    /// The values of y, at equal distances.
    pub y: Vec<f64>,
    /// The quantity, row by row: x runs first.
    pub values: Vec<f64>,
    /// Whether its colours are logarithmic.
    pub log: bool,
    /// A point that is marked.
    pub spot: Option<Spot>,
}

/// A point that is marked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spot {
    /// Where.
    pub x: f64,
    /// Where.
    pub y: f64,
    /// What is there.
    pub text: String,
}

impl Heat {
    /// Every point: x, y and the quantity.
    pub fn points(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        let places = self.y.iter().flat_map(|&y| self.x.iter().map(move |&x| (x, y)));
        places.zip(&self.values).map(|((x, y), &value)| [x, y, value])
    }
}

impl Figure {
    /// Whether there is nothing to be seen in it.
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
            && self.heat.is_none()
            && self.curves.iter().all(|curve| curve.points.iter().all(|point| point.y.is_nan()))
    }
}

/// What x counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Abscissa {
    /// Updates.
    #[default]
    Update,
    /// Passes through the training data.
    Epoch,
    /// Data trained on.
    Sample,
    /// Seconds of training, without evaluation.
    Second,
}

impl Abscissa {
    /// Its name: `update`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Epoch => "epoch",
            Self::Sample => "sample",
            Self::Second => "second",
        }
    }

    /// What is written at the axis, with its unit.
    pub fn label(self) -> &'static str {
        match self {
            Self::Update => "updates",
            Self::Epoch => "epochs",
            Self::Sample => "training data seen",
            Self::Second => "training time (s)",
        }
    }
}
