//! The weights of a checkpoint, for other programs.

use std::collections::HashMap;
use std::path::Path;

use safetensors::SafeTensors;

use super::Error;
use crate::network::tensors::contents;

/// The weights `layers.λ.weight` and `layers.λ.bias` of a checkpoint of so many updates, as a safetensors file:
/// bit by bit as they are there, without whatever else is.
///
/// # Errors
/// A file that cannot be read, is not safetensors, or has no weights.
pub fn weights(checkpoint: &Path, step: u64) -> Result<Vec<u8>, Error> {
    let path = || checkpoint.to_owned();
    let wrong = |reason: String| Error::Checkpoint { path: path(), reason };
    let bytes = contents(checkpoint).map_err(|source| Error::Read { path: path(), source })?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
    let weights: Vec<_> = tensors.iter().filter(|(name, _)| name.starts_with("layers.")).collect();
    if weights.is_empty() {
        return Err(wrong("it has no weights; expected layers.1.weight, …".to_owned()));
    }
    let metadata = HashMap::from([("step".to_owned(), step.to_string())]);
    safetensors::serialize(weights, Some(metadata)).map_err(|error| Error::Encode(error.to_string()))
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::*;

    #[test]
    fn weights_are_kept_bit_by_bit_and_all_else_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-7.safetensors");
        let (single, double) = ([1.5_f32, f32::NAN].map(f32::to_le_bytes), (-0.0_f64).to_le_bytes());
        let views = [
            ("layers.1.weight", TensorView::new(Dtype::F32, vec![1, 2], single.as_flattened()).unwrap()),
            ("layers.1.bias", TensorView::new(Dtype::F64, vec![1], &double).unwrap()),
            ("state/stream", TensorView::new(Dtype::U8, vec![3], &[1, 2, 3]).unwrap()),
        ];
        std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        let bytes = weights(&path, 7).unwrap();
        let read = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read.tensor("layers.1.weight").unwrap().data(), single.as_flattened());
        assert_eq!(read.tensor("layers.1.bias").unwrap().dtype(), Dtype::F64);
    }

    #[test]
    fn a_file_without_weights_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-7.safetensors");
        for content in [
            b"no tensors".to_vec(),
            safetensors::serialize(
                [("a", &[1_u8][..])].map(|(name, bytes)| (name, TensorView::new(Dtype::U8, vec![1], bytes).unwrap())),
                None,
            )
            .unwrap(),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = weights(&path, 7).unwrap_err().to_string();
            assert!(error.contains("step-7.safetensors: "), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(weights(&path, 7).unwrap_err().to_string().starts_with("cannot read "));
    }
}
