//! Where the time of an update goes.

use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

use crate::linalg::{Moment, flops};

macro_rules! phases {
    ($($variant:ident = $name:literal, $doc:literal;)*) => {
        /// A part of an update that is timed apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Phase {
            $(#[doc = $doc] $variant,)*
        }

        impl Phase {
            /// Every phase, in the order of an update.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name on the screen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

phases! {
    Data = "data", "Choosing and gathering the minibatch.";
    Forward = "forward", "Forward pass and loss.";
    Backward = "backward", "Gradient.";
    InputFactors = "input factors", "Q of every layer.";
    PreactivationFactors = "pre-activation factors", "G of every layer.";
    Factorization = "factorization", "Damped inverses of the factors.";
    Solve = "solve", "The direction: products with the inverses, or conjugate gradients.";
    ForwardMode = "forward mode", "Quadratic model, by forward-mode differentiation.";
    DampingTrials = "damping trials", "Trials of other γ, and the loss after the update for τ.";
    Update = "update", "Change of the parameters.";
}

/// What a phase of an update took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub struct Spent {
    /// Which phase.
    pub phase: Phase,
    /// Wall seconds.
    pub wall: f64,
    /// CPU seconds, over all threads of the process; 0 where they were not counted.
    pub cpu: f64,
    /// Floating-point operations of its matrix arithmetic; 0 where they were not counted.
    pub flops: f64,
}

/// A phase as it is kept in a file: the first logs had nothing but its wall seconds.
#[derive(Serialize, Deserialize)]
struct Packed(Phase, f64, #[serde(default)] f64, #[serde(default)] f64);

impl From<Packed> for Spent {
    fn from(Packed(phase, wall, cpu, flops): Packed) -> Self {
        Self { phase, wall, cpu, flops }
    }
}

impl From<Spent> for Packed {
    fn from(Spent { phase, wall, cpu, flops }: Spent) -> Self {
        Self(phase, wall, cpu, flops)
    }
}

impl Spent {
    /// Nothing yet.
    pub fn nothing(phase: Phase) -> Self {
        Self { phase, wall: 0.0, cpu: 0.0, flops: 0.0 }
    }

    /// Floating-point operations a second; `None` where there are none.
    pub fn rate(&self) -> Option<f64> {
        (self.flops > 0.0 && self.wall > 0.0).then(|| self.flops / self.wall)
    }
}

/// Times the phases of one update.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    current: Phase,
    since: (Moment, ProcessTime, f64),
    spent: [Spent; Phase::ALL.len()],
}

impl Stopwatch {
    /// Starts in the first phase.
    pub fn start() -> Self {
        let spent = std::array::from_fn(|index| Spent::nothing(Phase::ALL[index]));
        Self { current: Phase::Data, since: now(), spent }
    }

    /// Ends the current phase and begins another; returns the one that ended.
    pub fn enter(&mut self, phase: Phase) -> Phase {
        let (since, (moment, cpu, flops)) = (self.since, now());
        let spent = &mut self.spent[self.current as usize];
        spent.wall += moment.since(since.0).as_secs_f64();
        spent.cpu += cpu.duration_since(since.1).as_secs_f64();
        spent.flops += flops - since.2;
        self.since = (moment, cpu, flops);
        std::mem::replace(&mut self.current, phase)
    }

    /// What each phase took that took any time.
    pub fn read(&self) -> Vec<Spent> {
        self.spent.iter().copied().filter(|spent| spent.wall > 0.0).collect()
    }
}

fn now() -> (Moment, ProcessTime, f64) {
    (Moment::now(), ProcessTime::now(), flops())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Target, gemm};

    #[test]
    fn a_phase_has_the_time_and_the_arithmetic_between_its_beginning_and_its_end() {
        let mut watch = Stopwatch::start();
        watch.enter(Phase::Forward);
        let (a, mut c) = (ndarray::Array2::<f64>::ones((60, 50)), ndarray::Array2::zeros((60, 60)));
        for _ in 0..50 {
            gemm(1.0, a.view(), a.t(), Target::Replace, c.view_mut());
        }
        watch.enter(Phase::Backward);
        std::thread::sleep(std::time::Duration::from_millis(5));
        watch.enter(Phase::Update);
        let spent = watch.read();
        let of = |phase| spent.iter().find(|spent| spent.phase == phase).unwrap();
        let (forward, backward) = (of(Phase::Forward), of(Phase::Backward));
        assert!((forward.flops - 50.0 * 2.0 * 60.0 * 60.0 * 50.0).abs() < 1e-3);
        assert!((forward.rate().unwrap() * forward.wall - forward.flops).abs() < 1e-3);
        assert!(backward.wall >= 0.005 && backward.rate().is_none());
    }

    #[test]
    fn the_phases_of_the_first_logs_are_read() {
        let spent: Vec<Spent> = serde_json::from_str(r#"[["forward",0.5],["solve",0.25,0.5,1e9]]"#).unwrap();
        assert_eq!(spent[0], Spent { wall: 0.5, ..Spent::nothing(Phase::Forward) });
        assert_eq!(spent[1], Spent { phase: Phase::Solve, wall: 0.25, cpu: 0.5, flops: 1e9 });
        assert_eq!(serde_json::to_string(&spent[1]).unwrap(), r#"["solve",0.25,0.5,1000000000.0]"#);
    }
}
