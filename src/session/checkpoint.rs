//! Checkpoints: safetensors files that hold the weights of a network, and all else that a run needs to go
//! on bit by bit.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use safetensors::tensor::{Metadata, SafeTensors};

use super::start::Journal;
use crate::experiment::Experiment;
use crate::linalg::{Archive, ArchiveError, Keep as _, Real, Tensor, write_whole};
use crate::network::tensors::{TensorError, contents};
use crate::network::{Architecture, Loss};
use crate::train::{Hyperparameter, Trainer};

/// The metadata that hold a checksum for each tensor.
const CHECKSUMS: &str = "checksums";

/// What is kept of a run at one of its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Updates made.
    pub step: u64,
    /// The run's name.
    pub name: String,
    /// The experiment as a file, with the settings of this step.
    pub experiment: String,
    /// The state: tensors, of which those without the prefix `state/` are the weights, and values.
    pub archive: Archive,
}

/// A file is not the checkpoint that is needed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a checkpoint.
    #[error("{}: not a checkpoint: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Its contents are not those that were written.
    #[error("{}: the checkpoint is damaged: {part} does not have its checksum", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What of it, and where that is in the file.
        part: String,
    },
    /// It is of another network.
    #[error("{}: the checkpoint is of the network {found}, expected {expected}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Its network and loss.
        found: String,
        /// The network and loss of the experiment.
        expected: String,
    },
    /// It is of a run on other data.
    #[error("{}: the data are not those that the run was trained on: they were changed since", path.display())]
    Data {
        /// The file.
        path: PathBuf,
    },
    /// It lacks a part of the state.
    #[error("{}: {source}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Which.
        source: ArchiveError,
    },
}

impl Checkpoint {
    /// The value with the checksum of the data.
    pub(super) const DATA: &str = "data";

    /// Whether these are the data that it was trained on, by [`Dataset::checksum`]; checkpoints of earlier versions do
    /// not tell.
    ///
    /// [`Dataset::checksum`]: crate::data::Dataset::checksum
    ///
    /// # Errors
    /// [`CheckpointError::Data`].
    pub fn require_data(&self, path: &Path, checksum: u32) -> Result<(), CheckpointError> {
        match self.archive.value::<u32>(Self::DATA) {
            Ok(known) if known != checksum => Err(CheckpointError::Data { path: path.to_owned() }),
            _ => Ok(()),
        }
    }

    /// All that a run needs to go on from where its trainer is: its experiment, with the settings of the moment, and
    /// its state.
    pub(super) fn of<T: Real>(mut experiment: Experiment, trainer: &Trainer<T>, journal: &Journal) -> Self {
        experiment.optimizer = trainer.optimizer();
        let batch = trainer.get(Hyperparameter::Batch);
        experiment.train.batch = batch.map_or(experiment.train.batch, |batch| batch as usize);
        let mut archive = Archive::default();
        archive.note("network", &(trainer.parameters().architecture(), experiment.loss));
        archive.note("session", journal);
        trainer.save(&mut archive);
        Self { step: trainer.step_number(), name: experiment.name.clone(), experiment: experiment.to_toml(), archive }
    }

    /// The file of a run's checkpoint, relative to the run folder.
    pub fn file(step: u64) -> String {
        format!("checkpoints/step-{step}.safetensors")
    }

    /// The checkpoints of a run folder with their steps, the latest first.
    pub fn list(folder: &Path) -> Vec<(u64, PathBuf)> {
        let files = std::fs::read_dir(folder.join("checkpoints")).into_iter().flatten().flatten();
        let step = |path: &Path| {
            let name = path.file_name()?.to_str()?;
            name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse::<u64>().ok()
        };
        let mut found: Vec<_> = files.filter_map(|file| Some((step(&file.path())?, file.path()))).collect();
        found.sort_by(|one, other| other.cmp(one));
        found
    }

