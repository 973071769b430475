//! The weights of a checkpoint, for other programs.

use std::collections::HashMap;

use safetensors::tensor::TensorView;

use super::Error;
use crate::session::Checkpoint;

/// The weights `layers.λ.weight` (d_λ × d_{λ−1}) and `layers.λ.bias` (d_λ) of a checkpoint, as a safetensors file:
/// bit by bit as they are there, without whatever else is.
///
/// # Errors
/// Where its tensors have no such form.
pub fn weights(checkpoint: &Checkpoint) -> Result<Vec<u8>, Error> {
    let encode = |error: safetensors::SafeTensorError| Error::Encode(error.to_string());
    let weights = checkpoint.archive.tensors.iter().filter(|(name, _)| name.starts_with("layers."));
    let views = weights
        .map(|(name, tensor)| Ok((name, TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(encode)?;
    let metadata = HashMap::from([("step".to_owned(), checkpoint.step.to_string())]);
    safetensors::serialize(views, Some(metadata)).map_err(encode)
}

#[cfg(test)]
mod tests {
    use safetensors::{Dtype, SafeTensors};

    use super::*;
    use crate::linalg::{Archive, Tensor};

    #[test]
    fn weights_are_kept_bit_by_bit_and_all_else_is_left_out() {
        let single = [1.5_f32, f32::NAN].map(f32::to_le_bytes).as_flattened().to_vec();
        let tensors = [
            ("layers.1.weight", Tensor { dtype: Dtype::F32, shape: vec![1, 2], bytes: single.clone() }),
            ("layers.1.bias", Tensor { dtype: Dtype::F64, shape: vec![1], bytes: (-0.0_f64).to_le_bytes().to_vec() }),
            ("state/stream", Tensor { dtype: Dtype::U8, shape: vec![3], bytes: vec![1, 2, 3] }),
        ];
        let mut archive = Archive::default();
        archive.tensors.extend(tensors.map(|(name, tensor)| (name.to_owned(), tensor)));
        let (name, experiment) = (String::new(), String::new());
        let bytes = weights(&Checkpoint { step: 7, name, experiment, archive }).unwrap();
        let read = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read.tensor("layers.1.weight").unwrap().data(), single);
        assert_eq!(read.tensor("layers.1.bias").unwrap().dtype(), Dtype::F64);
    }
}
