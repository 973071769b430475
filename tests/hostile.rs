//! Files made to do harm: those that claim to be larger than they are, that unpack to more than anybody has, or that
//! lead elsewhere. The program refuses each with a message that names the file and what was expected, within a limit
//! of memory that the system holds it to.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use kfra_tui::network::tensors;
use kfra_tui::session::Checkpoint;
use tempfile::TempDir;

/// The most memory the program may map, in KiB: 3 GiB, less than the smallest of these files asks for. A thread that
/// multiplies matrices maps, and hardly touches, twice the last cache of the processor, some of which have 300 MiB.
const LIMIT: &str = "3145728";

/// The program in a folder, within the limit of memory.
fn program(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {LIMIT}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_kfra-tui")]);
    command.args(arguments).current_dir(folder).output().expect("the program starts")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The program succeeds, and says `expected` of what it does without.
#[track_caller]
fn resumed(folder: &Path, expected: &str) {
    let output = program(folder, &["run", "--resume", "out"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(expected), "{said}{}", errors(&output));
}

/// The program refuses its arguments with exit code 2, and says each of `expected`.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], expected: &[&str]) {
    let output = program(folder, arguments);
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for part in expected {
        assert!(errors.contains(part), "{part} is missing: {errors}");
    }
}

/// An experiment of one unit, whose data are a file of the folder.
fn experiment(data: &str) -> String {
    format!(
        "name = \"hostile\"\n[data]\n{data}\ntask = \"autoencode\"\n\
         [network]\nlayers = [{{ units = 1, activation = \"tanh\" }}]\n[loss]\nkind = \"squared_error\"\n\
         [optimizer]\nkind = \"sgd\"\n[train]\nbatch = 10\nupdates = 3\ncheckpoint_every = 1\nthreads = 1\n"
    )
}

/// A folder with a file, and an experiment of it.
fn folder_with(name: &str, contents: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), contents).expect("a file");
    fs::write(folder.path().join("hostile.toml"), experiment(&format!("images = \"{name}\""))).expect("a file");
    folder
}

/// A folder with the run `out` of three updates.
fn folder_with_run() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("hostile.toml"), experiment("source = \"digits\"")).expect("a file");
    let output = program(folder.path(), &["run", "hostile.toml", "--out", "out", "--quiet"]);
    assert!(output.status.success(), "within the limit: {}", errors(&output));
    folder
}

/// The beginning of an IDX file of bytes.
fn idx(sizes: &[u32]) -> Vec<u8> {
    let dimensions = u8::try_from(sizes.len()).expect("few dimensions");
    [0, 0, 8, dimensions].into_iter().chain(sizes.iter().flat_map(|size| size.to_be_bytes())).collect()
}

/// Gzip that unpacks to `beginning` and `mebibytes` of zeros.
fn bomb(beginning: &[u8], mebibytes: usize) -> Vec<u8> {
    let pack = |contents: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(contents).expect("memory grows");
        encoder.finish().expect("memory grows")
    };
    // What several members of a gzip file unpack to follows one another.
    [pack(beginning), pack(&vec![0; 16 << 20]).repeat(mebibytes / 16)].concat()
}

#[test]
fn an_array_that_claims_2_to_the_40_numbers_is_refused() {
    let header = idx(&[1 << 20, 1 << 10, 1 << 10]);
    let expected = ["big.idx", "at byte 4: expected sizes above 0 of less than 4 GiB of values, found [1048576, 1024"];
    for contents in [header.clone(), [&header[..], &vec![0; 1 << 16]].concat()] {
        refused(folder_with("big.idx", &contents).path(), &["check", "hostile.toml"], &expected);
    }
    let expected = ["big.idx.gz", expected[1]];
    refused(folder_with("big.idx.gz", &bomb(&header, 16)).path(), &["run", "hostile.toml", "--out", "out"], &expected);
    // A claim that is allowed, and not kept.
    let folder = folder_with("big.idx", &idx(&[1 << 20, 4000]));
    refused(folder.path(), &["check", "hostile.toml"], &["big.idx", "expected 4194304012 bytes in all, found 12"]);
}

#[test]
fn gzip_that_goes_on_after_what_its_header_says_is_refused() {
    let folder = folder_with("bomb.idx.gz", &bomb(&idx(&[16, 16]), 4096));
    refused(folder.path(), &["check", "hostile.toml"], &["bomb.idx.gz", "at byte 268: expected the end of the file"]);
}

