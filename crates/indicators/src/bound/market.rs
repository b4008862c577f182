//! TA-Lib's streams: volume and volatility indicators.

use super::streams;

streams! {
    "AD" ad_open AdStream [0 1 2 3] [];
    "ADOSC" adosc_open AdoscStream [0 1 2 3] [int 0 int 1];
    "CMF" cmf_open CmfStream [0 1 2 3] [int 0];
    "EFI" efi_open EfiStream [0 1] [int 0];
    "EMV" emv_open EmvStream [0 1 2] [int 0 real 1];
    "KVO" kvo_open KvoStream [0 1 2 3] [int 0 int 1 int 2];
    "MARKETFI" marketfi_open MarketfiStream [0 1 2] [];
    "NVI" nvi_open NviStream [0 1] [];
    "OBV" obv_open ObvStream [0 1] [];
    "PVI" pvi_open PviStream [0 1] [];
    "PVO" pvo_open PvoStream [0] [int 0 int 1 ma 2];
    "PVT" pvt_open PvtStream [0 1] [];
    "RVOL" rvol_open RvolStream [0] [int 0];
    "VWAP" vwap_open VwapStream [0 1 2 3] [];
    "ADR" adr_open AdrStream [0 1] [int 0];
    "ATR" atr_open AtrStream [0 1 2] [int 0];
    "BBW" bbw_open BbwStream [0] [int 0 real 1 real 2 ma 3];
    "CVI" cvi_open CviStream [0 1] [int 0 int 1];
    "MASSI" massi_open MassiStream [0 1] [int 0 int 1];
    "NATR" natr_open NatrStream [0 1 2] [int 0];
    "PERCENTB" percentb_open PercentbStream [0] [int 0 real 1 real 2 ma 3];
    "ROGERSSATCHELL" rogerssatchell_open RogerssatchellStream [0 1 2 3] [int 0 real 1];
    "RVI" rvi_open RviStream [0] [int 0 int 1];
    "RVIR" rvir_open RvirStream [0 1] [int 0 int 1];
    "TRANGE" trange_open TrangeStream [0 1 2] [];
}
