//! `inspect` on every reference case: each number against automatic differentiation in double precision.

use std::path::{Path, PathBuf};
use std::process::Command;

use kfra_tui::network::tensors;

/// Of each tensor's largest entry.
const TOLERANCE: f64 = 1e-9;

fn inspect(case: &Path) -> PathBuf {
    let folder = tempfile::tempdir().unwrap().keep();
    let out = folder.join("out.safetensors");
    let status = Command::new(env!("CARGO_BIN_EXE_kfra-tui"))
        .arg("inspect")
        .arg(case.join("case.toml"))
        .args([Path::new("--weights"), &case.join("weights.safetensors")])
        .args([Path::new("--batch"), &case.join("batch.safetensors")])
        .args([Path::new("--out"), &out])
        .status()
        .unwrap();
    assert!(status.success(), "{}", case.display());
    out
}

#[test]
fn every_quantity_agrees_with_automatic_differentiation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut cases: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    assert!(cases.len() >= 8);
    for case in cases {
        let out = inspect(&case);
        let found = tensors::read(&out).unwrap();
        let expected = tensors::read(&case.join("expected.safetensors")).unwrap();
        let names = |tensors: &tensors::Tensors| tensors.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected), "{}", case.display());
        for (name, expected) in &expected {
            let found = &found[name];
            assert_eq!(found.shape(), expected.shape(), "{}: {name}", case.display());
            let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let error = found.iter().zip(expected).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
            assert!(error <= TOLERANCE * largest, "{}: {name}: off by {error:e} of {largest:e}", case.display());
        }
        std::fs::remove_dir_all(out.parent().unwrap()).unwrap();
    }
}