#[test]
fn gzip_that_unpacks_to_a_thousand_times_its_size_is_refused() {
    let folder = folder_with("bomb.idx.gz", &bomb(&idx(&[4096, 1024, 1000]), 4000));
    refused(folder.path(), &["check", "hostile.toml"], &["bomb.idx.gz", "its header claims 4194304016 bytes"]);
}

#[test]
fn a_safetensors_header_of_4_gib_is_refused() {
    let folder = folder_with_run();
    let step = folder.path().join("out").join(Checkpoint::file(3));
    let honest = fs::read(&step).expect("the checkpoint is there");
    // The header is not there; or it is, in a file with a hole in it that takes no room.
    for length in [12, (4 << 30) + 8] {
        fs::write(&step, [&(4_u64 << 30).to_le_bytes()[..], b"{}  "].concat()).expect("a file");
        File::options().write(true).open(&step).and_then(|file| file.set_len(length)).expect("a file");
        let most = if length == 12 { "4" } else { "100000000" };
        let claim = format!("its header claims to be of 4294967296 bytes, expected at most {most}");
        let expected = ["step-3.safetensors", &claim];
        let file = step.to_string_lossy();
        refused(folder.path(), &["run", "--from", &file, "--out", "fork"], &expected);
        refused(
            folder.path(),
            &["inspect", "hostile.toml", "--weights", &file, "--batch", &file, "--out", "o"],
            &expected,
        );
        refused(folder.path(), &["export", "out", "--what", "weights", "--out", "weights.safetensors"], &expected);
        assert!(!folder.path().join("fork").exists() && !folder.path().join("weights.safetensors").exists());
        // What can be used is: the checkpoint before.
        resumed(folder.path(), expected[1]);
    }
    // A hole of 4 GiB where there should be numbers, and numbers that should be there.
    for length in [4_u64 << 30, 60] {
        fs::write(&step, &honest).expect("a file");
        File::options().write(true).open(&step).and_then(|file| file.set_len(length)).expect("a file");
        refused(folder.path(), &["run", "--from", &step.to_string_lossy()], &["step-3.safetensors", "expected "]);
    }
}

#[test]
fn a_link_in_place_of_a_checkpoint_is_refused() {
    let folder = folder_with_run();
    let checkpoints = folder.path().join("out/checkpoints");
    fs::rename(checkpoints.join("step-3.safetensors"), folder.path().join("elsewhere.safetensors")).expect("a file");
    symlink("../../elsewhere.safetensors", checkpoints.join("step-3.safetensors")).expect("a link");
    let file = checkpoints.join("step-3.safetensors");
    let expected = ["step-3.safetensors", "a symbolic link; expected the file itself"];
    refused(folder.path(), &["run", "--from", &file.to_string_lossy(), "--out", "fork"], &expected);
    resumed(folder.path(), expected[1]);
    // The run has its own checkpoint again, and nothing was written through the link.
    assert!(!file.is_symlink() && Checkpoint::read(&file).expect("a checkpoint").step == 3);
    assert_eq!(Checkpoint::read(&folder.path().join("elsewhere.safetensors")).expect("a checkpoint").step, 3);
}

#[test]
fn names_lead_nowhere_else() {
    let folder = folder_with_run();
    for name in ["../escape", "a/b", "..", "/tmp/escape", "a\\u0000b"] {
        let set = format!("name={name:?}");
        refused(folder.path(), &["run", "hostile.toml", "--set", &set], &["name must be", "found"]);
    }
    // Names that a run never gives to a checkpoint are none, whatever they hold.
    let checkpoints = folder.path().join("out/checkpoints");
    for name in ["step-..safetensors", "step--1.safetensors", "step-99999999999999999999.safetensors", "step-4"] {
        fs::copy(checkpoints.join("step-3.safetensors"), checkpoints.join(name)).expect("a file");
    }
    let steps: Vec<_> = Checkpoint::list(&folder.path().join("out")).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [3, 2, 1]);
}

#[test]
fn what_is_no_file_is_not_read() {
    let folder = folder_with_run();
    assert!(tensors::contents(Path::new("/dev/zero")).is_err());
    fs::write(folder.path().join("zero.toml"), experiment("images = \"/dev/zero\"")).expect("a file");
    refused(folder.path(), &["check", "zero.toml"], &["/dev/zero", "expected a regular file"]);
    refused(folder.path(), &["check", "/dev/zero"], &["/dev/zero"]);
    refused(folder.path(), &["run", "--from", "/dev/zero"], &["/dev/zero", "expected a regular file"]);
}
