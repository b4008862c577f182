//! What a search may try: a grid of parameter values. All searches move on the grid; random and TPE just do not visit all of it.

use types::decimal;

/// Most parameters that vary.
pub const AXES_MAX: usize = 8;
/// Most values of one parameter.
pub const VALUES_MAX: usize = 10_000;
/// Most points of a grid: at 10,000 trials a second, two minutes.
pub const POINTS_MAX: usize = 1_000_000;
/// Decimals that a range may have.
const SCALE: u8 = 9;

/// One parameter and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// `fast`.
    pub name: String,
    /// In the order given; texts, as a strategy reads them.
    pub values: Vec<String>,
    /// True when all values are numbers, rising: then neighbours on the axis are neighbours.
    pub is_ordered: bool,
}

/// A place on the grid: an index into each axis.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point(pub Vec<usize>);

/// All axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    axes: Vec<Axis>,
}

/// What is wrong with a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpaceError {
    /// Not `name=values`.
    Malformed {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The same parameter twice.
    Twice(String),
    /// More than can be tried.
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is possible.
        max: usize,
    },
    /// No axis at all.
    Empty,
}

impl std::fmt::Display for SpaceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed { text, why } => write!(f, "{text:?} is no range of values: {why}"),
            Self::Twice(name) => write!(f, "parameter {name:?} has two ranges"),
            Self::TooLarge { what, max } => write!(f, "too many {what}: at most {max}"),
            Self::Empty => f.write_str("nothing varies: give at least one range, like fast=5..30:5"),
        }
    }
}
impl std::error::Error for SpaceError {}

impl Axis {
    /// Reads `fast=5..30:5` (from, to included, step), `fast=5..30` (step 1) or `seed=mean,first`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, SpaceError> {
        let malformed = |why: &str| SpaceError::Malformed { text: text.to_owned(), why: why.to_owned() };
        let (name, values) =
            text.split_once('=').ok_or_else(|| malformed("write name=from..to:step or name=a,b,c"))?;
        if name.is_empty() || values.is_empty() {
            return Err(malformed("name or values are missing"));
        }
        let values = match values.split_once("..") {
            Some((from, rest)) => {
                let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
                range(from, to, step).map_err(|why| match why {
                    RangeError::NoNumber => malformed("from, to and step are decimal numbers"),
                    RangeError::Backwards => malformed("to is below from, or step is not above 0"),
                    RangeError::Long => {
                        SpaceError::TooLarge { what: "values of a parameter", max: VALUES_MAX }
                    }
                })?
            }
            None => values.split(',').map(|v| v.trim().to_owned()).collect(),
        };
        if values.iter().any(String::is_empty) {
            return Err(malformed("a value is empty"));
        }
        if values.len() > VALUES_MAX {
            return Err(SpaceError::TooLarge { what: "values of a parameter", max: VALUES_MAX });
        }
        let mut seen = values.clone();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() != values.len() {
            return Err(malformed("a value is given twice"));
        }
        let numbers: Option<Vec<i128>> = values.iter().map(|v| decimal::parse(v, SCALE).ok()).collect();
        let is_ordered = numbers.is_some_and(|n| n.windows(2).all(|w| w[0] < w[1]));
        Ok(Self { name: name.to_owned(), values, is_ordered })
    }
}

enum RangeError {
    NoNumber,
    Backwards,
    Long,
}

fn range(from: &str, to: &str, step: &str) -> Result<Vec<String>, RangeError> {
    let read = |text: &str| decimal::parse(text.trim(), SCALE).map_err(|_| RangeError::NoNumber);
    let (from, to, step) = (read(from)?, read(to)?, read(step)?);
    if to < from || step <= 0 {
        return Err(RangeError::Backwards);
    }
    let count =
        usize::try_from((to - from) / step).ok().filter(|c| *c < VALUES_MAX).ok_or(RangeError::Long)?;
    Ok((0..=count).map(|i| decimal::format_short(from + step * i as i128, SCALE)).collect())
}

