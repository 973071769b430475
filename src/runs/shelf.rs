//! All the runs one works with: those of this process, those that wait for their turn, and the folders of
//! others.

mod entry;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{self, Run, Unreadable};
use super::watch::Watch;
use crate::data::Places;
use crate::experiment::Experiment;
use crate::session::{self, Command, Folder, Session, Snapshot, Start, Status, Summary, Ticket};
use entry::Source;
pub use entry::{Entry, Id, Standing};

/// All the runs one works with.
#[derive(Debug)]
pub struct Shelf {
    entries: Vec<Entry>,
    places: Places,
    /// Folders whose run folders are all on the shelf.
    roots: Vec<PathBuf>,
    next: Id,
    ends: Vec<(PathBuf, Result<Summary, session::Error>)>,
    refusals: Vec<session::Error>,
    /// Run folders below the roots that cannot be read.
    unreadable: BTreeSet<PathBuf>,
    /// Why, where it was not asked for yet.
    unread: Vec<Unreadable>,
}

impl Shelf {
    /// An empty shelf. Data of runs that are started are looked for in `places`; run folders below `roots` are
    /// found by [`Shelf::scan`].
    pub fn new(places: Places, roots: Vec<PathBuf>) -> Self {
        Self {
            entries: Vec::new(),
            places,
            roots,
            next: 0,
            ends: Vec::new(),
            refusals: Vec::new(),
            unreadable: BTreeSet::new(),
            unread: Vec::new(),
        }
    }

    /// All runs, in the order they came.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A run.
    pub fn entry(&self, id: Id) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    fn entry_mut(&mut self, id: Id) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    fn push(&mut self, folder: PathBuf, run: Option<Run>, source: Source) -> Id {
        let id = self.next;
        self.next += 1;
        let begun = matches!(source, Source::Over | Source::Folder(_));
        let (snapshot, concluded, elsewhere, left) = (Arc::default(), None, false, None);
        self.entries.push(Entry { id, folder, run, snapshot, source, concluded, elsewhere, begun, left });
        id
    }

