//! The checksums of the lines of a log.

use std::io::Write as _;

use crc32c::{crc32c, crc32c_append};
use serde::{Deserialize, Serialize};

/// What stands between the event and the digits of its checksum.
const KEY: &[u8] = br#","crc32c":""#;
/// How many digits.
const DIGITS: usize = 8;
/// What stands after them.
const END: &[u8] = b"\"}\n";

/// The CRC-32C of a log, as far as it was written or read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checksum(u32);

/// A line does not have the checksum that it states.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The checksum it states.
    pub stated: u32,
    /// The checksum it has.
    pub found: u32,
    /// The byte of the line that is wrong, if it is one alone.
    pub byte: Option<usize>,
}

impl Checksum {
    /// Takes in the bytes that follow.
    pub fn take(&mut self, bytes: &[u8]) {
        self.0 = crc32c_append(self.0, bytes);
    }

    /// Makes a JSON object a line of the log, the next one.
    pub fn seal(&mut self, line: &mut Vec<u8>) {
        line.pop();
        self.take(line);
        let body = line.len();
        line.extend_from_slice(KEY);
        // Writing to memory does not fail.
        let _ = write!(line, "{:08x}", self.0);
        line.extend_from_slice(END);
        self.take(&line[body..]);
    }

    /// Takes in the next line of a log; whether it has a checksum.
    ///
    /// # Errors
    /// Where it states another than it has.
    pub fn check(&mut self, line: &[u8]) -> Result<bool, Wrong> {
        let Some((body, stated)) = parts(line) else {
            self.take(line);
            return Ok(false);
        };
        let found = crc32c_append(self.0, body);
        if found != stated {
            return Err(Wrong { stated, found, byte: culprit(body.len(), found ^ stated) });
        }
        self.0 = crc32c_append(found, &line[body.len()..]);
        Ok(true)
    }
}

/// The event of a line without its last brace, and the checksum that the line states.
fn parts(line: &[u8]) -> Option<(&[u8], u32)> {
    let rest = line.strip_suffix(END)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    let body = rest.strip_suffix(KEY)?;
    let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let stated = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    lower.then_some((body, stated))
}

/// Which byte of so many was changed, if a change of one alone makes this difference of checksums.
///
/// The difference is what the register holds when an error of one byte has entered it and zeros have followed:
/// these are taken back one after the other, until one byte is left.
fn culprit(length: usize, mut difference: u32) -> Option<usize> {
    let table: [u32; 256] = std::array::from_fn(|byte| crc32c(&[byte as u8]) ^ crc32c(&[0]));
    (0..length).rev().find(|_| {
        // The first bytes of the entries are all different.
        let index = table.iter().position(|entry| entry >> 24 == difference >> 24).unwrap_or(0);
        let one_byte = table[index] == difference;
        difference = ((difference ^ table[index]) << 8) | index as u32;
        one_byte
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Vec<Vec<u8>> {
        let mut checksum = Checksum::default();
        let sealed = lines.iter().map(|line| {
            let mut line = line.as_bytes().to_vec();
            checksum.seal(&mut line);
            line
        });
        sealed.collect()
    }

    const LINES: [&str; 3] = [r#"{"event":"paused","step":7}"#, r#"{"text":"λ \" , }"}"#, r#"{"event":"resumed"}"#];

    #[test]
    fn a_line_states_the_checksum_of_the_log_up_to_it() {
        let sealed = log(&LINES);
        let whole = sealed.concat();
        let text = String::from_utf8(whole.clone()).unwrap();
        for (place, _) in text.match_indices(r#","crc32c":""#) {
            let stated = &text[place + 11..place + 19];
            assert_eq!(stated, format!("{:08x}", crc32c(&whole[..place])));
        }
        let mut checksum = Checksum::default();
        for (line, json) in sealed.iter().zip(LINES) {
            assert_eq!(checksum.check(line), Ok(true));
            let mut value: serde_json::Value = serde_json::from_slice(line).unwrap();
            value.as_object_mut().unwrap().remove("crc32c").unwrap();
            assert_eq!(value, serde_json::from_str::<serde_json::Value>(json).unwrap());
        }
        assert_eq!(checksum, Checksum(crc32c(&whole)));
    }

    #[test]
    fn one_byte_that_was_changed_is_found() {
        let line = log(&LINES[..1]).remove(0);
        let body = line.len() - KEY.len() - DIGITS - END.len();
        for index in 0..body {
            for flip in 1..=255 {
                let mut changed = line.clone();
                changed[index] ^= flip;
                let wrong = Checksum::default().check(&changed).unwrap_err();
                assert_eq!(wrong.byte, Some(index), "{flip}");
            }
        }
    }

    #[test]
    fn a_line_that_is_lost_or_out_of_place_is_noticed() {
        let sealed = log(&LINES);
        for order in [&[1][..], &[0, 2], &[0, 1, 1], &[0, 0]] {
            let mut checksum = Checksum::default();
            let (last, before) = order.split_last().unwrap();
            assert!(before.iter().all(|&index| checksum.check(&sealed[index]) == Ok(true)));
            assert!(checksum.check(&sealed[*last]).is_err(), "{order:?}");
        }
    }

    #[test]
    fn a_line_without_a_checksum_is_told_from_one_with_a_wrong_one() {
        for line in ["", "\n", "{}\n", "{\"crc32c\":\"00000000\"}\n", "{\"a\":1,\"crc32c\":\"0000000A\"}\n"] {
            assert_eq!(Checksum::default().check(line.as_bytes()), Ok(false), "{line}");
        }
        assert!(Checksum::default().check(b"{\"a\":1,\"crc32c\":\"00000000\"}\n").is_err());
    }
}
