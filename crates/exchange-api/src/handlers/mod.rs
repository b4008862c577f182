//! One function per endpoint, grouped by noun. They know nothing of the transport.

pub(crate) mod general;
