//! Whatever a series holds, a kernel answers with a fit or a typed error, never with a panic or a nonsense number.

use forecast::Series;
use forecast::arima::{Regressor, Spec, fit};
use proptest::prelude::*;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -1e3..1e3_f64,
        1 => Just(0.0),
        1 => Just(f64::NAN),
        1 => prop_oneof![Just(1e300), Just(-1e300), Just(1e-300), Just(f64::MIN_POSITIVE), Just(f64::INFINITY)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_series_is_fitted_or_refused(
        values in prop::collection::vec(value(), 0..60),
        (p, d, q) in (0..4_usize, 0..4_usize, 0..4_usize),
        season in prop::option::of((0..2_usize, 0..2_usize, 0..2_usize, 0..8_usize)),
        constant in 0..3_u8,
    ) {
        let Ok(series) = Series::new(values) else { return Ok(()) };
        let mut spec = Spec::new(p, d, q);
        if let Some((p, d, q, s)) = season {
            spec = spec.seasonal(p, d, q, s);
        }
        spec = spec.with([Regressor::None, Regressor::Mean, Regressor::Drift][usize::from(constant)]);
        if let Ok(found) = fit(&series, &spec) {
            prop_assert!(found.loglik.is_finite() && found.params.sigma2 >= 0.0);
            if let Ok(points) = found.forecast(5) {
                prop_assert!(points.iter().all(|p| !p.mean.is_nan() && p.se >= 0.0));
            }
        }
    }
}
