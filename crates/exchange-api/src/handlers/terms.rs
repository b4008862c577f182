//! Order terms from parameters. The same rules hold for a single order (`price`) and for a leg of a list, whose
//! parameters carry its name (`abovePrice`, `pendingPrice`).

use std::borrow::Cow;

use types::order::{AfterTrigger, Amount, StopKind, Tags, Trigger};
use types::{Bips, ClientOrderId, Market, Money, OrderType, Price, Qty, Side, StpMode, Terms, TimeInForce};

use crate::error::ApiError;
use crate::params::{Params, invalid, missing, not_required};
use crate::words::{ORDER_TYPES, SIDES, STP_MODES, TIMES_IN_FORCE};

/// The smallest `strategyType`; lower ones are Binance's own.
const STRATEGY_TYPE_MIN: i64 = 1_000_000;

/// The parameters of one order or leg.
pub(super) struct Asked<'a> {
    params: &'a Params,
    market: &'a Market,
    /// What the parameters' names start with; empty for a single order.
    prefix: &'static str,
}

impl<'a> Asked<'a> {
    pub(super) const fn new(params: &'a Params, market: &'a Market, prefix: &'static str) -> Self {
        Self { params, market, prefix }
    }

    pub(super) const fn params(&self) -> &'a Params {
        self.params
    }

    pub(super) const fn market(&self) -> &'a Market {
        self.market
    }

    /// `price` as it is called here: `price`, `abovePrice`.
    fn name(&self, name: &'static str) -> Cow<'static, str> {
        if self.prefix.is_empty() {
            return Cow::Borrowed(name);
        }
        let (first, rest) = name.split_at(1);
        Cow::Owned(format!("{}{}{rest}", self.prefix, first.to_ascii_uppercase()))
    }

    pub(super) fn side(&self) -> Result<Side, ApiError> {
        let name = self.name("side");
        let side = self.params.word(&name, SIDES, || ApiError::new(-1117, "Invalid side."))?;
        side.ok_or_else(|| missing(&name))
    }

    pub(super) fn order_type(&self) -> Result<OrderType, ApiError> {
        let name = self.name("type");
        let kind = self.params.word(&name, ORDER_TYPES, || ApiError::new(-1116, "Invalid orderType."))?;
        kind.ok_or_else(|| missing(&name))
    }

    pub(super) fn client_id(&self) -> Result<Option<ClientOrderId>, ApiError> {
        // A single order's id is called `newClientOrderId`.
        let name = if self.prefix.is_empty() { "newClientOrderId" } else { "clientOrderId" };
        self.params.client_id(&self.name(name))
    }

    pub(super) fn tags(&self) -> Result<Tags, ApiError> {
        let strategy_id = self.params.int(&self.name("strategyId"))?;
        let strategy_type = self.params.int(&self.name("strategyType"))?;
        if strategy_type.is_some_and(|kind| kind < STRATEGY_TYPE_MIN) {
            return Err(ApiError::new(-1134, "strategyType was less than 1000000."));
        }
        Ok(Tags { strategy_id, strategy_type })
    }

    /// A mandatory quantity above zero. Legs of an OCO pair share the list's.
    pub(super) fn qty(&self) -> Result<Qty, ApiError> {
        let name = self.name("quantity");
        let qty = self.params.qty(&name, self.market)?.ok_or_else(|| missing(&name))?;
        if qty.is_zero() { Err(ApiError::new(-1013, "Invalid quantity.")) } else { Ok(qty) }
    }

    /// The terms of a single order or of a leg with its own quantity.
    pub(super) fn terms(&self) -> Result<Terms, ApiError> {
        let kind = self.order_type()?;
        if kind == OrderType::Market {
            return self.market_terms();
        }
        self.terms_of(kind, self.qty()?)
    }

    /// The terms of type `kind` (not MARKET) for `qty`.
    pub(super) fn terms_of(&self, kind: OrderType, qty: Qty) -> Result<Terms, ApiError> {
        self.refuse("quoteOrderQty")?;
        match kind {
            OrderType::Limit => {
                let (tif, price) = (self.tif()?, self.price()?);
                self.refuse_trigger()?;
                Ok(Terms::Limit { price, qty, tif, display: self.display(qty, tif)? })
            }
            OrderType::LimitMaker => {
                self.refuse("timeInForce")?;
                self.refuse_trigger()?;
                let price = self.price()?;
                Ok(Terms::LimitMaker { price, qty, display: self.display(qty, TimeInForce::Gtc)? })
            }
            OrderType::Market => self.market_terms(),
            OrderType::StopLoss => self.stop(StopKind::StopLoss, qty, false),
            OrderType::TakeProfit => self.stop(StopKind::TakeProfit, qty, false),
            OrderType::StopLossLimit => self.stop(StopKind::StopLoss, qty, true),
            OrderType::TakeProfitLimit => self.stop(StopKind::TakeProfit, qty, true),
        }
    }

    fn market_terms(&self) -> Result<Terms, ApiError> {
        for name in ["price", "timeInForce", "icebergQty"] {
            self.refuse(name)?;
        }
        self.refuse_trigger()?;
        let (qty_name, quote_name) = (self.name("quantity"), self.name("quoteOrderQty"));
        let qty = self.params.qty(&qty_name, self.market)?;
        let quote = self.params.quote(&quote_name, self.market)?;
        let amount = match (qty, quote) {
            (Some(_), Some(_)) => return Err(not_required(&quote_name)),
            (None, None) => return Err(one_of(&qty_name, &quote_name)),
            (Some(Qty(0)), None) => return Err(ApiError::new(-1013, "Invalid quantity.")),
            (None, Some(Money(0))) => return Err(ApiError::new(-1013, "Invalid quote order qty.")),
            (Some(qty), None) => Amount::Base(qty),
            (None, Some(quote)) => Amount::Quote(quote),
        };
        Ok(Terms::Market { amount })
    }

    fn stop(&self, kind: StopKind, qty: Qty, limit: bool) -> Result<Terms, ApiError> {
        let (stop_name, delta_name) = (self.name("stopPrice"), self.name("trailingDelta"));
        let stop = self.params.price(&stop_name, self.market)?;
        let trailing = self.trailing(&delta_name)?;
        if stop.is_none() && trailing.is_none() {
            return Err(one_of(&stop_name, &delta_name));
        }
        if stop == Some(Price(0)) {
            return Err(ApiError::new(-1013, "Invalid stopPrice."));
        }
        let then = if limit {
            let (tif, price) = (self.tif()?, self.price()?);
            AfterTrigger::Limit { price, tif, display: self.display(qty, tif)? }
        } else {
            for name in ["price", "timeInForce", "icebergQty"] {
                self.refuse(name)?;
            }
            AfterTrigger::Market
        };
        Ok(Terms::Stop { trigger: Trigger { kind, stop, trailing }, qty, then })
    }

    /// A trailing delta. Beyond the range of numbers it is the largest one, which TRAILING_DELTA refuses.
    pub(super) fn trailing(&self, name: &str) -> Result<Option<Bips>, ApiError> {
        Ok(self.params.int(name)?.map(|delta| Bips(u32::try_from(delta).unwrap_or(u32::MAX))))
    }

    fn tif(&self) -> Result<TimeInForce, ApiError> {
        let name = self.name("timeInForce");
        let tif = self.params.word(&name, TIMES_IN_FORCE, || ApiError::new(-1115, "Invalid timeInForce."))?;
        tif.ok_or_else(|| missing(&name))
    }

    fn price(&self) -> Result<Price, ApiError> {
        let name = self.name("price");
        let price = self.params.price(&name, self.market)?.ok_or_else(|| missing(&name))?;
        if price.0 == 0 { Err(ApiError::new(-1013, "Invalid price.")) } else { Ok(price) }
    }

    /// An iceberg's shown quantity; zero means none.
    fn display(&self, qty: Qty, tif: TimeInForce) -> Result<Option<Qty>, ApiError> {
        let display = self.params.qty(&self.name("icebergQty"), self.market)?.filter(|d| !d.is_zero());
        match display {
            Some(_) if tif != TimeInForce::Gtc => Err(ApiError::new(-1014, "Unsupported order combination.")),
            Some(display) if display > qty => Err(ApiError::new(-1013, "IcebergQty exceeds QTY.")),
            display => Ok(display),
        }
    }

    fn refuse(&self, name: &'static str) -> Result<(), ApiError> {
        let name = self.name(name);
        if self.params.has(&name) { Err(not_required(&name)) } else { Ok(()) }
    }

    fn refuse_trigger(&self) -> Result<(), ApiError> {
        self.refuse("stopPrice")?;
        self.refuse("trailingDelta")
    }
}

/// Self-trade prevention: NONE unless asked for.
pub(super) fn stp(params: &Params) -> Result<StpMode, ApiError> {
    let name = "selfTradePreventionMode";
    let not_here = || {
        let text = "This symbol does not allow the specified self-trade prevention mode.";
        if params.get(name) == Some("TRANSFER") { ApiError::new(-1013, text) } else { invalid(name) }
    };
    Ok(params.word(name, STP_MODES, not_here)?.unwrap_or(StpMode::None))
}

/// -1102 for two parameters of which one must be there.
pub(super) fn one_of(a: &str, b: &str) -> ApiError {
    ApiError::new(-1102, format!("Param '{a}' or '{b}' must be sent, but both were empty/null!"))
}
