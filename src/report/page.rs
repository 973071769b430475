//! The page of a report, and the files beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::findings::{self, Finding, Verdict};
use super::problem::Problem;
use super::record::Record;
use super::words::table;
use super::{Error, alignment, curves, plots, surfaces, tables, words};
use crate::export::{self, Abscissa, Figure};

/// What a report is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The page.
    pub page: PathBuf,
    /// Runs that were read.
    pub runs: usize,
    /// Files beside the page, by name.
    pub files: Vec<String>,
    /// What could not be read, with the reason.
    pub unread: Vec<String>,
}

/// A report that is being written.
struct Page<'a> {
    out: &'a Path,
    text: String,
    files: Vec<String>,
}

/// Figures in one file.
struct Plate<'a> {
    /// The end of the file's name.
    name: &'static str,
    /// What their x axes have.
    x: &'static str,
    figures: Vec<Figure>,
    caption: &'a str,
    /// The runs that are shown.
    of: Vec<&'a Record>,
}

/// Writes everything.
pub fn write(records: &[Record], problems: &[Problem], unread: &[String], out: &Path) -> Result<Contents, Error> {
    let earlier = earlier(out)?;
    std::fs::create_dir_all(out).map_err(|source| Error::Folder { path: out.to_owned(), source })?;
    let mut page = Page { out, text: String::from("# Report\n"), files: Vec::new() };
    page.paragraph(&origin(records));
    let convexity: Vec<_> = problems.iter().filter_map(tables::convexity).collect();
    page.findings(problems, &convexity);
    for problem in problems {
        page.problem(problem)?;
    }
    if !convexity.is_empty() {
        page.heading("Convexity within layers");
        page.paragraph("Extremes of the Hessian blocks over all updates at which they were measured. Of a block that is decomposed all eigenvalues are known; of the others the extreme ones are the Ritz values of a Lanczos iteration, so that one with λ min ≥ 0 may have a negative eigenvalue that it did not find.");
        page.paragraph(&tables::convexities(&convexity));
    }
    page.runs(records, unread)?;
    export::write(&out.join(NAMES[0]), page.text.as_bytes(), true)?;
    for path in earlier.iter().filter(|name| !page.files.contains(name)).map(|name| out.join(name)) {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => return Err(Error::Remove { path, source }),
            _ => {}
        }
    }
    Ok(Contents { page: out.join(NAMES[0]), runs: records.len(), files: page.files, unread: unread.to_vec() })
}

/// The page, and the table of all runs.
const NAMES: [&str; 2] = ["report.md", "runs.csv"];

/// What every page has, and nothing else.
const ORIGIN: &str = "runs of kfra-tui";

