//! The numbers that a setting can be.

/// A set of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Numbers above 0.
    Positive,
    /// Numbers from 0.
    NonNegative,
    /// Numbers from 0, below 1.
    Fraction,
    /// Numbers from 0 up to 1.
    Share,
    /// 0 or 1: off or on.
    Switch,
    /// Whole numbers from 1.
    Count,
    /// Whole numbers from 0, where 0 means never.
    Period,
}

impl Range {
    /// Whether `value` lies in it.
    pub fn contains(self, value: f64) -> bool {
        let whole = value.fract() == 0.0 && value <= 1e15;
        value.is_finite()
            && match self {
                Self::Positive => value > 0.0,
                Self::NonNegative => value >= 0.0,
                Self::Fraction => (0.0..1.0).contains(&value),
                Self::Share => (0.0..=1.0).contains(&value),
                Self::Switch => [0.0, 1.0].contains(&value),
                Self::Count => whole && value >= 1.0,
                Self::Period => whole && value >= 0.0,
            }
    }

    /// What is expected, in words: `a number above 0`.
    pub fn expectation(self) -> &'static str {
        match self {
            Self::Positive => "a number above 0",
            Self::NonNegative => "a number of at least 0",
            Self::Fraction => "a number from 0, below 1",
            Self::Share => "a number from 0 up to 1",
            Self::Switch => "0 (off) or 1 (on)",
            Self::Count => "a whole number of at least 1",
            Self::Period => "a whole number of at least 0",
        }
    }
}