    /// Starts a run in `folder`, beside those that run.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub fn start(&mut self, experiment: Experiment, folder: Folder) -> Result<Id, session::Error> {
        self.begin(experiment, folder, Start::New)
    }

    fn begin(&mut self, experiment: Experiment, folder: Folder, start: Start) -> Result<Id, session::Error> {
        let path = folder.path().to_owned();
        let run = Run::planned(&path, &experiment);
        let session = spawn(experiment, folder, start, &self.places)?;
        Ok(self.push(path, Some(run), Source::Live(session)))
    }

    /// Starts a run in a folder of its own, beside those that run.
    ///
    /// # Errors
    /// Where there can be no folder, or no further thread.
    pub fn launch(&mut self, experiment: Experiment) -> Result<Id, session::Error> {
        let folder = Folder::make(&self.free_folder(&experiment.name))?;
        self.start(experiment, folder)
    }

    /// Puts a run that goes on in `folder` on the shelf.
    #[cfg(test)]
    pub(crate) fn adopt(&mut self, session: Session, folder: PathBuf, snapshot: Snapshot) -> Id {
        let id = self.push(folder, None, Source::Live(session));
        self.know(id, snapshot);
        id
    }

    /// Puts a run that is over on the shelf.
    pub(crate) fn record(&mut self, run: Run, snapshot: Snapshot) {
        let id = self.push(run.folder.clone(), Some(run), Source::Over);
        self.know(id, snapshot);
    }

    fn know(&mut self, id: Id, snapshot: Snapshot) {
        if let Some(entry) = self.entry_mut(id) {
            entry.begun |= snapshot.run.is_some();
            entry.snapshot = Arc::new(snapshot);
        }
    }

    /// Starts a run in a folder of its own; if other runs go on it waits for their ends.
    ///
    /// # Errors
    /// Where there can be no folder, or no further thread.
    pub fn enqueue(&mut self, experiment: Experiment) -> Result<Id, session::Error> {
        if self.live() == 0 {
            return self.launch(experiment);
        }
        let folder = self.free_folder(&experiment.name);
        let run = Run::planned(&folder, &experiment);
        Ok(self.push(folder, Some(run), Source::Queued(Box::new(experiment))))
    }

    /// Lets a run that stands still, is over, or was left by another process go on where it was left. Where it turns
    /// out that it cannot it stays as it was, and [`Shelf::refusals`] tells why.
    ///
    /// # Errors
    /// Where it cannot.
    pub fn resume(&mut self, id: Id) -> Result<(), session::Error> {
        let places = self.places.clone();
        let Some(entry) = self.entry_mut(id) else { return Ok(()) };
        match &entry.source {
            Source::Live(session) if entry.snapshot.status == Status::Paused => {
                session.handle.send(Command::Resume);
            }
            Source::Over | Source::Folder(_) if entry.begun => {
                session::require_free(&entry.folder)?;
                let experiment = session::resumed(&entry.folder, &[])?;
                entry.source = Source::Live(spawn(experiment, entry.folder.clone().into(), Start::Resume, &places)?);
                entry.left = Some(Arc::clone(&entry.snapshot));
                Arc::make_mut(&mut entry.snapshot).reload();
            }
            _ => {}
        }
        Ok(())
    }

    /// The steps of the checkpoints of a run, the latest first.
    pub fn checkpoints(&self, id: Id) -> Vec<u64> {
        let all = self.entry(id).map(Entry::checkpoints).unwrap_or_default();
        all.into_iter().map(|(step, _)| step).collect()
    }

    /// Starts a run at the checkpoint of another at a step, in a folder of its own. If it is not stated, or gone, that
    /// is the latest; of a run that stands still because of something, the one from before it. Where all updates are
    /// made at that checkpoint, as many again are made.
    ///
    /// # Errors
    /// Where it has none, or the run cannot start.
    pub fn fork(&mut self, id: Id, at: Option<u64>) -> Result<Option<Id>, session::Error> {
        let Some(entry) = self.entry(id) else { return Ok(None) };
        let (wanted, all) = (at.or(entry.snapshot.back), entry.checkpoints());
        let found = all.iter().find(|(step, _)| Some(*step) == wanted);
        let Some((step, checkpoint)) = found.or(all.first()).cloned() else {
            return Err(session::Error::NoCheckpoint { folder: entry.folder.clone(), reasons: Vec::new() });
        };
        let mut experiment = session::forked(&checkpoint, &[])?;
        if experiment.train.updates <= step {
            experiment.train.updates += step;
        }
        let folder = Folder::make(&self.free_folder(&experiment.name))?;
        let fork = self.begin(experiment, folder, Start::Fork { checkpoint })?;
        self.send(id, Command::Fork(step));
        Ok(Some(fork))
    }

    /// A folder below the first root that no run of the shelf has or waits for.
    fn free_folder(&self, name: &str) -> PathBuf {
        let standard = session::default_folder(name);
        let first = match (self.roots.first(), standard.file_name()) {
            (Some(root), Some(name)) => root.join(name),
            _ => standard,
        };
        let taken = |folder: &Path| self.entries.iter().any(|entry| entry.folder == folder);
        let numbered = (2_u32..).map(|n| PathBuf::from(format!("{}-{n}", first.display())));
        std::iter::once(first.clone()).chain(numbered).find(|folder| !taken(folder)).unwrap_or(first)
    }

    /// Starts a run that waits, whatever else runs.
    ///
    /// # Errors
    /// Where there can be no folder, or no further thread.
    pub fn hurry(&mut self, id: Id) -> Result<(), session::Error> {
        let places = self.places.clone();
        let Some(entry) = self.entry_mut(id) else { return Ok(()) };
        if let Source::Queued(experiment) = &entry.source {
            let (experiment, folder) = (Experiment::clone(experiment), Folder::make(&entry.folder)?);
            // Another program may have been quicker.
            folder.path().clone_into(&mut entry.folder);
            entry.run = Some(Run::planned(&entry.folder, &experiment));
            entry.source = Source::Live(spawn(experiment, folder, Start::New, &places)?);
        }
        Ok(())
    }

    /// Puts a run folder on the shelf and reads its log from now on.
    ///
    /// # Errors
    /// Where it is none.
    pub fn add(&mut self, folder: &Path) -> Result<Id, Unreadable> {
        if let Some(known) = self.entries.iter().find(|entry| entry.folder == folder) {
            let id = known.id;
            self.open(id);
            return Ok(id);
        }
        let id = self.put(folder)?;
        self.open(id);
        Ok(id)
    }

    /// Puts a run folder on the shelf.
    fn put(&mut self, folder: &Path) -> Result<Id, Unreadable> {
        // An end that comes while it is read is for the next scan to see.
        let concluded = folder::concluded(folder);
        let run = Run::read(folder)?;
        let id = self.push(folder.to_owned(), Some(run), Source::Folder(None));
        if let Some(entry) = self.entry_mut(id) {
            entry.concluded = concluded;
        }
        Ok(id)
    }

    /// Reads the log of a run from now on, where it is not known already.
    pub fn open(&mut self, id: Id) {
        if let Some(entry) = self.entry_mut(id)
            && let Source::Folder(watch @ None) = &mut entry.source
        {
            // Without a further thread the run shows what its folder says.
            *watch = Watch::begin(&entry.folder).ok();
        }
    }

    /// Looks below the roots for run folders that are not on the shelf, and for ends that have come. Whether there was
    /// any change.
    pub fn scan(&mut self) -> bool {
        let found = self.find();
        let before = self.entries.len();
        // Folders that somebody deleted meanwhile.
        self.entries.retain(|entry| match entry.source {
            Source::Over | Source::Folder(_) => !entry.begun || entry.folder.exists(),
            Source::Live(_) | Source::Queued(_) => true,
        });
        let mut changed = found || self.entries.len() < before;
        for entry in &mut self.entries {
            let concluded = folder::concluded(&entry.folder);
            let ended_anew = concluded.is_some() && concluded != entry.concluded;
            if entry.begun
                && (ended_anew || concluded.is_none())
                && let Ok(run) = Run::read(&entry.folder)
            {
                changed |= entry.run.as_ref() != Some(&run);
                (entry.run, entry.concluded) = (Some(run), concluded);
            }
            if let Source::Folder(watch) = &mut entry.source {
                let elsewhere = concluded.is_none() && session::require_free(&entry.folder).is_err();
                changed |= std::mem::replace(&mut entry.elsewhere, elsewhere) != elsewhere;
                // One that came to the end of a run, which goes on now or did meanwhile, reads no more.
                let reads = watch.as_ref().is_some_and(Watch::is_written);
                let updates = |summary: &Summary| summary.updates;
                let end = entry.run.as_ref().and_then(|run| run.summary.as_ref().map(updates));
                let is_behind = |watch: &Watch| watch.snapshot().summary.as_ref().map(updates) != end;
                if !reads && (elsewhere || ended_anew && watch.as_ref().is_some_and(is_behind)) {
                    *watch = Watch::begin(&entry.folder).ok();
                }
            }
        }
        changed
    }

    /// Puts the run folders below the roots on the shelf that are not there yet. Whether there was any.
    fn find(&mut self) -> bool {
        let theirs = self.entries.iter().filter(|entry| entry.begun || entry.is_live());
        let known: BTreeSet<&Path> = theirs.map(|entry| entry.folder.as_path()).collect();
        let found = self.roots.iter().flat_map(|root| folder::folders(root));
        let new: Vec<_> = found.filter(|folder| !known.contains(folder.as_path())).collect();
        let mut any = false;
        for folder in new {
            match self.put(&folder) {
                Ok(_) => {
                    self.unreadable.remove(&folder);
                    any = true;
                }
                Err(error) => {
                    if self.unreadable.insert(folder) {
                        self.unread.push(error);
                    }
                }
            }
        }
        any
    }

    /// Why run folders below the roots cannot be read, since this was asked last.
    pub fn unread(&mut self) -> Vec<Unreadable> {
        std::mem::take(&mut self.unread)
    }

    /// Takes in what happened: new states, ends, and whose turn it is. Whether anything did.
    pub fn look(&mut self) -> bool {
        let mut news = false;
        for entry in &mut self.entries {
            if let Source::Folder(Some(watch)) = &entry.source {
                let elsewhere = watch.is_written();
                news |= elsewhere != entry.elsewhere;
                entry.elsewhere = elsewhere;
            }
            let latest = match &entry.source {
                Source::Live(session) => session.handle.snapshot(),
                Source::Folder(Some(watch)) => watch.snapshot(),
                _ => continue,
            };
            // Until a run is known anew, what was known of it stays.
            let unknown = latest.run.is_none() && (latest.status == Status::Loading || entry.left.is_some());
            if !unknown && !Arc::ptr_eq(&latest, &entry.snapshot) {
                if latest.run.is_some() {
                    (entry.begun, entry.left) = (true, None);
                }
                entry.snapshot = latest;
                news = true;
            }
            if matches!(&entry.source, Source::Live(session) if session.is_over())
                && let Source::Live(session) = std::mem::replace(&mut entry.source, Source::Over)
            {
                news = true;
                let (last, end) = (session.handle.snapshot(), session.join());
                entry.begun |= last.run.is_some();
                match (entry.left.take(), end) {
                    (Some(left), Err(error)) if last.run.is_none() => {
                        (entry.snapshot, entry.source) = (left, Source::Folder(None));
                        self.refusals.push(error);
                        continue;
                    }
                    (_, end) => self.ends.push((entry.folder.clone(), end)),
                }
                entry.snapshot = last;
                if entry.begun {
                    entry.run = Run::read(&entry.folder).ok();
                }
            }
        }
        news | self.advance()
    }

    /// Why runs could not go on where they were left, since this was asked last.
    pub fn refusals(&mut self) -> Vec<session::Error> {
        std::mem::take(&mut self.refusals)
    }

    /// Starts the first run that waits, if no other goes on.
    fn advance(&mut self) -> bool {
        if self.entries.iter().any(Entry::is_live) {
            return false;
        }
        let waiting = self.entries.iter().find(|entry| matches!(entry.source, Source::Queued(_)));
        let Some(id) = waiting.map(|entry| entry.id) else { return false };
        if let Err(error) = self.hurry(id)
            && let Some(entry) = self.entry_mut(id)
        {
            let mut snapshot = Snapshot::default();
            snapshot.fail(&error.to_string());
            (entry.snapshot, entry.source) = (Arc::new(snapshot), Source::Over);
        }
        true
    }

    /// Sends a command to a run of this process.
    pub fn send(&self, id: Id, command: Command) -> Option<Ticket> {
        match &self.entry(id)?.source {
            Source::Live(session) => Some(session.handle.send(command)),
            _ => None,
        }
    }

    /// How many runs of this process are not over.
    pub fn live(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_live()).count()
    }

    /// Tells every run to stop, and forgets those that wait.
    pub fn stop(&mut self) {
        self.entries.retain(|entry| !matches!(entry.source, Source::Queued(_)));
        for entry in &self.entries {
            if let Source::Live(session) = &entry.source {
                session.handle.send(Command::Stop);
            }
        }
    }

    /// Takes a run off the shelf, and deletes its folder if it has one of its own.
    ///
    /// # Errors
    /// Where it runs, or its folder is no run folder any more or cannot be deleted.
    pub fn delete(&mut self, id: Id) -> std::io::Result<()> {
        let Some(place) = self.entries.iter().position(|entry| entry.id == id) else { return Ok(()) };
        let entry = &self.entries[place];
        if entry.is_live() {
            return Err(std::io::Error::other("it runs; stop it first"));
        }
        if entry.begun && entry.folder.exists() {
            let folder = &entry.folder;
            session::require_free(folder).map_err(std::io::Error::other)?;
            if !super::folder::is_run(folder) || !session::log::path(folder).is_file() {
                let wrong = format!("{}: not a run folder: expected its experiment and its log", folder.display());
                return Err(std::io::Error::other(wrong));
            }
            std::fs::remove_dir_all(folder)?;
        }
        let entry = self.entries.remove(place);
        self.ends.retain(|(folder, _)| *folder != entry.folder);
        Ok(())
    }

    /// Waits for all runs of this process. Each with its folder and how it ended, in the order of the ends.
    pub fn join(mut self) -> Vec<(PathBuf, Result<Summary, session::Error>)> {
        for entry in self.entries {
            if let Source::Live(session) = entry.source {
                self.ends.push((entry.folder, session.join()));
            }
        }
        self.ends
    }
}

fn spawn(experiment: Experiment, folder: Folder, start: Start, places: &Places) -> Result<Session, session::Error> {
    let options = session::Options { folder, start, places: places.clone(), watched: true, listener: None };
    Session::spawn(experiment, options)
}

#[cfg(test)]
mod tests;
