//! Methods compared where all of them have come as far.

use crate::export::Abscissa;
use crate::report::curves::{Over, at, best, end, variant};
use crate::report::problem::{Method, Problem};
use crate::report::words::{brief, method, percent};

/// A method in a race.
#[derive(Clone, Debug, PartialEq)]
struct Racer {
    kind: String,
    second_order: bool,
    /// Settings that came to something.
    settings: usize,
    /// The least loss of all of them at the place.
    loss: f64,
}

impl Racer {
    fn at(method: &Method, x: Abscissa, place: f64) -> Option<Self> {
        let sound: Vec<_> = method.variants.iter().filter(|variant| variant.is_sound()).collect();
        let losses = sound.iter().filter_map(|one| at(&variant(one, x, Over::Training), place));
        Some(Self {
            kind: method.kind.to_owned(),
            second_order: method.is_second_order(),
            settings: sound.len(),
            loss: losses.min_by(f64::total_cmp)?,
        })
    }

    /// Its loss in words, and of how many settings it is the least: of a first-order method always.
    fn words(&self) -> String {
        let settings = match self.settings {
            2.. => format!(" (best of {})", self.settings),
            _ if self.second_order => String::new(),
            _ => " (one setting)".to_owned(),
        };
        format!("{} {}{settings}", method(&self.kind), brief(self.loss))
    }
}

/// The training losses of methods at the same place, of each with the settings that are best there.
#[derive(Clone, Debug, PartialEq)]
pub struct Race {
    x: Abscissa,
    /// The place: the farthest that all of them reached.
    place: f64,
    /// The loss at the beginning.
    start: f64,
    racers: Vec<Racer>,
}

impl Race {
    /// Some methods; `None` where one has no value.
    pub fn between(methods: &[&Method], x: Abscissa) -> Option<Self> {
        let paths: Vec<_> = methods.iter().map(|method| best(method, x, Over::Training)).collect();
        let place = paths.iter().map(|path| end(path).map(|(place, _)| place)).collect::<Option<Vec<_>>>()?;
        let place = place.into_iter().fold(f64::INFINITY, f64::min);
        let start = paths.first()?.first()?.1;
        let racers = methods.iter().map(|method| Racer::at(method, x, place)).collect::<Option<Vec<_>>>()?;
        (place > 0.0).then_some(Self { x, place, start, racers })
    }

    /// Kronecker-factored methods and the first-order ones.
    fn of(problem: &Problem, x: Abscissa) -> Option<Self> {
        let methods = problem.methods.iter().filter(|method| method.best().is_some() && method.kind != "hessian_free");
        let methods: Vec<_> = methods.collect();
        let both = [true, false].iter().all(|kind| methods.iter().any(|method| method.is_second_order() == *kind));
        if both { Self::between(&methods, x) } else { None }
    }

    /// After as many updates.
    pub fn by_updates(problem: &Problem) -> Option<Self> {
        Self::of(problem, Abscissa::Update)
    }

    /// After as many seconds of training.
    pub fn by_seconds(problem: &Problem) -> Option<Self> {
        Self::of(problem, Abscissa::Second)
    }

    /// The largest loss of a second-order method, and the least of a first-order one.
    fn ends(&self) -> (f64, f64) {
        let of =
            |second: bool| self.racers.iter().filter(move |racer| racer.second_order == second).map(|racer| racer.loss);
        (of(true).fold(f64::NEG_INFINITY, f64::max), of(false).fold(f64::INFINITY, f64::min))
    }

    /// Whether every second-order method is at least as far down as every first-order one.
    pub fn second_order_leads(&self) -> bool {
        let (worst, best) = self.ends();
        worst <= best
    }

    /// What part of the way that the best first-order method makes the last second-order one makes.
    pub fn second_order_share(&self) -> Share {
        let (worst, best) = self.ends();
        self.share(worst, best)
    }

    /// What part of the way from the start down to the loss `whole` is made where the loss is `part`.
    pub fn share(&self, part: f64, whole: f64) -> Share {
        Share { start: self.start, part: (self.start / part).ln() / (self.start / whole).ln() }
    }

    /// The loss of a method.
    pub fn loss_of(&self, kind: &str) -> Option<f64> {
        self.racers.iter().find(|racer| racer.kind == kind).map(|racer| racer.loss)
    }

    /// The numbers in words.
    pub fn words(&self) -> String {
        let place = match self.x {
            Abscissa::Second => format!("after {} s", brief(self.place)),
            _ => format!("after {} updates", self.place),
        };
        let losses: Vec<_> = self.racers.iter().map(Racer::words).collect();
        format!("{place}: {}", losses.join(", "))
    }
}

/// How far one method comes on the way of another, in decades of the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    start: f64,
    part: f64,
}

/// A method does almost as another does where it makes this share of its way.
const ALMOST: f64 = 0.9;

impl Share {
    /// Whether it is almost the whole way.
    pub fn is_almost_whole(self) -> bool {
        self.part >= ALMOST
    }

    /// In words. `of`: of whose way; `word`: what almost the whole of it is called.
    pub fn words(self, of: &str, word: &str) -> String {
        let (part, almost, start) = (percent(self.part), percent(ALMOST), brief(self.start));
        format!("{part} of the way that {of} makes from {start}, in decades; at least {almost} is taken for {word}")
    }
}
