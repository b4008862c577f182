//! "Did you mean": the known name that is closest to an unknown one.

/// The candidate nearest to `name`, if it is near enough to be a slip (a third of its length, at least two edits).
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = (name.chars().count() / 3).max(2);
    let scored = candidates.map(|candidate| (edits(name, candidate), candidate));
    scored
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let known = ["exchange.addr", "exchange.durability", "log.filter"];
        assert_eq!(nearest("exchange.adress", known.into_iter()), Some("exchange.addr"));
        assert_eq!(nearest("log.filte", known.into_iter()), Some("log.filter"));
        assert_eq!(nearest("colour", known.into_iter()), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