/// The figures of the report that was in the folder before, and their tables, by name.
///
/// # Errors
/// What would be written over is of no report.
fn earlier(out: &Path) -> Result<Vec<String>, Error> {
    let [page, runs] = NAMES.map(|name| out.join(name));
    match std::fs::read_to_string(&page) {
        Ok(text) if text.contains(ORIGIN) => {
            let links = text.split("](").filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
            Ok(links.filter(|link| is_plate(link)).map(str::to_owned).collect())
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !runs.exists() => Ok(Vec::new()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Foreign { path: runs }),
        _ => Err(Error::Foreign { path: page }),
    }
}

/// Whether a link is to a figure that a report wrote, or to its table: `1-mnist-autoencode-phases.svg`.
fn is_plate(link: &str) -> bool {
    link.starts_with(|first: char| first.is_ascii_digit())
        && !link.contains(['/', '\\'])
        && [".svg", ".csv"].iter().any(|end| link.ends_with(end))
}

/// Where the runs were made, and by which program.
fn origin(records: &[Record]) -> String {
    let infos = || records.iter().filter_map(|record| record.snapshot.run.as_ref());
    let machine = |info: &crate::session::event::RunInfo| {
        format!("{}, {} cores, {}", info.machine.processor, info.machine.cores, info.machine.system)
    };
    let machines: BTreeSet<_> = infos().map(machine).collect();
    let versions: BTreeSet<_> = infos().map(|info| info.version.clone()).collect();
    let seeds: BTreeSet<_> = infos().map(|info| info.seed).collect();
    let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join("; ");
    let seeds = seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{} {ORIGIN} {}, seeds {seeds}, on: {}.", records.len(), joined(versions), joined(machines))
}

/// In what the runs of a figure are shorter than at full scale; each with the methods it is of.
fn shortened(shown: &[&Record]) -> String {
    let mut found: Vec<(String, BTreeMap<usize, &str>)> = Vec::new();
    let mut all = BTreeMap::new();
    for record in shown {
        let method = [(words::rank(record.kind()), words::method(record.kind()))];
        all.extend(method);
        for one in &record.shortened {
            let text = format!("{} {} → {}", one.what, one.full, one.here);
            match found.iter_mut().find(|(known, _)| *known == text) {
                Some((_, methods)) => methods.extend(method),
                None => found.push((text, BTreeMap::from(method))),
            }
        }
    }
    let told = found.into_iter().map(|(text, methods)| {
        let names: Vec<_> = methods.values().copied().collect();
        if methods == all { text } else { format!("{text} ({})", names.join(", ")) }
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { String::new() } else { format!("*Shortened:* {}.", told.join("; ")) }
}

impl Page<'_> {
    fn heading(&mut self, text: &str) {
        self.text += &["\n## ", text, "\n"].concat();
    }

    fn subheading(&mut self, text: &str) {
        self.text += &["\n### ", text, "\n"].concat();
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.text += &["\n", text.trim_end(), "\n"].concat();
        }
    }

    fn findings(&mut self, problems: &[Problem], convexity: &[tables::Convexity]) {
        self.heading("Findings of the paper");
        self.paragraph("Botev, Ritter & Barber (2017). Each is computed from the runs of this report; means over seeds, of each method the settings that are best where the methods are compared.");
        let all = findings::all(problems, convexity).into_iter();
        let (unmeasured, measured): (Vec<_>, Vec<_>) = all.partition(|one| one.verdict == Verdict::NotMeasured);
        let row = |one: Finding| {
            let verdict = if one.shortened {
                format!("{} (shortened runs)", one.verdict.words())
            } else {
                one.verdict.words().to_owned()
            };
            vec![one.claim.to_owned(), one.problem, verdict, one.numbers]
        };
        if !measured.is_empty() {
            let head = ["finding", "problem", "here", "numbers"].map(str::to_owned);
            self.paragraph(&table(&head, &measured.into_iter().map(row).collect::<Vec<_>>()));
        }
        if !unmeasured.is_empty() {
            let head = [Verdict::NotMeasured.words(), "needs"].map(str::to_owned);
            let rows: Vec<_> = unmeasured.into_iter().map(|one| vec![one.claim.to_owned(), one.numbers]).collect();
            self.paragraph(&table(&head, &rows));
        }
    }

    fn problem(&mut self, problem: &Problem) -> Result<(), Error> {
        self.heading(&problem.title);
        self.losses(problem)?;
        self.ranks(problem)?;
        self.alignment(problem)?;
        self.surfaces(problem)?;
        self.timing(problem)?;
        self.subheading("Settings");
        self.paragraph("Those in which the best runs differ.");
        self.paragraph(&tables::settings(problem));
        Ok(())
    }

    fn losses(&mut self, problem: &Problem) -> Result<(), Error> {
        for (x, name) in [(Abscissa::Update, "loss-updates"), (Abscissa::Second, "loss-seconds")] {
            self.plate(problem, Plate {
                name,
                x: x.name(),
                figures: curves::figures(problem, x),
                caption: "Loss of each method with its best settings, mean over seeds; the band is the spread of all its settings of which no seed diverged.",
                of: problem.compared(),
            })?;
        }
        self.paragraph(&tables::finals(problem));
        Ok(())
    }

    fn ranks(&mut self, problem: &Problem) -> Result<(), Error> {
        let Some(ranks) = tables::rank(problem) else { return Ok(()) };
        self.subheading("Rank of the Gauss-Newton matrix");
        self.plate(
            problem,
            Plate {
                name: "rank-minibatch",
                x: "data",
                figures: plots::rank_against_data(problem).into_iter().collect(),
                caption:
                    "Rank of the Gauss-Newton matrix of one minibatch against its size, at the first measurement and at the last.",
                of: plots::ranked(problem),
            },
        )?;
        self.plate(
            problem,
            Plate {
                name: "rank-updates",
                x: "update",
                figures: plots::rank_along(problem).into_iter().collect(),
                caption: "Rank of the Gauss-Newton matrix along training.",
                of: plots::ranked_runs(problem),
            },
        )?;
        self.paragraph(&ranks);
        Ok(())
    }

    fn alignment(&mut self, problem: &Problem) -> Result<(), Error> {
        let Some(record) = alignment::measured(problem) else { return Ok(()) };
        self.subheading("Alignment with the exact Gauss-Newton direction");
        let (kind, data) = (words::method(record.kind()), record.alignment.first().map_or(0, |found| found.data));
        let figures = alignment::figures(record);
        let caption = &format!(
            "Cosine between the direction of each method and the exact one, along a run of {kind} ({data} data)."
        );
        self.plate(problem, Plate { name: "alignment", x: "update", figures, caption, of: vec![record] })?;
        self.paragraph(&alignment::summary(record));
        Ok(())
    }

    fn surfaces(&mut self, problem: &Problem) -> Result<(), Error> {
        let measured = surfaces::measured(problem);
        if measured.is_empty() {
            return Ok(());
        }
        self.subheading("Loss surfaces");
        self.plate(problem, Plate {
            name: "surfaces",
            x: "u",
            figures: surfaces::figures(&measured),
            caption: "Mean loss of the probe batch on planes through parameter space; contours at the ticks of the colour bar.",
            of: measured.iter().map(|(record, _)| *record).collect(),
        })?;
        self.paragraph("Second differences are those between neighbours of the grid that lie in one smooth piece, along u, along v and along both diagonals.");
        self.paragraph(&surfaces::summary(&measured));
        Ok(())
    }

    fn timing(&mut self, problem: &Problem) -> Result<(), Error> {
        self.subheading("Time of an update");
        self.plate(
            problem,
            Plate {
                name: "phases",
                x: "update",
                figures: plots::phases(problem).into_iter().collect(),
                caption: "Wall time of an update by its phases, mean of the latest updates.",
                of: plots::best_runs(problem),
            },
        )?;
        self.paragraph(&tables::phases(problem));
        Ok(())
    }

    /// Draws figures into one file, with a table of their values beside it.
    fn plate(&mut self, problem: &Problem, plate: Plate) -> Result<(), Error> {
        let Plate { name, x, figures, caption, of } = plate;
        if figures.is_empty() {
            return Ok(());
        }
        let name = format!("{}-{name}", problem.slug);
        self.file(&format!("{name}.svg"), export::outlined(&figures)?.as_bytes())?;
        self.file(&format!("{name}.csv"), &export::csv(&figures, x)?)?;
        self.paragraph(&format!("![{caption}]({name}.svg)"));
        self.paragraph(&format!("{caption} Values: [{name}.csv]({name}.csv). {}", shortened(&of)));
        Ok(())
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        export::write(&self.out.join(name), bytes, true)?;
        self.files.push(name.to_owned());
        Ok(())
    }

    fn runs(&mut self, records: &[Record], unread: &[String]) -> Result<(), Error> {
        self.heading("Runs");
        self.file(NAMES[1], &tables::all(records)?)?;
        self.paragraph("All runs with all their settings: [runs.csv](runs.csv).");
        let failed: Vec<_> = records.iter().filter_map(|record| Some((record, record.failure.as_ref()?))).collect();
        if !failed.is_empty() {
            let rows: Vec<_> =
                failed.into_iter().map(|(record, reason)| vec![record.run.label(), reason.clone()]).collect();
            self.paragraph(&table(&["came to nothing".to_owned(), "reason".to_owned()], &rows));
        }
        if !unread.is_empty() {
            let rows: Vec<_> = unread.iter().map(|reason| vec![reason.clone()]).collect();
            self.paragraph(&table(&["not read".to_owned()], &rows));
        }
        Ok(())
    }
}
