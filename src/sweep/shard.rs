//! A share of the runs of a sweep.

use std::str::FromStr;

/// The share `index` of `count`: every `count`-th run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// All runs.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Whether the run of a place in the list, from 0, belongs to it.
    pub fn has(self, place: usize) -> bool {
        place % self.count == self.index - 1
    }
}

/// A text that is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected i/n with i from 1 to n, as in 2/8")]
pub struct NotAShard;

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let (index, count) = text.split_once('/').ok_or(NotAShard)?;
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| NotAShard);
        let shard = Self { index: number(index)?, count: number(count)? };
        if (1..=shard.count).contains(&shard.index) { Ok(shard) } else { Err(NotAShard) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_partition_every_list_exactly() {
        for (runs, count) in [(0, 3), (1, 1), (12, 5), (12, 12), (7, 20), (100, 7)] {
            let shards: Vec<_> = (1..=count).map(|index| Shard { index, count }).collect();
            for place in 0..runs {
                assert_eq!(shards.iter().filter(|shard| shard.has(place)).count(), 1, "{place} of {runs}/{count}");
            }
        }
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, count: 8 }));
        for text in ["", "2", "0/3", "4/3", "a/b", "1/0", "-1/2"] {
            assert_eq!(text.parse::<Shard>(), Err(NotAShard), "{text}");
        }
    }
}