    /// Writes it: whole or not at all, and to the disk.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TensorError> {
        let error = |source| TensorError::Write { path: path.to_owned(), source };
        let state = serde_json::to_string(&self.archive.values).map_err(|reason| error(reason.into()))?;
        let checksums = self.archive.tensors.iter().map(|(name, tensor)| (name, tensor_checksum(tensor)));
        let checksums = serde_json::to_string(&checksums.collect::<BTreeMap<_, _>>());
        let mut metadata = BTreeMap::from([
            (CHECKSUMS.to_owned(), checksums.map_err(|reason| error(reason.into()))?),
            ("step".to_owned(), self.step.to_string()),
            ("name".to_owned(), self.name.clone()),
            ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("experiment".to_owned(), self.experiment.clone()),
            ("state".to_owned(), state),
        ]);
        metadata.insert("checksum".to_owned(), checksum(&metadata, &self.archive.tensors));
        let metadata: HashMap<_, _> = metadata.into_iter().collect();
        let bytes = safetensors::serialize(&self.archive.tensors, Some(metadata))
            .map_err(|reason| error(std::io::Error::other(reason.to_string())))?;
        write_whole(path, &bytes).map_err(error)
    }

    /// Reads one. A symbolic link, which may lead anywhere and change meanwhile, is none.
    ///
    /// # Errors
    /// Where the file cannot be read, is not a checkpoint, or is damaged.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = match path.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => Err(io::Error::other("a symbolic link; expected the file itself")),
            _ => contents(path),
        };
        let format = |reason: String| CheckpointError::Format { path: path.to_owned(), reason };
        let bytes = bytes.map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => format(source.to_string()),
            _ => CheckpointError::Read { path: path.to_owned(), source },
        })?;
        let damaged = |part: String| CheckpointError::Damaged { path: path.to_owned(), part };
        let wrong = |error: safetensors::SafeTensorError| format(format!("its header: {error}"));
        let (length, header) = SafeTensors::read_metadata(&bytes).map_err(wrong)?;
        let mut metadata: BTreeMap<_, _> = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let file = SafeTensors::deserialize(&bytes).map_err(wrong)?;
        let tensor = |(name, view): (String, safetensors::tensor::TensorView)| {
            (name, Tensor { dtype: view.dtype(), shape: view.shape().to_vec(), bytes: view.data().to_vec() })
        };
        let tensors: BTreeMap<_, _> = file.tensors().into_iter().map(tensor).collect();
        let Some(expected) = metadata.remove("checksum") else {
            let reason = "its header has no checksum: it holds weights alone, expected the state of a run too";
            return Err(format(reason.to_owned()));
        };
        if checksum(&metadata, &tensors) != expected {
            let known = metadata.contains_key(CHECKSUMS);
            let header = format!("its header (bytes 0 to {})", 7 + length);
            return Err(damaged(if known { header } else { format!("{header} or one of its tensors") }));
        }
        if let Some(stated) = metadata.get(CHECKSUMS) {
            let checksums = serde_json::from_str(stated).map_err(|error| format(error.to_string()))?;
            if let Some(part) = damaged_tensor((length, &header), &checksums, &tensors) {
                return Err(damaged(part));
            }
        }
        let mut text = |key: &str| metadata.remove(key).ok_or_else(|| format(format!("its metadata lack `{key}`")));
        let step = text("step")?.parse().map_err(|_| format("its step is not a number".to_owned()))?;
        let (name, experiment, state) = (text("name")?, text("experiment")?, text("state")?);
        let values = serde_json::from_str(&state).map_err(|error| format(error.to_string()))?;
        Ok(Self { step, name, experiment, archive: Archive { tensors, values } })
    }

    /// Makes sure that it is of a network and a loss.
    ///
    /// # Errors
    /// Where it is of others.
    pub fn require(&self, path: &Path, architecture: &Architecture, loss: Loss) -> Result<(), CheckpointError> {
        let state = |source| CheckpointError::State { path: path.to_owned(), source };
        let found: (Architecture, Loss) = self.archive.value("network").map_err(state)?;
        if found == (architecture.clone(), loss) {
            return Ok(());
        }
        let describe = |architecture: &Architecture, loss: Loss| {
            let activations: Vec<_> = architecture.layers().iter().map(|layer| layer.activation.name()).collect();
            let bias = if architecture.bias() { "" } else { ", without biases" };
            format!("{} ({}{bias}) with the loss {}", architecture.summary(), activations.join(", "), loss.name())
        };
        let (found, expected) = (describe(&found.0, found.1), describe(architecture, loss));
        Err(CheckpointError::Network { path: path.to_owned(), found, expected })
    }
}

