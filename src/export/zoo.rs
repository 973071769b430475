//! A small run, for tests.

use std::sync::Arc;

use super::Labelled;
use crate::session::Snapshot;

/// Its log: four updates of 25 out of 100 data, of which the third one was not finite.
const LOG: &str = r#"
{"event":"started","name":"zoo","architecture":{"input":2,"layers":[{"units":1,"activation":"identity"}],"bias":true},"loss":"squared_error","optimizer":"kfra","data":"none","train_data":100,"validation_data":0,"batch":25,"updates":4,"step":0,"threads":1,"precision":"f64","seed":1,"version":"0.1.0","machine":{"processor":"","cores":1,"system":""},"hyperparameters":[]}
{"event":"evaluated","step":0,"train_loss":3.5,"validation_loss":"NaN","train_error":null,"validation_error":null,"seconds_training":0.0,"cost":0.1}
{"event":"step","step":1,"epoch":0.25,"loss":3.0,"gradient_norm":1.0,"update_norm":1.0,"seconds_training":0.1,"wall":0.1,"cpu":0.1,"flops":1.0,"phases":[["forward",0.04]]}
{"event":"step","step":2,"epoch":0.5,"loss":2.0,"gradient_norm":1.0,"update_norm":1.0,"seconds_training":0.2,"wall":0.1,"cpu":0.1,"flops":1.0,"phases":[["forward",0.04]]}
{"event":"evaluated","step":2,"train_loss":2.5,"validation_loss":"NaN","train_error":null,"validation_error":null,"seconds_training":0.2,"cost":0.1}
{"event":"applied","ticket":1,"step":2,"command":{"set":{"hyperparameter":"optimizer.kronecker_damping","value":0.1}},"change":"γ 1 → 0.1"}
{"event":"step","step":3,"epoch":0.75,"loss":"NaN","gradient_norm":1.0,"update_norm":1.0,"seconds_training":0.3,"wall":0.1,"cpu":0.1,"flops":1.0,"phases":[["forward",0.04]]}
{"event":"step","step":4,"epoch":1.0,"loss":0.123456789012345678,"gradient_norm":1.0,"update_norm":1.0,"seconds_training":0.4,"wall":0.1,"cpu":0.1,"flops":1.0,"phases":[["forward",0.04]]}
{"event":"evaluated","step":4,"train_loss":1.5,"validation_loss":"NaN","train_error":null,"validation_error":null,"seconds_training":0.4,"cost":0.1}
{"event":"measured","diagnostic":"rank","step":4,"scope":"whole","lower":5,"upper":7,"bound":9,"parameters":9,"data":64,"effective":null,"method":"bounds","cost":0.01}
{"event":"measured","diagnostic":"hessian","step":4,"layer":1,"trace":20.0,"gauss_newton_trace":19.0,"largest":8.0,"smallest":-0.5,"residual":0.001,"definite":"indefinite","products":15,"data":64,"cost":0.01}
"#;

/// The run, under a name.
pub fn run(label: &str) -> Labelled {
    let mut snapshot = Snapshot::default();
    LOG.lines().skip(1).for_each(|line| snapshot.apply(&serde_json::from_str(line).unwrap()));
    (label.to_owned(), Arc::new(snapshot))
}
