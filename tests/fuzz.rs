//! Every parser on damaged input: the seeds of `fuzz/corpus` and some hundred changes of them for each target of
//! `fuzz/targets.rs`, within the same bounds of time and memory; `KFRA_TUI_CHANGES=100000` for more. `fuzz/run` has
//! libFuzzer look for worse.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use kfra_tui::linalg::Stream;

/// What parsers are known to stumble over.
const WORDS: [&[u8]; 12] = [
    b"\0",
    b"\n",
    b"\"",
    b"[[",
    b"{}",
    b"-1",
    b"1e999",
    b"nan",
    b"18446744073709551616",
    b"\xff\xff\xff\xff",
    b"(",
    b"=",
];

/// The seeds of a target, in the order of their names.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).expect("there are seeds").map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a seed")).collect()
}

/// One of the seeds, changed in one to four places.
fn change(seeds: &[Vec<u8>], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = seeds[stream.below(seeds.len())].clone();
    for _ in 0..=stream.below(4) {
        let place = stream.below(bytes.len() + 1);
        let end = place + stream.below((bytes.len() - place).min(64) + 1);
        match stream.below(7) {
            0 if place < bytes.len() => bytes[place] ^= 1 << stream.below(8),
            1 if place < bytes.len() => bytes[place] = stream.below(256) as u8,
            2 => drop(bytes.drain(place..end)),
            3 => {
                let copy = bytes[place..end].to_vec();
                bytes.splice(place..place, copy);
            }
            4 => drop(bytes.splice(place..end, WORDS[stream.below(WORDS.len())].iter().copied())),
            5 => bytes.truncate(place),
            _ => {
                let other = &seeds[stream.below(seeds.len())];
                bytes.truncate(place);
                bytes.extend(&other[stream.below(other.len() + 1)..]);
            }
        }
    }
    bytes
}

#[test]
fn no_input_is_too_much_for_any_parser() {
    let changes = std::env::var("KFRA_TUI_CHANGES").map_or(300, |changes| changes.parse().expect("a number"));
    for &(name, target) in targets::TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() > 2, "{name} has {} seeds", seeds.len());
        let mut stream = Stream::new(1, name, 0);
        let changed = (0..changes).map(|_| change(&seeds, &mut stream));
        for input in seeds.iter().cloned().chain(changed) {
            let outcome = catch_unwind(AssertUnwindSafe(|| targets::bounded(target, &input)));
            assert!(outcome.is_ok(), "{name}: {:?}", String::from_utf8_lossy(&input));
        }
    }
}
