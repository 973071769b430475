//! Named tensors in safetensors files: weights, batches, results.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD, ArrayView2, s};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorView};

use super::{Architecture, Parameters};
use crate::linalg::{Archive, ArchiveError, Real, is_misplaced, write_whole};

/// Tensors whose names begin so are of the state of a run, not of its network.
const STATE: &str = "state/";

/// Bytes in which a file states the length of its header, and the most it may state.
const LENGTH: usize = 8;
const MOST_HEADER: u64 = 100_000_000;

/// Named tensors, in double precision, in the order of their names.
pub type Tensors = BTreeMap<String, ArrayD<f64>>;

/// A file of tensors is not what is needed.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a safetensors file.
    #[error("{}: not a safetensors file: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor has numbers of another type.
    #[error("{}: tensor `{name}`: found numbers of type {found}, expected F64 or F32", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        found: String,
    },
    /// A number is NaN or infinite.
    #[error("{}: tensor `{name}`: element {index} is {value}, expected finite numbers", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Which element, counted from 0 in row-major order.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A tensor is missing.
    #[error("{}: tensor `{name}` is missing (found: {found})", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The names of those there are.
        found: String,
    },
    /// A tensor has another shape.
    #[error("{}: tensor `{name}` has shape {found:?}, expected {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: String,
    },
    /// A tensor that nobody asked for.
    #[error("{}: unexpected tensor `{name}` (expected: {expected})", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The names that are expected.
        expected: String,
    },
    /// A tensor holds values it must not.
    #[error("{}: tensor `{name}`, row {row}: {problem}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The row, counted from 0.
        row: usize,
        /// What is wrong, and what is expected.
        problem: String,
    },
}

impl TensorError {
    /// Whether it is about what is read, rather than of a disk that is written to.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { source, .. } if !is_misplaced(source))
    }
}

/// Reads the tensors of a file, but for those of a run's state (`state/…`). F32 is widened to double
/// precision.
///
/// # Errors
/// Where the file is missing, is not a safetensors file, or holds other than finite F32 or F64 numbers.
pub fn read(path: &Path) -> Result<Tensors, TensorError> {
    let format = |reason: String| TensorError::Format { path: path.to_owned(), reason };
    let bytes = contents(path).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => format(source.to_string()),
        _ => TensorError::Read { path: path.to_owned(), source },
    })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| format(error.to_string()))?;
    let mut tensors = Tensors::new();
    for (name, view) in file.tensors().into_iter().filter(|(name, _)| !name.starts_with(STATE)) {
        let values = numbers(&view).ok_or_else(|| TensorError::Type {
            path: path.to_owned(),
            name: name.clone(),
            found: format!("{:?}", view.dtype()),
        })?;
        if let Some(index) = values.iter().position(|x| !x.is_finite()) {
            let value = values[index];
            return Err(TensorError::NotFinite { path: path.to_owned(), name, index, value });
        }
        let array = ArrayD::from_shape_vec(view.shape(), values).map_err(|error| format(error.to_string()))?;
        tensors.insert(name, array);
    }
    Ok(tensors)
}

/// The bytes of a safetensors file: the length of its header in eight bytes, the header, the numbers. A file that is
/// not as long as it says, or not a regular file, is not read.
///
/// # Errors
/// Those of the file system, and of the kind [`io::ErrorKind::InvalidData`] what is wrong with the file.
pub fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let wrong = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(wrong("expected a regular file".to_owned()));
    }
    let mut file = File::open(path)?;
    let mut bytes = vec![0; LENGTH];
    let short = |_| wrong(format!("expected the length of a safetensors header in {LENGTH} bytes, found fewer"));
    file.read_exact(&mut bytes).map_err(short)?;
    let header = bytes.iter().rev().fold(0, |sum, &byte| (sum << 8) | u64::from(byte));
    let most = MOST_HEADER.min(metadata.len() - LENGTH as u64);
    if header > most {
        return Err(wrong(format!("its header claims to be of {header} bytes, expected at most {most}")));
    }
    (&mut file).take(header).read_to_end(&mut bytes)?;
    let tensors: Metadata = serde_json::from_slice(&bytes[LENGTH..])
        .map_err(|problem| wrong(format!("expected a safetensors header from byte {LENGTH}: {problem}")))?;
    let expected = (bytes.len() as u64).saturating_add(tensors.data_len() as u64);
    if metadata.len() != expected {
        return Err(wrong(format!("expected {expected} bytes in all, as its header says, found {}", metadata.len())));
    }
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The numbers of a tensor in double precision; `None` for other types than F32 and F64.
fn numbers(view: &TensorView) -> Option<Vec<f64>> {
    let (singles, _) = view.data().as_chunks::<4>();
    let (doubles, _) = view.data().as_chunks::<8>();
    match view.dtype() {
        Dtype::F32 => Some(singles.iter().map(|x| f64::from(f32::from_le_bytes(*x))).collect()),
        Dtype::F64 => Some(doubles.iter().map(|x| f64::from_le_bytes(*x)).collect()),
        _ => None,
    }
}

