//! Expressions that choose runs: `lr >= 1e-3 and kind = adam`.
//!
//! ```text
//! any        = all ("or" all)*
//! all        = not ("and" not)*
//! not        = "not" not | "(" any ")" | comparison
//! comparison = key ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~") value
//! ```
//!
//! A value is a number, a word, or text in quotes; `~` asks whether words contain it. A run that lacks the
//! key is not chosen by a comparison, whatever it is.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, eof, fail, not, preceded, repeat, terminated};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::token::{take_till, take_while};
use winnow::{ModalResult, Parser};

use super::{Fact, Run};

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `~`: contains.
    Contains,
}

/// An expression that holds of a run or does not.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// At least one of them holds.
    Any(Vec<Self>),
    /// All of them hold.
    All(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A setting or result compares so.
    Compare {
        /// Its key, whole or the last part.
        key: String,
        /// How.
        comparison: Comparison,
        /// With what.
        value: String,
    },
}

/// An expression that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: expected {expected}")]
pub struct FilterError {
    /// Where, from 1.
    pub column: usize,
    /// What could stand there.
    pub expected: String,
}

/// The deepest nesting of parentheses and `not`.
const DEPTH: usize = 64;

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut whole =
            delimited(multispace0, |input: &mut &str| any(input, DEPTH), eof.context(wanted("and, or, or the end")));
        whole.parse(text).map_err(|error| FilterError {
            column: text[..error.offset()].chars().count() + 1,
            expected: match error.inner().context().last() {
                Some(StrContext::Expected(StrContextValue::Description(words))) => (*words).to_owned(),
                _ => "a comparison, such as lr >= 1e-3".to_owned(),
            },
        })
    }

    /// The names it asks for, from left to right.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(Self::names).collect(),
            Self::Not(part) => part.names(),
            Self::Compare { key, .. } => vec![key],
        }
    }

    /// Whether it holds of a run.
    pub fn holds(&self, run: &Run) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(run)),
            Self::All(parts) => parts.iter().all(|part| part.holds(run)),
            Self::Not(part) => !part.holds(run),
            Self::Compare { key, comparison, value } => run.fact(key).is_some_and(|fact| comparison.holds(fact, value)),
        }
    }
}

impl Comparison {
    /// Numbers compare as numbers with what is one, all else as words, whatever their case.
    fn holds(self, fact: &Fact, value: &str) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let words = || (fact.to_string().to_lowercase(), value.to_lowercase());
        let ordering = if let (Fact::Number(number), Ok(value)) = (fact, value.parse()) {
            number.partial_cmp(&value)
        } else {
            let (fact, value) = words();
            Some(fact.cmp(&value))
        };
        match self {
            Self::Equal => ordering == Some(Equal),
            Self::Unequal => ordering != Some(Equal),
            Self::Less => ordering == Some(Less),
            Self::AtMost => matches!(ordering, Some(Less | Equal)),
            Self::Greater => ordering == Some(Greater),
            Self::AtLeast => matches!(ordering, Some(Greater | Equal)),
            Self::Contains => {
                let (fact, value) = words();
                fact.contains(&value)
            }
        }
    }
}

/// Marks what could have stood where reading failed.
fn wanted(words: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(words))
}

fn any(input: &mut &str, depth: usize) -> ModalResult<Filter> {
    joined(input, "or", Filter::Any, |input| joined(input, "and", Filter::All, |input| single(input, depth)))
}

/// One part, or several with a keyword between them.
fn joined(
    input: &mut &str,
    between: &'static str,
    join: fn(Vec<Filter>) -> Filter,
    part: impl Fn(&mut &str) -> ModalResult<Filter>,
) -> ModalResult<Filter> {
    let first = part(input)?;
    let rest: Vec<_> = repeat(0.., preceded(keyword(between), cut_err(&part))).parse_next(input)?;
    Ok(if rest.is_empty() { first } else { join(std::iter::once(first).chain(rest).collect()) })
}

fn single(input: &mut &str, depth: usize) -> ModalResult<Filter> {
    let Some(depth) = depth.checked_sub(1) else {
        return cut_err(fail.context(wanted("less nesting"))).parse_next(input);
    };
    let inner = |input: &mut &str| any(input, depth);
    let close = cut_err(token(")")).context(wanted("and, or, or a closing parenthesis"));
    let negated = preceded(keyword("not"), cut_err(|input: &mut &str| single(input, depth)));
    alt((delimited(token("("), cut_err(inner), close), negated.map(|part| Filter::Not(Box::new(part))), comparison))
        .parse_next(input)
}

