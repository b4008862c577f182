//! TA-Lib's streams: averages, channels and stops drawn over the price, and the cycle indicators.

use super::streams;

streams! {
    "ACCBANDS" accbands_open AccbandsStream [0 1 2] [int 0];
    "ALMA" alma_open AlmaStream [0] [int 0 real 1 real 2];
    "BBANDS" bbands_open BbandsStream [0] [int 0 real 1 real 2 ma 3];
    "CKSP" cksp_open CkspStream [0 1 2] [int 0 real 1 int 2];
    "DEMA" dema_open DemaStream [0] [int 0];
    "DONCHIAN" donchian_open DonchianStream [0 1] [int 0];
    "EMA" ema_open EmaStream [0] [int 0];
    "FRAMA" frama_open FramaStream [0 1] [int 0];
    "HMA" hma_open HmaStream [0] [int 0];
    "HT_TRENDLINE" ht_trendline_open HtTrendlineStream [0] [];
    "ICHIMOKU" ichimoku_open IchimokuStream [0 1] [int 0 int 1 int 2];
    "KAMA" kama_open KamaStream [0] [int 0];
    "KC" kc_open KcStream [0 1 2] [int 0 int 1 real 2];
    "MA" ma_open MaStream [0] [int 0 ma 1];
    "MAMA" mama_open MamaStream [0] [real 0 real 1];
    "MAVP" mavp_open MavpStream [0 1] [int 0 int 1 ma 2];
    "MCGD" mcgd_open McgdStream [0] [int 0];
    "MIDPOINT" midpoint_open MidpointStream [0] [int 0];
    "MIDPRICE" midprice_open MidpriceStream [0 1] [int 0];
    "RMA" rma_open RmaStream [0] [int 0];
    "SAR" sar_open SarStream [0 1] [real 0 real 1];
    "SAREXT" sarext_open SarextStream [0 1] [real 0 real 1 real 2 real 3 real 4 real 5 real 6 real 7];
    "SMA" sma_open SmaStream [0] [int 0];
    "SUPERTREND" supertrend_open SupertrendStream [0 1 2] [int 0 real 1];
    "SWAK_BUTTER" swak_butter_open SwakButterStream [0] [int 0];
    "SWAK_GAUSS" swak_gauss_open SwakGaussStream [0] [int 0];
    "T3" t3_open T3Stream [0] [int 0 real 1];
    "TEMA" tema_open TemaStream [0] [int 0];
    "TRIMA" trima_open TrimaStream [0] [int 0];
    "VIDYA" vidya_open VidyaStream [0] [int 0 int 1];
    "VWMA" vwma_open VwmaStream [0 1] [int 0];
    "WMA" wma_open WmaStream [0] [int 0];
    "ZIGZAG" zigzag_open ZigzagStream [0 1] [real 0 int 1];
    "ZLEMA" zlema_open ZlemaStream [0] [int 0];
    "HT_DCPERIOD" ht_dcperiod_open HtDcperiodStream [0] [];
    "HT_DCPHASE" ht_dcphase_open HtDcphaseStream [0] [];
    "HT_PHASOR" ht_phasor_open HtPhasorStream [0] [];
    "HT_SINE" ht_sine_open HtSineStream [0] [];
    "HT_TRENDMODE" ht_trendmode_open HtTrendmodeStream [0] [];
    "SWAK_2PHP" swak_2php_open Swak2phpStream [0] [int 0];
    "SWAK_BP" swak_bp_open SwakBpStream [0] [int 0 real 1];
    "SWAK_HP" swak_hp_open SwakHpStream [0] [int 0];
}
