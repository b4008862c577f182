//! What a REST request's signature is over: the query and the body as received, one after the other, without the pair
//! named `signature` wherever it stands (rest-api.md, "SIGNED request security").

/// Appends `text` without its `signature` pairs.
fn append(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    for piece in text.split('&').filter(|piece| piece.split('=').next() != Some("signature")) {
        if out.len() > start {
            out.push(b'&');
        }
        out.extend_from_slice(piece.as_bytes());
    }
}

/// The signed text of a REST request.
pub(crate) fn without_signature(query: &str, body: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(query.len() + body.len());
    append(&mut out, query);
    append(&mut out, body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_cut_out_wherever_it_stands() {
        for (query, body, want) in [
            ("a=1&b=2&signature=x", "", "a=1&b=2"),
            ("signature=x&a=1&b=%20", "", "a=1&b=%20"),
            ("a=1&signature=x&b=2", "", "a=1&b=2"),
            ("a=1", "b=2&signature=x", "a=1b=2"),
            ("a=1&signature=x", "b=2", "a=1b=2"),
            ("", "signature=x", ""),
            ("signatures=1", "", "signatures=1"),
            ("a=1&&b", "", "a=1&&b"),
        ] {
            assert_eq!(without_signature(query, body), want.as_bytes(), "{query} {body}");
        }
    }
}