fn comparison(input: &mut &str) -> ModalResult<Filter> {
    let key = preceded(not(reserved), word).context(wanted("the name of a setting or a result, not, or a parenthesis"));
    let operator = alt((
        token("!=").value(Comparison::Unequal),
        token("<=").value(Comparison::AtMost),
        token(">=").value(Comparison::AtLeast),
        token("=").value(Comparison::Equal),
        token("<").value(Comparison::Less),
        token(">").value(Comparison::Greater),
        token("~").value(Comparison::Contains),
    ));
    let operator = cut_err(operator).context(wanted("=, !=, <, <=, >, >= or ~"));
    let value =
        cut_err(alt((quoted, preceded(not(reserved), word)))).context(wanted("a number, a word or text in quotes"));
    (key, operator, value)
        .map(|(key, comparison, value): (&str, _, &str)| Filter::Compare {
            key: key.to_owned(),
            comparison,
            value: value.to_owned(),
        })
        .parse_next(input)
}

/// `text`, and the spaces after it.
fn token<'a>(text: &'static str) -> impl Parser<&'a str, &'a str, ErrMode<ContextError>> {
    terminated(text, multispace0)
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || "._+-".contains(c)
}

fn word<'a>(input: &mut &'a str) -> ModalResult<&'a str> {
    terminated(take_while(1.., in_word), multispace0).parse_next(input)
}

fn quoted<'a>(input: &mut &'a str) -> ModalResult<&'a str> {
    let text = |quote: char| terminated(delimited(quote, take_till(0.., quote), quote), multispace0);
    alt((text('"'), text('\''))).parse_next(input)
}

/// A word of the language itself.
fn keyword<'a>(text: &'static str) -> impl Parser<&'a str, &'a str, ErrMode<ContextError>> {
    terminated((text, not(take_while(1.., in_word))).take(), multispace0)
}

fn reserved<'a>(input: &mut &'a str) -> ModalResult<&'a str> {
    alt((keyword("and"), keyword("or"), keyword("not"))).parse_next(input)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run() -> (tempfile::TempDir, Run) {
        let folder = tempfile::tempdir().unwrap();
        let text = "name = \"one\"\n[optimizer]\nkind = \"adam\"\nlearning_rate = 1e-3\n[loss]\nkind = \"bernoulli\"\n[train]\nbatch = 1000\n[network]\nbias = true\nlayers = [{ units = 30 }]\n";
        std::fs::write(folder.path().join("experiment.toml"), text).unwrap();
        let run = Run::read(folder.path()).unwrap();
        (folder, run)
    }

    #[test]
    fn expressions_choose_runs() {
        let (_folder, run) = run();
        for (text, expected) in [
            ("lr >= 1e-3 and kind = adam", true),
            ("lr > 1e-3 or kind = kfra", false),
            ("kind != adam or batch<2e3", true),
            ("not kind = adam", false),
            ("not (kind = kfra or batch = 7) and name = 'one'", true),
            ("loss.kind ~ NOULL", true),
            ("optimizer.kind = \"Adam\"", true),
            ("status = unfinished", true),
            ("train_loss < 1", false),
            ("train_loss != 1", false),
            ("bias = true and network.layers.1.units = 30", true),
            ("  ( ( batch <= 1000 ) )  ", true),
            ("kind = kfra or kind = adam and batch = 1", false),
            ("notes = 1", false),
            ("name = notes", false),
        ] {
            let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.holds(&run), expected, "{text}: {filter:?}");
        }
    }

    #[test]
    fn what_is_no_expression_is_told_where_and_what_could_stand_there() {
        for (text, column, expected) in [
            ("", 1, "the name of a setting or a result, not, or a parenthesis"),
            ("lr", 3, "=, !=, <, <=, >, >= or ~"),
            ("lr >= ", 7, "a number, a word or text in quotes"),
            ("lr >= 1 kind = adam", 9, "and, or, or the end"),
            ("(lr = 1", 8, "and, or, or a closing parenthesis"),
            ("lr = 1 and", 11, "the name of a setting or a result, not, or a parenthesis"),
            ("λ = 1 and and = 2", 11, "the name of a setting or a result, not, or a parenthesis"),
            ("name = 'a", 8, "a number, a word or text in quotes"),
        ] {
            let error = Filter::parse(text).unwrap_err();
            assert_eq!((error.column, error.expected.as_str()), (column, expected), "{text}");
        }
        assert_eq!(Filter::parse(&"(".repeat(1_000_000)).unwrap_err().expected, "less nesting");
        assert_eq!(Filter::parse(&"not ".repeat(1_000_000)).unwrap_err().expected, "less nesting");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"(and|or|not|lr|kind|[()=<>!~"' .λ0-9e-]){0,40}"#) {
            let _ = Filter::parse(&text);
        }
    }
}
