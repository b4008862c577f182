//! OTLP 1.x: `ExportTraceServiceRequest` in protobuf, as `POST /v1/traces` takes it (opentelemetry-proto 1.9, `trace/v1/trace.proto`).
//!
//! Written by hand: a dozen fields of six messages, against some forty crates of a general exporter (docs/adr/traces-by-hand.md).

use crate::span::{Ended, Kind, Value};

/// The media type of the body.
pub const MEDIA_TYPE: &str = "application/x-protobuf";

/// Wire types of protobuf.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;
/// `STATUS_CODE_ERROR`.
const ERROR: u64 = 2;

/// A message under way.
#[derive(Debug, Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).unwrap_or(0));
    }

    fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3 | VARINT);
        self.varint(value);
    }

    fn fixed_64(&mut self, field: u64, value: u64) {
        self.varint(field << 3 | FIXED_64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn fixed_32(&mut self, field: u64, value: u32) {
        self.varint(field << 3 | FIXED_32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }

    /// `KeyValue`.
    fn attribute(&mut self, field: u64, key: &str, value: &Value) {
        self.message(field, |pair| {
            pair.bytes(1, key.as_bytes());
            pair.message(2, |any| match value {
                Value::Text(text) => any.bytes(1, text.as_bytes()),
                Value::Whole(number) => any.number(3, number.cast_unsigned()),
            });
        });
    }
}

const fn kind(kind: Kind) -> u64 {
    match kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Consumer => 5,
    }
}

fn span(out: &mut Writer, span: &Ended) {
    out.bytes(1, &span.context.trace.to_be_bytes());
    out.bytes(2, &span.context.span.to_be_bytes());
    if span.parent != 0 {
        out.bytes(4, &span.parent.to_be_bytes());
    }
    out.bytes(5, span.name.as_bytes());
    out.number(6, kind(span.kind));
    out.fixed_64(7, span.began_ns);
    out.fixed_64(8, span.ended_ns);
    for (key, value) in &span.attributes {
        out.attribute(9, key, value);
    }
    if let Some(why) = &span.failure {
        out.message(15, |status| {
            status.bytes(2, why.as_bytes());
            status.number(3, ERROR);
        });
    }
    out.fixed_32(16, u32::from(span.context.sampled));
}

/// The body of a request with these spans; `resource` says whose they are (`service.name`, ...), `version` is the program's.
#[must_use]
pub fn body(resource: &[(&'static str, Value)], version: &str, spans: &[Ended]) -> Vec<u8> {
    let mut out = Writer::default();
    out.message(1, |of_resource| {
        of_resource.message(1, |told| {
            for (key, value) in resource {
                told.attribute(1, key, value);
            }
        });
        of_resource.message(2, |of_scope| {
            of_scope.message(1, |scope| {
                scope.bytes(1, b"tradewind");
                scope.bytes(2, version.as_bytes());
            });
            for one in spans {
                of_scope.message(2, |message| span(message, one));
            }
        });
    });
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;

    /// Read by Google's own protobuf with the published `.proto` files, and written again by it: the same bytes.
    #[test]
    fn the_bytes_are_those_of_the_published_schema() {
        let one = Ended {
            context: Context {
                trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
                span: 0x00f0_67aa_0ba9_02b7,
                sampled: true,
            },
            parent: 1,
            name: "GET /api/orders".into(),
            kind: Kind::Server,
            began_ns: 1_795_000_000_000_000_000,
            ended_ns: 1_795_000_000_000_001_500,
            attributes: vec![
                ("url.path", "/api/orders".into()),
                ("http.response.status_code", Value::Whole(503)),
            ],
            failure: Some("ünavailable".into()),
        };
        let hex: String = body(&[("service.name", "tradewind".into())], "0.1.0", &[one])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, PUBLISHED);
    }

    const PUBLISHED: &str = "\
        0ad9010a1d0a1b0a0c736572766963652e6e616d65120b0a09747261646577696e6412b7010a120a09747261646577696e641205302e31\
        2e3012a0010a104bf92f3577b34da6a3ce929d0e0e4736120800f067aa0ba902b7220800000000000000012a0f474554202f6170692f6f\
        72646572733002390080d35bfd1ee91841dc85d35bfd1ee9184a190a0875726c2e70617468120d0a0b2f6170692f6f72646572734a200a\
        19687474702e726573706f6e73652e7374617475735f636f6465120318f7037a10120cc3bc6e617661696c61626c651802850101000000";
}