/// Writes tensors, in double precision: whole or not at all.
///
/// # Errors
/// Where the file cannot be written.
pub fn write<S: BuildHasher>(
    path: &Path,
    tensors: &Tensors,
    metadata: HashMap<String, String, S>,
) -> Result<(), TensorError> {
    let error = |source| TensorError::Write { path: path.to_owned(), source };
    let metadata: HashMap<_, _> = metadata.into_iter().collect();
    let bytes: Vec<(&String, Vec<u8>, &[usize])> =
        tensors.iter().map(|(name, x)| (name, x.iter().flat_map(|x| x.to_le_bytes()).collect(), x.shape())).collect();
    let views = bytes
        .iter()
        .map(|(name, bytes, shape)| Ok((name, TensorView::new(Dtype::F64, shape.to_vec(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let written = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
    let written = written.map_err(|reason| error(std::io::Error::other(reason.to_string())))?;
    write_whole(path, &written).map_err(error)
}

/// What a file of tensors says of itself.
///
/// # Errors
/// Those of the file system, and where it holds no tensors.
pub fn metadata(path: &Path) -> io::Result<HashMap<String, String>> {
    let (_, header) = SafeTensors::read_metadata(&contents(path)?).map_err(io::Error::other)?;
    Ok(header.metadata().clone().unwrap_or_default())
}

/// One tensor as a matrix of the given shape; `None` stands for any number of rows or columns.
///
/// # Errors
/// Where it is missing or has another shape.
pub fn matrix(
    path: &Path,
    tensors: &Tensors,
    name: &str,
    shape: (Option<usize>, Option<usize>),
) -> Result<Array2<f64>, TensorError> {
    let found = || tensors.keys().cloned().collect::<Vec<_>>().join(", ");
    let tensor = tensors.get(name).ok_or_else(|| TensorError::Missing {
        path: path.to_owned(),
        name: name.to_owned(),
        found: found(),
    })?;
    let fits = |size: usize, wanted: Option<usize>| wanted.is_none_or(|wanted| wanted == size);
    tensor
        .clone()
        .into_dimensionality::<ndarray::Ix2>()
        .ok()
        .filter(|matrix| fits(matrix.nrows(), shape.0) && fits(matrix.ncols(), shape.1))
        .ok_or_else(|| {
            let side = |size: Option<usize>| size.map_or("any".to_owned(), |size| size.to_string());
            TensorError::Shape {
                path: path.to_owned(),
                name: name.to_owned(),
                found: tensor.shape().to_vec(),
                expected: format!("[{}, {}]", side(shape.0), side(shape.1)),
            }
        })
}

/// Parameters as tensors: `layers.λ.weight`, d_λ × d_{λ−1}, and `layers.λ.bias`, d_λ.
pub fn weights<T: Real>(parameters: &Parameters<T>) -> Tensors {
    let architecture = parameters.architecture();
    let mut tensors = Tensors::new();
    for layer in 1..=architecture.depth() {
        let inputs = architecture.width(layer - 1);
        let whole: ArrayView2<T> = parameters.layer(layer);
        let weight = whole.slice(s![.., ..inputs]).mapv(Real::double);
        tensors.insert(weight_name(layer), weight.into_dyn());
        if architecture.bias() {
            let bias = whole.slice(s![.., inputs]).mapv(Real::double);
            tensors.insert(bias_name(layer), bias.into_dyn());
        }
    }
    tensors
}

fn weight_name(layer: usize) -> String {
    format!("layers.{layer}.weight")
}

fn bias_name(layer: usize) -> String {
    format!("layers.{layer}.bias")
}

/// Puts parameters into an archive, in their own precision, under the names of [`weights`].
pub fn save_weights<T: Real>(parameters: &Parameters<T>, archive: &mut Archive) {
    let architecture = parameters.architecture();
    for layer in 1..=architecture.depth() {
        let (whole, inputs) = (parameters.layer(layer), architecture.width(layer - 1));
        archive.put(weight_name(layer), whole.slice(s![.., ..inputs]));
        if architecture.bias() {
            archive.put(bias_name(layer), whole.slice(s![.., inputs]));
        }
    }
}

/// Takes parameters from an archive.
///
/// # Errors
/// Where a tensor is missing or has another shape.
pub fn restore_weights<T: Real>(parameters: &mut Parameters<T>, archive: &Archive) -> Result<(), ArchiveError> {
    let (depth, bias) = (parameters.architecture().depth(), parameters.architecture().bias());
    for layer in 1..=depth {
        let inputs = parameters.architecture().width(layer - 1);
        let mut whole = parameters.layer_mut(layer);
        archive.fill(&weight_name(layer), whole.slice_mut(s![.., ..inputs]))?;
        if bias {
            archive.fill(&bias_name(layer), whole.slice_mut(s![.., inputs]))?;
        }
    }
    Ok(())
}

/// The places of the linear layers in a PyTorch `nn.Sequential`, in which their tensors are called `0.weight`,
/// `2.weight`, …; none where the tensors are not called so.
fn places(tensors: &Tensors) -> Option<Vec<usize>> {
    let place = |name: &String| match name.split_once('.')? {
        (place, "weight" | "bias") => place.parse().ok(),
        _ => None,
    };
    let places: BTreeSet<usize> = tensors.keys().map(place).collect::<Option<_>>()?;
    Some(places.into_iter().collect())
}

/// Parameters of a network from the tensors that [`weights`] names, or from those of a PyTorch `nn.Sequential` of
/// linear layers: `0.weight`, `0.bias`, `2.weight`, ….
///
/// # Errors
/// Where a tensor is missing, has another shape, or is one too many.
pub fn parameters(path: &Path, tensors: &Tensors, architecture: &Architecture) -> Result<Parameters<f64>, TensorError> {
    let mut parameters = Parameters::zeros(architecture);
    let places = places(tensors).unwrap_or_default();
    let named = |layer: usize, name: String| match (places.get(layer - 1), name.rsplit_once('.')) {
        (Some(place), Some((_, part))) => format!("{place}.{part}"),
        _ => name,
    };
    let layers = 1..=architecture.depth();
    let biases = layers.clone().filter(|_| architecture.bias()).map(|layer| named(layer, bias_name(layer)));
    let template: BTreeSet<_> = layers.map(|layer| named(layer, weight_name(layer))).chain(biases).collect();
    if let Some(name) = tensors.keys().find(|name| !template.contains(*name)) {
        let expected = template.iter().cloned().collect::<Vec<_>>().join(", ");
        return Err(TensorError::Unexpected { path: path.to_owned(), name: name.clone(), expected });
    }
    for layer in 1..=architecture.depth() {
        let (units, inputs) = (architecture.width(layer), architecture.width(layer - 1));
        let weight = matrix(path, tensors, &named(layer, weight_name(layer)), (Some(units), Some(inputs)))?;
        parameters.layer_mut(layer).slice_mut(s![.., ..inputs]).assign(&weight);
        if architecture.bias() {
            let name = named(layer, bias_name(layer));
            let missing = || TensorError::Missing {
                path: path.to_owned(),
                name: name.clone(),
                found: tensors.keys().cloned().collect::<Vec<_>>().join(", "),
            };
            let bias = tensors.get(&name).ok_or_else(missing)?;
            if bias.shape() != [units] {
                let (found, expected) = (bias.shape().to_vec(), format!("[{units}]"));
                return Err(TensorError::Shape { path: path.to_owned(), name, found, expected });
            }
            parameters.layer_mut(layer).column_mut(inputs).iter_mut().zip(bias).for_each(|(b, x)| *b = *x);
        }
    }
    Ok(parameters)
}
