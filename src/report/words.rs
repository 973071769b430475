//! What things are called in a report, and how numbers are written.

use super::record::Record;
use crate::runs::Fact;

/// The methods in the order of figures, and their names.
const METHODS: [(&str, &str); 10] = [
    ("kfra", "KFRA"),
    ("kfac", "KFAC"),
    ("kfac (empirical, not the Fisher)", "KFAC (empirical, not the Fisher)"),
    ("kflr", "KFLR"),
    ("ekfac", "EKFAC"),
    ("hessian_free", "Hessian-free"),
    ("adam", "Adam"),
    ("nesterov", "Nesterov"),
    ("momentum", "Momentum"),
    ("sgd", "SGD"),
];

/// The name of a method.
pub fn method(kind: &str) -> &str {
    METHODS.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, name)| name)
}

/// Its place in figures and tables.
pub fn rank(kind: &str) -> usize {
    METHODS.iter().position(|(known, _)| *known == kind).unwrap_or(METHODS.len())
}

/// A setting in brief.
pub fn symbol(key: &str) -> &str {
    match key {
        "optimizer.learning_rate" => "lr",
        "optimizer.decay_period" => "T",
        "optimizer.kronecker_damping" => "γ",
        "optimizer.step_damping" => "τ",
        _ => key.rsplit('.').next().unwrap_or(key),
    }
}

fn source(record: &Record) -> String {
    let known = record.setting("data.source");
    known.or_else(|| record.setting("data.images")).unwrap_or_else(|| "data".to_owned())
}

/// The problem of a run, in words.
pub fn title(record: &Record) -> String {
    let setting = |key: &str| record.setting(key).unwrap_or_default();
    let mut activations: Vec<String> = Vec::new();
    let layers = (1..).map_while(|layer| record.setting(&format!("network.layers.{layer}.activation")));
    for activation in layers.filter(|activation| activation != "identity") {
        if !activations.contains(&activation) {
            activations.push(activation);
        }
    }
    let task = match setting("data.task").as_str() {
        "autoencode" => "autoencoder",
        "classify" => "classifier",
        "odd_even" => "odd or even",
        other => other,
    }
    .to_owned();
    let widths = record.snapshot.run.as_ref().map(|run| run.architecture.summary()).unwrap_or_default();
    let l2 = match record.run.settings().get("optimizer.l2") {
        Some(&Fact::Number(l2)) if l2 > 0.0 => format!(", L2 {l2:e}"),
        _ => String::new(),
    };
    format!(
        "{} {task}: {widths} {}, {}, minibatch {}{l2}",
        words(&source(record)),
        activations.join(" and "),
        words(&setting("loss.kind")),
        setting("train.batch")
    )
}

/// The beginning of a file's name.
pub fn slug(record: &Record) -> String {
    let whole = format!("{}-{}", source(record), record.setting("data.task").unwrap_or_default());
    let name = whole.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A number with four significant digits.
pub fn brief(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).max(0) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.3e}")
    }
}

/// A number of seconds.
pub fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{} ms", brief(1e3 * value)) } else { format!("{} s", brief(value)) }
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    format!("{} %", brief(100.0 * share))
}

/// A table of Markdown.
pub fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let cell = |text: &String| text.replace('|', "\\|").replace('\n', " ");
    let row = |cells: &[String]| format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
    let line = format!("|{}\n", "---|".repeat(head.len()));
    row(head) + &line + &rows.iter().map(|cells| row(cells)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_name_and_a_place() {
        for kind in crate::optim::Kind::all() {
            assert!(METHODS.iter().any(|(known, _)| *known == kind.name()), "{}", kind.name());
        }
    }

    #[test]
    fn numbers_have_four_digits() {
        let shown = [0.0, 1.0, 52.123_456, 543.427, 12345.6, 0.012_345_6, 1e-8, 2.5e9, f64::NAN].map(brief);
        assert_eq!(shown, ["0", "1.000", "52.12", "543.4", "12346", "0.01235", "1.000e-8", "2.500e9", "–"]);
    }

    #[test]
    fn a_table_keeps_its_columns() {
        let text = table(&["a".into(), "b".into()], &[vec!["x|y".into(), "two\nlines".into()]]);
        assert_eq!(text, "| a | b |\n|---|---|\n| x\\|y | two lines |\n");
    }
}