impl Space {
    /// A grid over `axes`.
    ///
    /// # Errors
    /// See [`SpaceError`].
    pub fn new(axes: Vec<Axis>) -> Result<Self, SpaceError> {
        if axes.is_empty() {
            return Err(SpaceError::Empty);
        }
        if axes.len() > AXES_MAX {
            return Err(SpaceError::TooLarge { what: "parameters that vary", max: AXES_MAX });
        }
        for (i, axis) in axes.iter().enumerate() {
            if axes[..i].iter().any(|before| before.name == axis.name) {
                return Err(SpaceError::Twice(axis.name.clone()));
            }
        }
        let size = axes.iter().try_fold(1_usize, |n, a| n.checked_mul(a.values.len()));
        if size.is_none_or(|n| n > POINTS_MAX) {
            return Err(SpaceError::TooLarge { what: "combinations", max: POINTS_MAX });
        }
        Ok(Self { axes })
    }

    /// The axes.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Number of points.
    #[must_use]
    pub fn size(&self) -> usize {
        self.axes.iter().map(|a| a.values.len()).product()
    }

    /// The `i`-th point, the last axis turning fastest.
    #[must_use]
    pub fn point(&self, mut i: usize) -> Point {
        let mut at = vec![0; self.axes.len()];
        for (slot, axis) in at.iter_mut().zip(&self.axes).rev() {
            *slot = i % axis.values.len();
            i /= axis.values.len();
        }
        Point(at)
    }

    /// The number of a point; the inverse of [`Self::point`].
    #[must_use]
    pub fn number(&self, point: &Point) -> usize {
        self.axes.iter().zip(&point.0).fold(0, |n, (axis, at)| n * axis.values.len() + at)
    }

    /// Names and values at a point.
    #[must_use]
    pub fn pairs(&self, point: &Point) -> Vec<(String, String)> {
        let value = |(axis, at): (&Axis, &usize)| (axis.name.clone(), axis.values[*at].clone());
        self.axes.iter().zip(&point.0).map(value).collect()
    }

    /// The points at most one step away on every ordered axis, and the same elsewhere; the point itself included.
    #[must_use]
    pub fn neighbours(&self, point: &Point) -> Vec<Point> {
        let mut out = vec![Vec::new()];
        for (axis, at) in self.axes.iter().zip(&point.0) {
            let last = axis.values.len() - 1;
            let steps = if axis.is_ordered { at.saturating_sub(1)..=(at + 1).min(last) } else { *at..=*at };
            let longer = |start: &Vec<usize>| {
                let start = start.clone();
                steps.clone().map(move |s| start.iter().copied().chain([s]).collect::<Vec<_>>())
            };
            out = out.iter().flat_map(longer).collect();
        }
        out.into_iter().map(Point).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_exact_and_include_their_end() {
        assert_eq!(Axis::parse("fast=5..30:5").unwrap().values, ["5", "10", "15", "20", "25", "30"]);
        assert_eq!(Axis::parse("k=0.1..0.35:0.1").unwrap().values, ["0.1", "0.2", "0.3"]);
        assert_eq!(Axis::parse("n=3..5").unwrap().values, ["3", "4", "5"]);
        assert!(!Axis::parse("seed=mean,first").unwrap().is_ordered);
        for bad in ["fast", "=1", "n=", "n=5..1", "n=1..5:0", "n=a..b", "n=1,,2", "n=1,1", "n=0..1:0.00001"] {
            assert!(Axis::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn points_and_numbers_are_inverse() {
        let axes = ["a=1..3", "b=x,y", "c=1..4"].map(|t| Axis::parse(t).unwrap());
        let space = Space::new(axes.to_vec()).unwrap();
        assert_eq!(space.size(), 24);
        for i in 0..24 {
            assert_eq!(space.number(&space.point(i)), i);
        }
        // Two of three on a, the same on b, three of four on c.
        assert_eq!(space.neighbours(&Point(vec![0, 1, 1])).len(), 6);
        let twice = Axis::parse("a=1..2").unwrap();
        assert_eq!(Space::new(vec![twice.clone(), twice]), Err(SpaceError::Twice("a".into())));
        let wide = (0..4).map(|i| Axis::parse(&format!("a{i}=1..100")).unwrap()).collect();
        assert!(matches!(Space::new(wide), Err(SpaceError::TooLarge { .. })));
    }
}
