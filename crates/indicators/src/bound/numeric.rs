//! TA-Lib's streams: mathematics, statistics and price transforms.

use super::streams;

streams! {
    "ACOS" acos_open AcosStream [0] [];
    "ASIN" asin_open AsinStream [0] [];
    "ATAN" atan_open AtanStream [0] [];
    "CEIL" ceil_open CeilStream [0] [];
    "COS" cos_open CosStream [0] [];
    "COSH" cosh_open CoshStream [0] [];
    "EXP" exp_open ExpStream [0] [];
    "FLOOR" floor_open FloorStream [0] [];
    "LN" ln_open LnStream [0] [];
    "LOG10" log10_open Log10Stream [0] [];
    "SIN" sin_open SinStream [0] [];
    "SINH" sinh_open SinhStream [0] [];
    "SQRT" sqrt_open SqrtStream [0] [];
    "TAN" tan_open TanStream [0] [];
    "TANH" tanh_open TanhStream [0] [];
    "ADD" add_open AddStream [0 1] [];
    "CUMSUM" cumsum_open CumsumStream [0] [];
    "DIV" div_open DivStream [0 1] [];
    "MAX" max_open MaxStream [0] [int 0];
    "MAXINDEX" maxindex_open MaxindexStream [0] [int 0];
    "MIN" min_open MinStream [0] [int 0];
    "MININDEX" minindex_open MinindexStream [0] [int 0];
    "MINMAX" minmax_open MinmaxStream [0] [int 0];
    "MINMAXINDEX" minmaxindex_open MinmaxindexStream [0] [int 0];
    "MULT" mult_open MultStream [0 1] [];
    "SUB" sub_open SubStream [0 1] [];
    "SUM" sum_open SumStream [0] [int 0];
    "BETA" beta_open BetaStream [0 1] [int 0];
    "CORREL" correl_open CorrelStream [0 1] [int 0];
    "KURTOSIS" kurtosis_open KurtosisStream [0] [int 0];
    "LINEARREG" linearreg_open LinearregStream [0] [int 0];
    "LINEARREG_ANGLE" linearreg_angle_open LinearregAngleStream [0] [int 0];
    "LINEARREG_INTERCEPT" linearreg_intercept_open LinearregInterceptStream [0] [int 0];
    "LINEARREG_SLOPE" linearreg_slope_open LinearregSlopeStream [0] [int 0];
    "MEDIAN" median_open MedianStream [0] [int 0];
    "PERCENTILE" percentile_open PercentileStream [0] [int 0 real 1];
    "PERCENTRANK" percentrank_open PercentrankStream [0] [int 0];
    "STDDEV" stddev_open StddevStream [0] [int 0 real 1];
    "TSF" tsf_open TsfStream [0] [int 0];
    "VAR" var_open VarStream [0] [int 0 real 1];
    "AVGDEV" avgdev_open AvgdevStream [0] [int 0];
    "AVGPRICE" avgprice_open AvgpriceStream [0 1 2 3] [];
    "HA" ha_open HaStream [0 1 2 3] [];
    "MEDPRICE" medprice_open MedpriceStream [0 1] [];
    "TYPPRICE" typprice_open TyppriceStream [0 1 2] [];
    "WCLPRICE" wclprice_open WclpriceStream [0 1 2] [];
}
