//! How a run begins, and the checkpoints it writes.

use std::sync::Arc;

use super::{Course, Interruption, Worker};
use crate::data::Dataset;
use crate::experiment::Experiment;
use crate::linalg::{Archive, ArchiveError, Keep, Moment, Real, write_whole};
use crate::network::Architecture;
use crate::session::kept::Kept;
use crate::session::observatory::Observatory;
use crate::session::record::{RecordError, Recorder};
use crate::session::start::{Beginning, Journal, Remains};
use crate::session::{Checkpoint, CheckpointError, Desk, Error, Event, Options, Origin};
use crate::train::Trainer;

impl<T: Real> Worker<T> {
    /// A run before its first update in this process. Nothing is written before all that it goes on from
    /// is found to be in order.
    ///
    /// # Errors
    /// Where it cannot go on from there, or the run folder cannot be written.
    pub(in crate::session) fn begin(
        experiment: Experiment,
        (data, architecture): (Dataset, Architecture),
        beginning: Beginning,
        options: Options,
        desk: Desk,
        began: Moment,
    ) -> Result<Self, Error> {
        let Options { folder, listener, watched, .. } = &options;
        let (folder, listener) = (folder.path(), listener.clone());
        beginning.require(&architecture, experiment.loss)?;
        let checksum = data.checksum();
        if let Beginning::Resumed(remains) = &beginning {
            remains.checkpoint.require_data(&remains.file, checksum)?;
        }
        let data = Arc::new(data);
        let Desk { commands, board, cancelled } = desk;
        let mut observatory = Observatory::new(&experiment, &data, &architecture, cancelled);
        let mut trainer = Trainer::new(experiment.start(data, architecture));
        let mut journal = Journal::default();
        let mut remarks = Vec::new();
        let recorder = match beginning {
            Beginning::New => Recorder::create(folder, &experiment, board, listener)?,
            Beginning::Resumed(mut remains) => {
                let Remains { file, checkpoint, experiment: kept, .. } = &*remains;
                let state = |source| CheckpointError::State { path: file.clone(), source };
                trainer.restore(&checkpoint.archive).map_err(state)?;
                observatory.restore(&checkpoint.archive).map_err(state)?;
                observatory.adopt(&kept.diagnostics, &experiment.diagnostics);
                journal = checkpoint.archive.value("session").map_err(state)?;
                let (step, file) = (checkpoint.step, Checkpoint::file(checkpoint.step));
                remains
                    .tidy(folder)
                    .map_err(|source| Error::Folder(RecordError { path: folder.to_owned(), source }))?;
                remarks = std::mem::take(&mut remains.remarks);
                let mut recorder = Recorder::reopen(folder, &experiment, *remains, board, listener)?;
                recorder.emit(Event::Checkpoint { step, file })?;
                recorder
            }
            Beginning::Forked(checkpoint, origin) => {
                journal = Self::fork(&mut trainer, &experiment, &checkpoint.archive)
                    .map_err(|source| CheckpointError::State { path: origin.checkpoint.clone(), source })?;
                let recorder = Recorder::create(folder, &experiment, board, listener)?;
                let path = folder.join(Origin::FILE);
                serde_json::to_vec_pretty(&origin)
                    .map_err(std::io::Error::from)
                    .and_then(|text| write_whole(&path, &text))
                    .map_err(|source| Error::Folder(RecordError { path, source }))?;
                recorder
            }
        };
        Ok(Self {
            first: trainer.step_number(),
            experiment,
            checksum,
            trainer,
            observatory,
            recorder,
            commands,
            began,
            watched: *watched,
            course: Course::On,
            evaluated: journal.evaluated,
            samples: journal.samples,
            seconds_before: journal.seconds,
            kept: journal.kept,
            divergence: journal.divergence,
            checkpointed: Moment::now(),
            remarks,
        })
    }

    /// Takes the state of another run and the settings of this one. Its checkpoints and its evaluation
    /// remain those of the other.
    fn fork(trainer: &mut Trainer<T>, experiment: &Experiment, archive: &Archive) -> Result<Journal, ArchiveError> {
        trainer.restore(archive)?;
        trainer.adopt(experiment.optimizer.clone(), experiment.train.batch);
        let journal: Journal = archive.value("session")?;
        Ok(Journal { evaluated: None, kept: Kept::default(), ..journal })
    }

    /// Writes a checkpoint; removes those that are no longer kept.
    pub(super) fn checkpoint(&mut self, asked: bool) -> Result<(), Interruption> {
        let evaluation = self.evaluate_once()?;
        let step = self.trainer.step_number();
        let losses = [evaluation.validation_loss, evaluation.train_loss];
        let loss = losses.into_iter().find(|loss| !loss.is_nan()).unwrap_or(f64::NAN);
        let surplus = self.kept.add(step, loss, asked, self.experiment.train.keep_checkpoints);
        let journal = Journal {
            // What the checkpoint goes with is on the disk before it.
            log: self.recorder.sync()?,
            seconds: self.seconds(),
            samples: self.samples,
            evaluated: self.evaluated,
            kept: self.kept.clone(),
            divergence: self.divergence.clone(),
        };
        let file = Checkpoint::file(step);
        self.present(&journal).write(&self.recorder.folder().join(&file))?;
        self.checkpointed = Moment::now();
        self.recorder.emit(Event::Checkpoint { step, file })?;
        for step in surplus {
            let path = self.recorder.folder().join(Checkpoint::file(step));
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(RecordError { path, source }.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether so much time has passed since the last checkpoint that there is to be another.
    pub(super) fn is_old(&self) -> bool {
        let minutes = self.experiment.train.checkpoint_minutes;
        minutes > 0.0 && self.checkpointed.elapsed().as_secs_f64() >= minutes * 60.0
    }

    /// All of the run as it is now.
    fn present(&self, journal: &Journal) -> Checkpoint {
        let diagnostics = self.observatory.settings().clone();
        let experiment = Experiment { diagnostics, ..self.experiment.clone() };
        let mut checkpoint = Checkpoint::of(experiment, &self.trainer, journal);
        self.observatory.save(&mut checkpoint.archive);
        checkpoint.archive.note(Checkpoint::DATA, &self.checksum);
        checkpoint
    }
}
