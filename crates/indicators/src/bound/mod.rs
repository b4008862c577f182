//! TA-Lib's own streams, one row of a table per function.
//!
//! A row opens a stream over its warm-up rows and turns it into a [`Handle`]. A test holds the tables to TA-Lib's list of
//! functions, and the property test of the registry holds each stream to the batch function.

mod market;
mod momentum;
mod numeric;
mod overlap;
mod pattern;

use ta_lib::{Core, RetCode};

use crate::settings::Value;

/// A stream that is open.
pub(crate) trait Handle: Send {
    /// Takes in the next row.
    fn update(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), RetCode>;
}

/// Opens a stream over columns of lookback + 1 rows; `out` gets the first values.
pub(crate) type Open = fn(&Core, &[Vec<f64>], &[Value], &mut [f64]) -> Result<Box<dyn Handle>, RetCode>;

/// A function's name and how its stream is opened.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) open: Open,
}

/// How the stream of `name` is opened.
pub(crate) fn find(name: &str) -> Option<Open> {
    let tables = [overlap::ROWS, momentum::ROWS, pattern::ROWS, numeric::ROWS, market::ROWS];
    tables.into_iter().flatten().find(|row| row.name == name).map(|row| row.open)
}

/// What a stream returns, put into places.
trait Emit {
    fn emit(self, out: &mut [f64]);
}

impl Emit for f64 {
    fn emit(self, out: &mut [f64]) {
        out[0] = self;
    }
}

impl Emit for i32 {
    fn emit(self, out: &mut [f64]) {
        out[0] = Self::into(self);
    }
}

macro_rules! emit_tuple {
    ($($field:tt: $type:ident),*) => {
        impl<$($type: Into<f64>),*> Emit for ($($type,)*) {
            fn emit(self, out: &mut [f64]) {
                $(out[$field] = self.$field.into();)*
            }
        }
    };
}
emit_tuple!(0: A, 1: B);
emit_tuple!(0: A, 1: B, 2: C);
emit_tuple!(0: A, 1: B, 2: C, 3: D);

macro_rules! value {
    ($values:ident, int, $at:literal) => {
        $values[$at].whole()
    };
    ($values:ident, real, $at:literal) => {
        $values[$at].real()
    };
    ($values:ident, ma, $at:literal) => {
        ta_lib::MAType::try_from($values[$at].whole())?
    };
}

/// Rows `"NAME" open Stream [inputs by place] [parameters by kind and place];`.
macro_rules! streams {
    ($($name:literal $open:ident $stream:ident [$($x:literal)*] [$($kind:ident $at:literal)*];)*) => {
        $(impl crate::bound::Handle for ta_lib::$stream {
            fn update(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), ta_lib::RetCode> {
                crate::bound::Emit::emit(Self::update(self, $(x[$x]),*)?, out);
                Ok(())
            }
        })*
        pub(super) const ROWS: &[crate::bound::Row] = &[$(crate::bound::Row {
            name: $name,
            open: |core, columns, _values, out| {
                let opened = core.$open($(&columns[$x],)* $(crate::bound::value!(_values, $kind, $at)),*);
                let (stream, first) = opened?;
                crate::bound::Emit::emit(first, out);
                Ok(Box::new(stream))
            },
        }),*];
    };
}
use {streams, value};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Function;

    #[test]
    fn the_tables_hold_every_function_once() {
        let tables = [overlap::ROWS, momentum::ROWS, pattern::ROWS, numeric::ROWS, market::ROWS];
        let mut names: Vec<&str> = tables.into_iter().flatten().map(|row| row.name).collect();
        names.sort_unstable();
        let all: Vec<&str> = Function::all().map(Function::name).collect();
        assert_eq!(names, all);
    }
}
