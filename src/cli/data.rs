//! `kfra-tui data`: the data sets of this machine.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Error, output};
use crate::data::{self, Dataset, Places, Published, Selection, Source, State, Task};
use crate::experiment::{Experiment, LoadError, scaled};
use crate::export::{self, Look, Sheet};

/// What is done with data sets.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// List the data sets that are known, where they are and whether their checksums are right
    List,
    /// Make curves or faces, and keep them in the cache
    Build(Build),
    /// Download mnist or fashion-mnist; goes on where an earlier download was cut
    Fetch(Fetch),
    /// Show a sheet of samples, in the terminal or as a PNG file
    Show(Show),
}

/// Arguments of `data build`.
#[derive(Clone, Debug, Args)]
pub(super) struct Build {
    /// curves or faces
    name: String,
    #[command(flatten)]
    made: Made,
}

/// What determines data that are made.
#[derive(Clone, Debug, Args)]
struct Made {
    /// Determines the images of curves and faces
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Portraits that faces are made of: a folder of images, one with a folder for each person, or a .npy file
    #[arg(long, value_name = "PATH")]
    portraits: Option<PathBuf>,
}

/// Arguments of `data fetch`.
#[derive(Clone, Debug, Args)]
pub(super) struct Fetch {
    /// mnist or fashion-mnist
    name: String,
    /// Another address to fetch the files from
    #[arg(long)]
    url: Option<String>,
    /// The data folder [default: $KFRA_DATA_DIR, or ~/.local/share/kfra-tui]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// Arguments of `data show`.
#[derive(Clone, Debug, Args)]
pub(super) struct Show {
    /// The name of a data set, an experiment file, a file of images (of an .npz file with #ARRAY), or a folder of them
    name: String,
    #[command(flatten)]
    made: Made,
    /// Show data that validate, not data that train
    #[arg(long)]
    validation: bool,
    /// Images from top to bottom [default: as many as the terminal has room for; 8 in a file]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=200))]
    rows: Option<u16>,
    /// Images from left to right [default: as many as the terminal has room for; 14 in a file]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=200))]
    columns: Option<u16>,
    /// Write a PNG file, FILE.png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// Does what is asked for.
///
/// # Errors
/// Bad input, downloads that fail, and an output that cannot be written.
pub(super) fn run(command: &Command) -> Result<(), Error> {
    let places = Places::standard();
    match command {
        Command::List => Ok(output::print(&list(&places))?),
        Command::Build(arguments) => build(arguments, &places),
        Command::Fetch(arguments) => fetch(arguments, &places),
        Command::Show(arguments) => show(arguments, &places),
    }
}

/// A table of all data sets.
fn list(places: &Places) -> String {
    let head = ["name", "what", "size", "licence", "checksum", "where"].map(str::to_owned);
    let row = |entry: data::Entry| {
        let size = if entry.bytes > 0 { scaled(entry.bytes as f64, "B") } else { "-".to_owned() };
        let state = match &entry.state {
            State::Sound => "ok".to_owned(),
            State::Damaged(_) => "WRONG".to_owned(),
            State::Absent(remedy) => format!("absent ({remedy})"),
        };
        let place = match (&entry.state, &entry.place) {
            (State::Damaged(reason), _) => reason.clone(),
            (_, Some(place)) => place.display().to_string(),
            (State::Sound, None) => "in the program".to_owned(),
            (State::Absent(_), None) => String::new(),
        };
        [entry.name, entry.what, size, entry.licence.to_owned(), state, place]
    };
    let rows: Vec<_> = std::iter::once(head).chain(data::catalogue(places).into_iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

impl Made {
    /// The source of a name; what does not belong to it is refused.
    fn source(&self, name: &str) -> Result<Option<Source>, Error> {
        let stated = [("seed", self.seed != 1), ("portraits", self.portraits.is_some())];
        for (key, _) in stated.into_iter().filter(|(_, stated)| *stated) {
            let takers = Source::takers(key).unwrap_or_default();
            if !takers.contains(&name) {
                return Err(Error::Request(format!(
                    "--{key} does not belong to {name}; expected {}",
                    takers.join(" or ")
                )));
            }
        }
        Ok(Source::named(name, self.seed, self.portraits.clone()))
    }
}

fn build(arguments: &Build, places: &Places) -> Result<(), Error> {
    let expected = || Error::Request(format!("expected curves or faces, found {:?}", arguments.name));
    let source = arguments.made.source(&arguments.name)?.ok_or_else(expected)?;
    let (file, checksum) = data::build(&source, places)?;
    Ok(output::print(&format!("{}\nMD5 of all pixels: {checksum}\n", file.display()))?)
}

fn fetch(arguments: &Fetch, places: &Places) -> Result<(), Error> {
    let names = || Published::ALL.map(|published| published.name).join(" or ");
    let expected = || Error::Request(format!("expected {}, found {:?}", names(), arguments.name));
    let published = Published::named(&arguments.name).ok_or_else(expected)?;
    let own = arguments.into.as_deref().or_else(|| places.own());
    let no_folder = || Error::Request("there is no data folder: expected --into DIR".to_owned());
    let folder = own.ok_or_else(no_folder)?.join(published.name);
    let url = arguments.url.as_deref().unwrap_or(published.url);
    for file in &published.files {
        let there = match &arguments.into {
            Some(_) => Some(folder.join(format!("{}.gz", file.name))).filter(|path| path.is_file()),
            None => published.find(file, places).ok(),
        };
        if let Some(path) = there.filter(|path| file.read(path).is_ok()) {
            output::tell(&format!("{} is there\n", path.display()));
            continue;
        }
        let bar = bar(file.name);
        let path = data::fetch(file, url, &folder, &mut |position, total| {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(position);
        });
        bar.finish_and_clear();
        output::tell(&format!("{} is fetched, and its checksum is right\n", path?.display()));
    }
    Ok(())
}

/// Shows on a terminal how much of a file is there.
fn bar(name: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{msg}  {bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(name)
}

/// The data that are named.
fn dataset(arguments: &Show, places: &Places) -> Result<Dataset, Error> {
    let known = arguments.made.source(&arguments.name)?;
    let path = Path::new(&arguments.name);
    if known.is_none() && path.extension().is_some_and(|end| end == "toml") {
        let selection = Experiment::read(path, &[])?.data;
        let load = |source| Error::Load { file: path.to_owned(), source };
        let selection = selection.ok_or_else(|| load(LoadError::NoData))?;
        return Dataset::load(&selection, places).map_err(|error| load(error.into()));
    }
    if known.is_none() && !data::named_file(path).exists() {
        let names = Source::NAMES.join(", ");
        let reason = format!(
            "{}: no such data; expected {names}, an experiment file, or a file or folder of images",
            path.display()
        );
        return Err(Error::Request(reason));
    }
    let source = known.unwrap_or_else(|| Source::Files { images: path.to_owned(), labels: None });
    Ok(Dataset::load(&Selection { source, task: Task::Autoencode, train: None, validation: None }, places)?)
}

fn show(arguments: &Show, places: &Places) -> Result<(), Error> {
    if let Some(out) = &arguments.out {
        if out.extension().is_none_or(|end| !end.eq_ignore_ascii_case("png")) {
            return Err(Error::Request(format!("{}: expected a name that ends in .png", out.display())));
        }
        export::free(out, arguments.force)?;
    }
    let dataset = dataset(arguments, places)?;
    let samples = if arguments.validation { &dataset.validation } else { &dataset.train };
    let Some(size) = dataset.image.filter(|_| !samples.is_empty()) else {
        let found = format!("{} of {} numbers each", samples.len(), samples.input_width());
        return Err(Error::Request(format!("{}: expected images, found {found}", dataset.name)));
    };
    let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
    // Two pixels a cell; a line of text, and one for the prompt.
    let room =
        [(usize::from(height).saturating_sub(2) * 2 + 1) / (size.0 + 1), (usize::from(width) + 1) / (size.1 + 1)];
    let [room_rows, room_columns] = if arguments.out.is_some() { [8, 14] } else { room.map(|count| count.max(1)) };
    let count = |stated: Option<u16>, usual| stated.map_or(usual, usize::from);
    let (rows, columns) = (count(arguments.rows, room_rows), count(arguments.columns, room_columns));
    let sheet = Sheet::new(samples, size, rows, columns);
    if let Some(out) = &arguments.out {
        return Ok(export::write(out, &sheet.png()?, arguments.force)?);
    }
    let shows_colour =
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let look = if shows_colour { Look::Blocks } else { Look::Ascii };
    let (low, high) = samples.range().unwrap_or_default();
    let line = format!("{}: {} × {} pixels from {low} to {high}\n", dataset.summary(), size.0, size.1);
    Ok(output::print(&(sheet.text(look) + &line))?)
}