/// The CRC-32C of the numbers of a tensor, in hexadecimal.
fn tensor_checksum(tensor: &Tensor) -> String {
    format!("{:08x}", crc32c::crc32c(&tensor.bytes))
}

/// The first tensor without its checksum, and where it is in a file whose header is so long.
fn damaged_tensor(
    (length, header): (usize, &Metadata),
    checksums: &BTreeMap<String, String>,
    tensors: &BTreeMap<String, Tensor>,
) -> Option<String> {
    let (name, tensor) =
        tensors.iter().find(|(name, tensor)| checksums.get(*name) != Some(&tensor_checksum(tensor)))?;
    let begin = 8 + length + header.info(name).map_or(0, |info| info.data_offsets.0);
    Some(format!("tensor `{name}` (bytes {begin} to {})", begin + tensor.bytes.len().saturating_sub(1)))
}

/// A digest of the header of a file, in hexadecimal; of a file that states no checksums of its tensors, as those of
/// earlier versions, a digest of all that it holds.
fn checksum(metadata: &BTreeMap<String, String>, tensors: &BTreeMap<String, Tensor>) -> String {
    let mut digest = Md5::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for (key, value) in metadata {
        part(key.as_bytes());
        part(value.as_bytes());
    }
    for (name, Tensor { dtype, shape, bytes }) in tensors {
        part(name.as_bytes());
        part(format!("{dtype:?} {shape:?}").as_bytes());
        if !metadata.contains_key(CHECKSUMS) {
            part(bytes);
        }
    }
    digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_byte_is_changed_the_file_is_refused_or_holds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-7.safetensors");
        let mut archive = Archive::default();
        archive.put("layers.1.weight", ndarray::array![[0.1_f32, 0.2], [0.3, 0.4]].view());
        archive.put("state/moments/1", ndarray::array![1.0_f64, -0.0].view());
        archive.note("trainer", &[0.1, 0.2]);
        let checkpoint = Checkpoint { step: 7, name: "tiny".into(), experiment: "seed = 1".into(), archive };
        checkpoint.write(&path).unwrap();
        assert_eq!(Checkpoint::read(&path).unwrap(), checkpoint);
        let bytes = std::fs::read(&path).unwrap();
        let mut refused = 0;
        for index in 0..bytes.len() {
            for flip in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[index] ^= flip;
                std::fs::write(&path, &changed).unwrap();
                match Checkpoint::read(&path) {
                    Err(error) => {
                        assert!(error.to_string().contains("step-7.safetensors"), "{error}");
                        refused += 1;
                    }
                    // White space between the words of the header means nothing.
                    Ok(read) => assert_eq!(read, checkpoint, "byte {index} ^ {flip}"),
                }
            }
        }
        assert!(refused > 3 * bytes.len() - 60, "{refused} of {}", 3 * bytes.len());
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(Checkpoint::read(&path).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn checkpoints_are_listed_from_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("checkpoints")).unwrap();
        for name in ["step-9", "step-10", "step-x", "other"] {
            std::fs::write(folder.path().join(format!("checkpoints/{name}.safetensors")), "").unwrap();
        }
        let steps: Vec<_> = Checkpoint::list(folder.path()).into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, [10, 9]);
    }
}
