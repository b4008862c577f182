//! Records at stable places, reused after removal, so that steady state allocates nothing.

/// A growing array of records with a list of free places.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Stores a record and tells its place. Bounded by memory long before 2^32 records.
    pub(crate) fn insert(&mut self, record: T) -> u32 {
        if let Some(at) = self.free.pop() {
            self.places[at as usize] = Some(record);
            return at;
        }
        let at = u32::try_from(self.places.len()).expect("2^32 records do not fit in memory");
        self.places.push(Some(record));
        at
    }

    /// Takes a record out; its place is used again.
    pub(crate) fn remove(&mut self, at: u32) -> T {
        let record = self.places[at as usize].take().expect("a place in use is removed once");
        self.free.push(at);
        record
    }

    /// [`Slab::remove`] without moving the record.
    pub(crate) fn free(&mut self, at: u32) {
        debug_assert!(self.places[at as usize].is_some(), "a place in use is removed once");
        self.places[at as usize] = None;
        self.free.push(at);
    }

    /// The record at a place in use.
    pub(crate) fn at(&self, at: u32) -> &T {
        self.places[at as usize].as_ref().expect("the place is in use")
    }

    /// The record at a place in use.
    pub(crate) fn at_mut(&mut self, at: u32) -> &mut T {
        self.places[at as usize].as_mut().expect("the place is in use")
    }

    /// Number of records.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// All records, in order of place (which depends on the past: sort before it becomes visible).
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }
}
