use std::collections::BTreeSet;

use super::*;

const BASE: &str = r#"
[data]
source = "digits"
task = "classify"
[network]
layers = [{ units = 5, activation = "tanh" }]
[loss]
kind = "categorical"
[optimizer]
kind = "adam"
[train]
batch = 100
updates = 40
"#;

/// A folder with a base and a sweep.
fn sweep(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("base.toml"), BASE).unwrap();
    std::fs::write(folder.path().join("grid.toml"), text).unwrap();
    folder
}

fn read(text: &str, scale: &str, overrides: &[&str]) -> Result<Sweep, Problems> {
    let folder = sweep(text);
    let overrides: Vec<_> = overrides.iter().map(|&one| one.to_owned()).collect();
    Sweep::read(&folder.path().join("grid.toml"), scale, &overrides)
}

const GRID: &str = r#"
base = "base.toml"
seeds = 2

[set]
train.updates = 30

[grid]
optimizer.learning_rate = [1e-3, 3e-3, 1e-2]
"optimizer.decay_period" = [10, 20]

[scale.smoke]
seeds = [7]
set = { train.updates = 3 }
[scale.smoke.grid]
optimizer.learning_rate = [1e-3]
"#;

#[test]
fn a_sweep_has_every_combination_the_seeds_fastest() {
    let sweep = read(GRID, FULL, &[]).unwrap();
    assert_eq!((sweep.name.as_str(), sweep.runs.len()), ("grid", 3 * 2 * 2));
    let told: Vec<_> =
        sweep.runs.iter().map(|run| run.settings.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(told[0], ["0.001", "10", "1"]);
    assert_eq!(told[1], ["0.001", "10", "2"]);
    assert_eq!(told[2], ["0.001", "20", "1"]);
    assert_eq!(told[11], ["0.01", "20", "2"]);
    let last = &sweep.runs[11].experiment;
    assert_eq!((last.seed, last.train.updates, last.name.as_str()), (2, 30, "base"));
    let crate::optim::Method::FirstOrder(adam) = &last.optimizer.method else { panic!("{last:?}") };
    assert_eq!((adam.learning_rate, adam.decay_period), (0.01, 20));
    assert!(sweep.shortened.is_empty() && sweep.runs.iter().all(|run| run.shortened.is_empty()));
}

#[test]
fn folders_are_named_by_settings_alone_and_differ() {
    let one = read(GRID, FULL, &[]).unwrap();
    let other = read(&format!("{GRID}\n# another text in another folder\n"), FULL, &["train.threads=2"]).unwrap();
    let names = |sweep: &Sweep| sweep.runs.iter().map(|run| run.folder.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    assert_eq!(names(&one).into_iter().collect::<BTreeSet<_>>().len(), 12);
    // The name stays what it is while the meaning of settings does.
    assert!(
        one.runs[0].folder.starts_with("base-learning_rate=0.001,decay_period=10,seed=1-"),
        "{}",
        one.runs[0].folder
    );
    let changed = read(GRID, FULL, &["optimizer.l2=0.5"]).unwrap();
    assert!(names(&one).iter().all(|name| !names(&changed).contains(name)));
}

#[test]
fn a_scale_shortens_and_says_what() {
    let sweep = read(GRID, "smoke", &[]).unwrap();
    assert_eq!(sweep.runs.len(), 2);
    assert_eq!((sweep.runs[0].experiment.seed, sweep.runs[0].experiment.train.updates), (7, 3));
    let told =
        |what: &str, full: &str, here: &str| Shortening { what: what.into(), full: full.into(), here: here.into() };
    assert_eq!(sweep.runs[0].shortened, [told("train.updates", "30", "3")]);
    assert_eq!(sweep.shortened, [told("points of the grid", "6", "2"), told("seeds", "2", "1")]);
}

#[test]
fn lists_and_bases_are_axes_too() {
    let text = r#"
base = ["base.toml", "./base.toml"]
[[list]]
train.batch = 10
[[list]]
train.batch = 20
network.layers.1.units = 7
"#;
    let problems = read(text, FULL, &[]).unwrap_err().to_string();
    assert!(problems.contains("different from each other") && problems.contains("run 1 once more"), "{problems}");
    let one = read(&text.replace(r#"["base.toml", "./base.toml"]"#, r#""base.toml""#), FULL, &[]).unwrap();
    assert_eq!(one.runs.iter().map(|run| run.experiment.train.batch).collect::<Vec<_>>(), [10, 20]);
    assert_eq!(one.runs[1].experiment.network.hidden[0].units, 7);
}

#[test]
fn whole_sections_are_values_of_a_grid() {
    let text = "base = \"base.toml\"\ngrid.optimizer = [{ kind = \"kfra\" }, { kind = \"kfac\", samples = 2 }]\n";
    let sweep = read(text, FULL, &[]).unwrap();
    assert_eq!(sweep.runs.iter().map(|run| run.settings[0].1.as_str()).collect::<Vec<_>>(), ["kfra", "kfac"]);
    assert!(sweep.runs[1].folder.starts_with("base-optimizer=kfac-"));
}

#[test]
fn what_is_wrong_is_shown_in_the_sweep() {
    for (text, parts) in [
        ("", &["base is missing", "grid.toml:1:1"][..]),
        ("base = \"none.toml\"", &["grid.toml:1:8", "none.toml", "cannot be read"]),
        ("base = 3", &["base must be the name of an experiment file", "found 3"]),
        ("base = \"base.toml\"\nseed = 3", &["grid.toml:2:1", "unknown key `seed`", "seeds"]),
        ("base = \"base.toml\"\nseeds = 0", &["grid.toml:2:9", "a whole number of at least 1", "found 0"]),
        (
            "base = \"base.toml\"\n[grid]\ntrain.batch = 3",
            &["grid.toml:3:15", "grid.train.batch must be a list of values"],
        ),
        ("base = \"base.toml\"\n[grid]\ntrain.batch = []", &["at least one value", "found none"]),
        (
            "base = \"base.toml\"\n[grid]\ntrain.batch = [10, -1]",
            &["grid.toml:3:20", "train.batch must be", "found -1"],
        ),
        (
            "base = \"base.toml\"\n[grid]\ntrain.bach = [10]",
            &["grid.toml:3:7", "unknown key `train.bach`", "did you mean `batch`"],
        ),
        ("base = \"base.toml\"\n[set]\nnetwork.layers.9.units = 3", &["grid.toml:3:", "a layer by its number"]),
        ("base = \"base.toml\"\nseeds = [1, 1]", &["grid.toml:2:13", "different from each other"]),
        ("base = \"base.toml\"\nseeds = 2\n[grid]\nseed = [1]", &["seed must be stated on one axis alone"]),
        ("base = \"base.toml\"\ndiverged = 0.5", &["grid.toml:2:12", "a number above 1, or 0 for never"]),
        ("base = \"base.toml\"\nname = \"a/b\"", &["grid.toml:2:8", "letters, digits"]),
        ("base = \"base.toml\"\nseeds = 90000\ngrid.seed = [1,2]", &["the sweep must be of at most 100000 runs"]),
        ("base = \"base.toml\"\n[scale.full]\nseeds = 1", &["another name: full is what the file says"]),
        ("base = \"base.toml\"\n[scale.smoke]\nsede = 1", &["unknown key `scale.smoke.sede`"]),
        ("base = \"base.toml", &["syntax error"]),
    ] {
        let problems = read(text, FULL, &[]).unwrap_err().to_string();
        for part in parts {
            assert!(problems.contains(part), "{text}\n{part}\n{problems}");
        }
    }
    let problems = read("base = \"base.toml\"", "smoke", &[]).unwrap_err().to_string();
    assert!(
        problems.contains("the scale must be one of full") && problems.contains("\"smoke\" asked for"),
        "{problems}"
    );
    let problems = read("base = \"base.toml\"", FULL, &["train.batch=0"]).unwrap_err().to_string();
    assert!(problems.contains("--set:1:13"), "{problems}");
    // What every run has a value of its own for.
    for varied in ["optimizer.learning_rate=1e-4", "optimizer . decay_period = 5", "seed=3"] {
        let problems = read(GRID, FULL, &[varied]).unwrap_err().to_string();
        assert!(problems.contains("--set:1:1") && problems.contains("that the sweep does not vary"), "{problems}");
    }
    assert!(read(GRID, FULL, &["optimizer.epsilon=1e-6"]).is_ok());
}

#[test]
fn every_sweep_of_the_project_expands_at_every_scale() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/reproduce");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        for scale in ["smoke", "short", FULL] {
            let sweep = Sweep::read(&file, scale, &[]).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(!sweep.runs.is_empty());
            assert_eq!(sweep.name, file.file_stem().unwrap().to_str().unwrap());
            count += 1;
        }
    }
    assert!(count >= 3 * 6, "{count}");
}
