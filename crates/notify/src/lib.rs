//! Layer 3: tells people. What it forbids: a rule that knows how it is told, and a request to an address that nobody vetted.
//!
//! A [`Message`] is several alerts at once; the [`Notifier`] gives it to every channel that is configured and lets it through. Each
//! channel has a breaker and a few attempts; one that is away delays no other.
//!
//! Outgoing requests follow the security settings: the name is resolved once and the connection goes to the address that was looked
//! at; private, local and special networks are refused unless the operator allows them; no redirects; five seconds; 64 KiB.

mod channel;
mod claims;
mod email;
mod message;
mod notifier;
mod outbound;
mod vet;

pub use channel::{Settings, SettingsError};
pub use message::{Entry, Message};
pub use notifier::{Delivery, Notifier, Standing};
pub use outbound::{OutboundError, Outlet, tls};
pub use vet::refusal;
