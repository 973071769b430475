//! Scalars of a run as a log of TensorBoard: records with masked CRC-32C sums around protocol buffers, as
//! `tensorflow/core/lib/io/record_writer.h` and `tensorflow/core/util/event.proto` define them.

use prost::Message;

use crate::diagnostics::{Measurement, Scope};
use crate::session::{Evaluation, Event};
use crate::train::Step;

/// An event of TensorBoard; of the fields that exclude one another one is set.
#[derive(Clone, PartialEq, Message)]
struct Entry {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Scalars>,
}

/// The scalars of an event.
#[derive(Clone, PartialEq, Message)]
struct Scalars {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// A scalar, in single precision.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// A log of TensorBoard, as it grows with the events of a run.
#[derive(Clone, Debug)]
pub struct TensorBoard {
    bytes: Vec<u8>,
    /// When the run began, in seconds since 1970.
    began: f64,
    /// Seconds of training, and of evaluation, so far.
    training: f64,
    evaluation: f64,
}

impl TensorBoard {
    /// A log of a run that began at a time, in seconds since 1970.
    pub fn new(began: f64) -> Self {
        let mut log = Self { bytes: Vec::new(), began, training: 0.0, evaluation: 0.0 };
        log.write(&Entry { wall_time: began, step: 0, file_version: Some("brain.Event:2".to_owned()), summary: None });
        log
    }

    /// Takes in the next event. Its time is that of the beginning, and the seconds of training and of evaluation
    /// since; standing still takes none.
    pub fn take(&mut self, event: &Event) {
        let (step, scalars) = match event {
            Event::Step(step) => {
                self.training = step.seconds_training;
                (step.step, of_step(step))
            }
            Event::Evaluated(evaluation) => {
                self.evaluation += evaluation.cost;
                (evaluation.step, of_evaluation(evaluation))
            }
            Event::Measured(measurement) => (measurement.reading().step, of_measurement(measurement)),
            _ => return,
        };
        let scalar = |(tag, value)| Scalar { tag, simple_value: Some(value as f32) };
        let summary = Scalars { value: scalars.into_iter().map(scalar).collect() };
        let wall_time = self.began + self.training + self.evaluation;
        self.write(&Entry { wall_time, step: step.cast_signed(), file_version: None, summary: Some(summary) });
    }

    /// The log so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A record: its length, the sum of that, itself, the sum of itself.
    fn write(&mut self, entry: &Entry) {
        let record = entry.encode_to_vec();
        let length = (record.len() as u64).to_le_bytes();
        self.bytes.extend(length);
        self.bytes.extend(masked(&length).to_le_bytes());
        self.bytes.extend(&record);
        self.bytes.extend(masked(&record).to_le_bytes());
    }
}

/// The sum of bytes that hold sums themselves: turned by 15 bits, and a constant added.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn named(name: &str, value: f64) -> (String, f64) {
    (name.to_owned(), value)
}

fn of_step(step: &Step) -> Vec<(String, f64)> {
    let always = [
        ("loss/minibatch", step.loss),
        ("step/gradient_norm", step.gradient_norm),
        ("step/update_norm", step.update_norm),
        ("run/epoch", step.epoch),
        ("run/seconds_training", step.seconds_training),
        ("timing/wall", step.wall),
        ("timing/cpu", step.cpu),
        ("timing/flops", step.flops),
    ];
    let sometimes = [
        ("step/learning_rate", step.learning_rate),
        ("step/step_size", step.step_size),
        ("step/momentum", step.momentum),
        ("step/kronecker_damping", step.kronecker_damping),
        ("step/step_damping", step.step_damping),
        ("step/reduction_ratio", step.reduction_ratio),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let phases = step.phases.iter().map(|spent| (format!("phases/{}", spent.phase.name()), spent.wall));
    always.into_iter().chain(sometimes).map(|(name, value)| named(name, value)).chain(phases).collect()
}

fn of_evaluation(evaluation: &Evaluation) -> Vec<(String, f64)> {
    let validation = evaluation.validation_loss;
    let all = [
        ("loss/training_set", Some(evaluation.train_loss)),
        ("loss/validation_set", (!validation.is_nan()).then_some(validation)),
        ("error/training_set", evaluation.train_error),
        ("error/validation_set", evaluation.validation_error),
    ];
    all.into_iter().filter_map(|(name, value)| Some(named(name, value?))).collect()
}

fn of_measurement(measurement: &Measurement) -> Vec<(String, f64)> {
    let scope = match measurement.reading().scope {
        Scope::Whole => "all".to_owned(),
        Scope::Layer(layer) => format!("layer_{layer}"),
    };
    let diagnostic = measurement.diagnostic().name();
    let tag = |(name, value): (String, f64)| (format!("{diagnostic}/{scope}/{name}"), value);
    measurement.numbers().into_iter().map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries of a log, each sum checked.
    fn read(mut bytes: &[u8]) -> Vec<Entry> {
        let mut entries = Vec::new();
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_at(8);
            let (sum, rest) = rest.split_at(4);
            assert_eq!(sum, masked(length).to_le_bytes());
            let (record, rest) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
            let (sum, rest) = rest.split_at(4);
            assert_eq!(sum, masked(record).to_le_bytes());
            entries.push(Entry::decode(record).unwrap());
            bytes = rest;
        }
        entries
    }

    #[test]
    fn a_sum_is_that_of_the_specification() {
        // RFC 3720, B.4: 32 bytes of zeroes.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(masked(&[0; 32]), 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }

    #[test]
    fn a_log_reads_back_as_the_events_it_was_made_of() {
        let evaluation = |step| Evaluation {
            step,
            train_loss: 0.3,
            validation_loss: f64::NAN,
            train_error: Some(0.0),
            validation_error: None,
            seconds_training: 0.0,
            cost: 2.0,
        };
        let step: Step = serde_json::from_str(
            r#"{"step":1,"epoch":0.5,"loss":"inf","gradient_norm":1.5,"update_norm":0.25,"step_size":0.0,"seconds_training":3.0,"wall":3.0,"cpu":6.0,"flops":1e9,"phases":[["forward",0.125]]}"#,
        )
        .unwrap();
        let mut log = TensorBoard::new(1e9);
        for event in [
            Event::Evaluated(evaluation(0)),
            Event::Step(step),
            Event::Paused { step: 1, back: None, astray: false },
            Event::Evaluated(evaluation(1)),
        ] {
            log.take(&event);
        }
        let entries = read(&log.into_bytes());
        assert_eq!(entries[0].file_version.as_deref(), Some("brain.Event:2"));
        let times: Vec<_> = entries.iter().map(|entry| (entry.step, entry.wall_time)).collect();
        assert_eq!(times, [(0, 1e9), (0, 1e9 + 2.0), (1, 1e9 + 5.0), (1, 1e9 + 7.0)]);
        let values = |index: usize| {
            let values = &entries[index].summary.as_ref().unwrap().value;
            values.iter().map(|scalar| (scalar.tag.clone(), scalar.simple_value.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(values(1), [("loss/training_set".to_owned(), 0.3), ("error/training_set".to_owned(), 0.0)]);
        for expected in [("loss/minibatch", f32::INFINITY), ("step/step_size", 0.0), ("phases/forward", 0.125)] {
            assert!(values(2).contains(&(expected.0.to_owned(), expected.1)), "{:?}", values(2));
        }
    }
}
