//! JSON text written directly: keys in the venue's order, decimals as strings, no tree in between.
//!
//! Keys are the code's own literals and are written as they are; texts from outside are escaped.

use std::fmt::Write;

use bytes::Bytes;
use http::websocket::Utf8Bytes;
use types::{Money, Price, Qty, Time, decimal};

use crate::call::TimeUnit;

/// A finished JSON text. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Json(Bytes);

/// Writes the members of one object.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

/// Writes the elements of one array.
pub(crate) struct Array<'a> {
    out: &'a mut String,
    first: bool,
}

impl Json {
    /// An object.
    pub(crate) fn object(fill: impl FnOnce(&mut Object<'_>)) -> Self {
        let mut out = String::with_capacity(512);
        write_object(&mut out, fill);
        Self(out.into())
    }

    /// An array.
    pub(crate) fn array(fill: impl FnOnce(&mut Array<'_>)) -> Self {
        let mut out = String::with_capacity(512);
        write_array(&mut out, fill);
        Self(out.into())
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("was made from a String")
    }

    /// The text as a WebSocket message, without a copy.
    pub(crate) fn into_text(self) -> Utf8Bytes {
        Utf8Bytes::try_from(self.0).expect("was made from a String")
    }

    /// The text as bytes, without a copy.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }
}

fn write_object(out: &mut String, fill: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    fill(&mut Object { out, first: true });
    out.push('}');
}

fn write_array(out: &mut String, fill: impl FnOnce(&mut Array<'_>)) {
    out.push('[');
    fill(&mut Array { out, first: true });
    out.push(']');
}

/// A quoted text with everything escaped that JSON demands.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_decimal(out: &mut String, value: i128, scale: u8) {
    out.push('"');
    // Writing to a String cannot fail.
    let _ = decimal::write_fixed(out, value, scale);
    out.push('"');
}

fn write_int(out: &mut String, value: impl Into<i128>) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{}", value.into());
}

impl Object<'_> {
    fn key(&mut self, key: &str) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        write_text(self.key(key), text);
    }

    pub(crate) fn int(&mut self, key: &str, value: impl Into<i128>) {
        write_int(self.key(key), value);
    }

    pub(crate) fn bool(&mut self, key: &str, value: bool) {
        self.key(key).push_str(if value { "true" } else { "false" });
    }

    pub(crate) fn null(&mut self, key: &str) {
        self.key(key).push_str("null");
    }

    /// A decimal string with exactly `scale` decimals.
    pub(crate) fn decimal(&mut self, key: &str, value: i128, scale: u8) {
        write_decimal(self.key(key), value, scale);
    }

    pub(crate) fn price(&mut self, key: &str, price: Price, scale: u8) {
        self.decimal(key, i128::from(price.0), scale);
    }

    pub(crate) fn qty(&mut self, key: &str, qty: Qty, scale: u8) {
        self.decimal(key, i128::from(qty.0), scale);
    }

    pub(crate) fn money(&mut self, key: &str, money: Money, scale: u8) {
        self.decimal(key, money.0, scale);
    }

    pub(crate) fn time(&mut self, key: &str, at: Time, unit: TimeUnit) {
        self.int(key, unit.print(at));
    }

    /// Text that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key).push_str(json);
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        write_object(self.key(key), fill);
    }

    pub(crate) fn array(&mut self, key: &str, fill: impl FnOnce(&mut Array<'_>)) {
        write_array(self.key(key), fill);
    }
}

impl Array<'_> {
    fn next(&mut self) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        self.out
    }

    pub(crate) fn text(&mut self, text: &str) {
        write_text(self.next(), text);
    }

    pub(crate) fn int(&mut self, value: impl Into<i128>) {
        write_int(self.next(), value);
    }

    /// A decimal string with exactly `scale` decimals.
    pub(crate) fn decimal(&mut self, value: i128, scale: u8) {
        write_decimal(self.next(), value, scale);
    }

    /// Text that is JSON already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.next().push_str(json);
    }

    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        write_object(self.next(), fill);
    }

    pub(crate) fn array(&mut self, fill: impl FnOnce(&mut Array<'_>)) {
        write_array(self.next(), fill);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_the_json_that_was_meant() {
        let json = Json::object(|o| {
            o.text("a", "q\"\\\n\u{1}é");
            o.int("b", -5_i64);
            o.decimal("c", 150_000_000, 8);
            o.array("d", |a| {
                a.text("x");
                a.decimal(1, 8);
                a.array(|_| {});
                a.object(|o| o.bool("y", true));
            });
            o.object("e", |o| o.null("z"));
            o.raw("f", "[1]");
        });
        assert_eq!(
            json.as_str(),
            "{\"a\":\"q\\\"\\\\\\n\\u0001é\",\"b\":-5,\"c\":\"1.50000000\",\
             \"d\":[\"x\",\"0.00000001\",[],{\"y\":true}],\"e\":{\"z\":null},\"f\":[1]}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(json.as_str()).is_ok());
    }
}
