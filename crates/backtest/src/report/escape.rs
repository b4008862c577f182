//! Text into HTML: nothing that a strategy, a file or a person named can become markup.

/// `text` with the characters that mean something in HTML replaced, in text and in quoted attributes.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// JSON for a `<script>` element: no `<` is left, so it cannot end the element.
pub(super) fn script(json: &serde_json::Value) -> String {
    json.to_string().replace('<', "\\u003c")
}

/// A reason's code as words: `fast_crossed_below` → `fast crossed below`.
pub(super) fn words(code: &str) -> String {
    text(&code.replace('_', " "))
}
