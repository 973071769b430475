//! The digits embedded in the program: 1,797 images of 8 × 8 pixels (Alpaydin & Kaynak 1998).

use super::user::Pool;
use super::{Error, Task, checksum, contents};

static CONTENTS: &[u8] = include_bytes!("../../datasets/digits/digits.csv.gz");

/// The MD5 checksum of the packed file.
const CHECKSUM: &str = "9b335364a7bfd63947c7480a5bd51f2d";

/// Bytes that are embedded, and whether they are as published.
pub(super) fn embedded() -> (u64, bool) {
    (CONTENTS.len() as u64, checksum::md5(&[CONTENTS]) == CHECKSUM)
}

/// Bytes of its contents.
const BYTES: usize = 264_712;
/// Pixels an image.
const PIXELS: usize = 64;

/// The digits, pixels 0 … 16 scaled to [0, 1].
///
/// # Errors
/// [`Error::Digits`] if the program was built from a damaged copy.
pub(super) fn load(task: Task) -> Result<Pool, Error> {
    let contents =
        contents::unpack(CONTENTS, CONTENTS.len() as u64, |_| Ok(BYTES)).map_err(|_| Error::Digits { line: 0 })?;
    let (mut inputs, mut labels) = (Vec::new(), Vec::new());
    for (index, line) in contents.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let problem = || Error::Digits { line: index + 1 };
        let numbers: Vec<u8> = str::from_utf8(line)
            .map_err(|_| problem())?
            .trim_end()
            .split(',')
            .map(|number| number.parse().map_err(|_| problem()))
            .collect::<Result<_, _>>()?;
        match numbers.split_last() {
            Some((&label, pixels)) if label < 10 && pixels.len() == PIXELS && pixels.iter().all(|&p| p <= 16) => {
                inputs.extend(pixels.iter().map(|&pixel| f32::from(pixel) / 16.0));
                labels.push(u16::from(label));
            }
            _ => return Err(problem()),
        }
    }
    let labels = (task != Task::Autoencode).then_some(labels);
    Ok(Pool { name: "digits".to_owned(), inputs, width: PIXELS, image: Some((8, 8)), labels, numbers: None })
}
