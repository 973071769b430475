//! `inspect` on every reference case: each number against automatic differentiation, in more digits than
//! double precision has where that would lose them.

use std::path::Path;
use std::process::Command;

use kfra_tui::network::tensors;

/// Of each tensor's largest entry.
const TOLERANCE: f64 = 1e-9;

fn inspect(case: &Path, out: &Path) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.arg("inspect").arg(case.join("case.toml")).arg("--weights").arg(case.join("weights.safetensors"));
    command.arg("--batch").arg(case.join("batch.safetensors")).arg("--out").arg(out);
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn every_quantity_agrees_with_automatic_differentiation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut cases: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    assert!(cases.len() >= 14);
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.safetensors");
        assert!(inspect(&case, &out), "{}", case.display());
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
    }
}
