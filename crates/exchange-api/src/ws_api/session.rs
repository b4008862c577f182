//! What a WebSocket API connection remembers: who logged on, and its user data subscriptions.
//!
//! Rules (web-socket-api.md, 2026-07-21): only Ed25519 keys may log on; a request with an `apiKey` of its own is judged by
//! that key; a session whose key is revoked is worth nothing at once; logging out ends the session's subscription.

use std::net::IpAddr;
use std::sync::Arc;

use exchange_host::keys::KeyKind;
use types::{AccountId, Time};

use crate::auth::{self, Security};
use crate::call::{Caller, TimeUnit};
use crate::context::Context;
use crate::error::ApiError;
use crate::json::Json;
use crate::params::Params;
use crate::streams::hub::Link;
use crate::streams::limits::USER_SUBSCRIPTIONS_MAX;

/// A connection's memory.
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) ip: IpAddr,
    pub(super) unit: TimeUnit,
    /// Whether answers show the request counts unless a request says otherwise.
    pub(super) with_limits: bool,
    connected: Time,
    logged_on: Option<LoggedOn>,
    /// The number of the next subscription.
    next_subscription: u64,
}

#[derive(Clone, Debug)]
struct LoggedOn {
    api_key: Arc<str>,
    account: AccountId,
    since: Time,
}

/// A subscription that was granted; it begins when its answer is queued.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) account: AccountId,
    pub(super) api_key: Arc<str>,
    pub(super) subscription: u64,
}

impl Session {
    pub(super) fn new(link: Link, ip: IpAddr, unit: TimeUnit, with_limits: bool, connected: Time) -> Self {
        Self { link, ip, unit, with_limits, connected, logged_on: None, next_subscription: 0 }
    }

    /// Who makes a request: its own key, else the session's.
    pub(super) fn caller(
        &self,
        ctx: &Context,
        security: Security,
        params: &Params,
        at: Time,
    ) -> Result<Option<Caller>, ApiError> {
        if security == Security::Public {
            return Ok(None);
        }
        if let (Some(session), None) = (&self.logged_on, params.get("apiKey")) {
            let deadline = auth::deadline(params, at)?;
            let record = ctx.handle.keys().get(&session.api_key);
            let record = record.filter(|record| record.account == session.account).ok_or_else(revoked)?;
            let caller = Caller {
                account: record.account,
                permissions: record.permissions,
                api_key: Arc::clone(&session.api_key),
                deadline: Some(deadline),
            };
            auth::permit(security, &caller)?;
            return Ok(Some(caller));
        }
        self.signer(ctx, security, params, at).map(Some)
    }

    /// The owner of the request's own key and signature. Clients sign the sorted parameters raw or percent-encoded.
    fn signer(
        &self,
        ctx: &Context,
        security: Security,
        params: &Params,
        at: Time,
    ) -> Result<Caller, ApiError> {
        let (raw, encoded) = (params.sorted_payload(), params.sorted_payload_encoded());
        let payloads = [raw.as_bytes(), encoded.as_bytes()];
        auth::sign_in(ctx, security, params.get("apiKey"), params, &payloads, at)
    }

    /// `session.logon`.
    pub(super) fn log_on(&mut self, ctx: &Context, params: &Params, at: Time) -> Result<Json, ApiError> {
        let caller = self.signer(ctx, Security::UserData, params, at)?;
        let kind = ctx.handle.keys().get(&caller.api_key).map(|record| record.kind());
        match kind {
            Some(KeyKind::Ed25519) => {}
            // Not in errors.md: as users of the venue report it.
            Some(KeyKind::Hmac) => {
                return Err(ApiError::new(-4056, "HMAC_SHA256 API key is not supported."));
            }
            Some(KeyKind::Rsa) => return Err(ApiError::new(-4056, "RSA API key is not supported.")),
            None => return Err(revoked()),
        }
        self.logged_on = Some(LoggedOn { api_key: caller.api_key, account: caller.account, since: at });
        Ok(self.status(at))
    }

    /// `session.logout`: ends the session and the subscriptions of its account.
    pub(super) fn log_out(&mut self, at: Time) -> Json {
        if let Some(session) = self.logged_on.take() {
            let ended = self.link.subscriptions();
            self.link.end_subscriptions(|id| {
                ended.iter().any(|(known, account)| *known == id && *account == session.account)
            });
        }
        self.status(at)
    }

    /// `session.status`.
    pub(super) fn status(&self, at: Time) -> Json {
        let subscriptions = self.link.subscriptions();
        Json::object(|o| {
            match &self.logged_on {
                Some(session) => {
                    o.text("apiKey", &session.api_key);
                    o.time("authorizedSince", session.since, self.unit);
                }
                None => {
                    o.null("apiKey");
                    o.null("authorizedSince");
                }
            }
            o.time("connectedSince", self.connected, self.unit);
            o.bool("returnRateLimits", self.with_limits);
            o.time("serverTime", at, self.unit);
            o.bool("userDataStream", !subscriptions.is_empty());
        })
    }

    /// `userDataStream.subscribe` (of the session) and `userDataStream.subscribe.signature` (of the signer).
    pub(super) fn grant(
        &mut self,
        ctx: &Context,
        params: &Params,
        signed: bool,
        at: Time,
    ) -> Result<Grant, ApiError> {
        let (account, api_key) = if signed {
            let caller = self.signer(ctx, Security::UserData, params, at)?;
            (caller.account, caller.api_key)
        } else {
            let session = self.logged_on.as_ref().ok_or_else(|| {
                ApiError::new(-1099, "Not found, authenticated, or authorized.").with_status(401)
            })?;
            let record = ctx.handle.keys().get(&session.api_key).ok_or_else(revoked)?;
            if !record.permissions.read {
                return Err(revoked());
            }
            (session.account, Arc::clone(&session.api_key))
        };
        let subscriptions = self.link.subscriptions();
        if subscriptions.iter().any(|(_, of)| *of == account) {
            return Err(ApiError::new(-2035, "User Data Stream subscription already active."));
        }
        if subscriptions.len() >= USER_SUBSCRIPTIONS_MAX {
            return Err(ApiError::new(-1003, "Too many User Data Stream subscriptions.").with_status(429));
        }
        let subscription = self.next_subscription;
        self.next_subscription += 1;
        Ok(Grant { account, api_key, subscription })
    }

    /// `userDataStream.unsubscribe`: one subscription, or all.
    pub(super) fn unsubscribe(&self, params: &Params) -> Result<Json, ApiError> {
        let ended = match params.get("subscriptionId") {
            None => self.link.end_subscriptions(|_| true),
            Some(text) => {
                let illegal =
                    "Illegal characters found in parameter 'subscriptionId'; legal range is '^[0-9]{1,20}$'.";
                let wanted: u64 = text.parse().map_err(|_| ApiError::new(-1100, illegal))?;
                self.link.end_subscriptions(|id| id == wanted)
            }
        };
        if ended == 0 {
            return Err(ApiError::new(-2036, "User Data Stream subscription not active."));
        }
        Ok(Json::object(|_| {}))
    }

    /// `session.subscriptions`.
    pub(super) fn subscriptions(&self) -> Json {
        let subscriptions = self.link.subscriptions();
        Json::array(|a| {
            for (id, _) in &subscriptions {
                a.object(|o| o.int("subscriptionId", *id));
            }
        })
    }
}

fn revoked() -> ApiError {
    ApiError::new(-2015, "Invalid API-key, IP, or permissions for action.").with_status(401)
}
