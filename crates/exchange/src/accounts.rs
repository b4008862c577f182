//! Who trades here. An account's place in the list is its [`Holder`] in the ledger.

use crate::hash::hash_of;
use hashbrown::HashTable;
use portfolio::Holder;
use std::collections::BTreeSet;
use types::event::AccountView;
use types::{AccountId, AccountName};

/// All accounts, in order of opening.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    list: Vec<AccountView>,
    by_id: HashTable<u32>,
    names: BTreeSet<AccountName>,
}

impl Accounts {
    /// The holder of an id.
    pub(crate) fn find(&self, id: AccountId) -> Option<Holder> {
        let list = &self.list;
        self.by_id.find(hash_of(&id), |at| list[*at as usize].id == id).map(|at| Holder(*at))
    }

    pub(crate) fn view(&self, holder: Holder) -> &AccountView {
        &self.list[holder.0 as usize]
    }

    pub(crate) fn view_mut(&mut self, holder: Holder) -> &mut AccountView {
        &mut self.list[holder.0 as usize]
    }

    pub(crate) fn has_name(&self, name: &AccountName) -> bool {
        self.names.contains(name)
    }

    /// Adds an account that [`Accounts::find`] and [`Accounts::has_name`] do not know, at the ledger's next place.
    pub(crate) fn open(&mut self, holder: Holder, view: AccountView) {
        debug_assert_eq!(holder.0 as usize, self.list.len(), "the ledger and the accounts go in step");
        self.names.insert(view.name);
        self.list.push(view);
        let list = &self.list;
        self.by_id.insert_unique(hash_of(&view.id), holder.0, |at| hash_of(&list[*at as usize].id));
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &AccountView> {
        self.list.iter()
    }
}
