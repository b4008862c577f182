//! A function over a whole series, by TA-Lib's batch interface.

use ta_lib::Core;
use ta_lib::abstract_api::{InputType, OutputType, ParamHolder};

use crate::function::{Function, Input};
use crate::settings::{Settings, Value};

/// Rows before the first value; `None` when TA-Lib does not have these values.
pub(crate) fn lookback(function: Function, values: &[Value]) -> Option<usize> {
    let core = Core::new();
    let mut call = function.0.id.new_call(&core);
    bind_values(&mut call, values)?;
    call.lookback().ok()
}

fn bind_values(call: &mut ParamHolder<'_>, values: &[Value]) -> Option<()> {
    for (at, value) in values.iter().enumerate() {
        match value {
            Value::Whole(v) => call.set_opt_input(at, *v).ok()?,
            Value::Real(v) => call.set_opt_input(at, *v).ok()?,
        };
    }
    Some(())
}

impl Settings {
    /// The function over whole series, given in the order of its inputs and all of one length: one column per output, each shorter
    /// by the lookback. `None` when the series do not fit the function.
    #[must_use]
    pub fn batch(&self, inputs: &[&[f64]]) -> Option<Vec<Vec<f64>>> {
        let wanted = self.function().inputs();
        let rows = inputs.first().map(|series| series.len())?;
        if inputs.len() != wanted.len() || inputs.iter().any(|series| series.len() != rows) {
            return None;
        }
        let infos = self.function().0.outputs;
        if rows <= self.lookback() {
            return Some(vec![Vec::new(); infos.len()]);
        }
        let mut reals = vec![vec![0.0; rows]; infos.len()];
        let mut wholes = vec![vec![0_i32; rows]; infos.len()];
        let core = Core::new();
        let mut call = self.function().0.id.new_call(&core);
        bind_values(&mut call, self.values())?;
        self.bind_inputs(&mut call, &wanted, inputs)?;
        for (at, (real, whole)) in reals.iter_mut().zip(&mut wholes).enumerate() {
            match infos[at].kind {
                OutputType::Real => call.set_output(at, real).ok()?,
                OutputType::Integer => call.set_int_output(at, whole).ok()?,
            };
        }
        let count = call.call(0, rows - 1).ok()?.count;
        for ((real, whole), info) in reals.iter_mut().zip(&wholes).zip(infos) {
            if info.kind == OutputType::Integer {
                real.iter_mut().zip(whole).for_each(|(r, w)| *r = f64::from(*w));
            }
            real.truncate(count);
        }
        Some(reals)
    }

    fn bind_inputs<'a>(
        &self,
        call: &mut ParamHolder<'a>,
        wanted: &[Input],
        inputs: &[&'a [f64]],
    ) -> Option<()> {
        let price = |want: Input| wanted.iter().position(|w| *w == want).map(|at| inputs[at]);
        let mut real = 0;
        for (slot, info) in self.function().0.inputs.iter().enumerate() {
            if info.kind == InputType::Price {
                let [open, high, low, close, volume] =
                    [Input::Open, Input::High, Input::Low, Input::Close, Input::Volume].map(price);
                call.set_price_input(slot, open, high, low, close, volume, None).ok()?;
            } else {
                call.set_input(slot, price(Input::Real(real))?).ok()?;
                real += 1;
            }
        }
        Some(())
    }
}
