//! Lists that are paged by the time their entries were asked for.

use serde::Deserialize;
use store::Ts;
use utoipa::IntoParams;

use super::orders::page_limit;
use crate::Problem;
use crate::wire::Moment;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paged {
    /// Those asked for before this moment, for the next page.
    #[param(value_type = Option<String>)]
    before: Option<Moment>,
    /// 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

impl Paged {
    /// Before which moment, and how many at most.
    pub(crate) fn read(self) -> Result<(Option<Ts>, u32), Problem> {
        Ok((self.before.map(|at| at.0.into()), page_limit(self.limit)?))
    }
}
