//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, Kind, MAX_ROYALTY};
use assay_primitives::mock::{operations, Random};
use assay_primitives::{ListingId, Royalty};
use sp_runtime::{DispatchResult, Perbill, StateVersion};
use std::collections::BTreeMap;

const ACCOUNTS: u64 = 6;
const ROOTS: u64 = 24;
const SEED: u64 = 6;

/// What these tests choose at random.
trait Choose {
    fn account(&mut self) -> u64;

    fn root(&mut self) -> u8;

    /// A little above the most, too.
    fn royalty(&mut self) -> Perbill;
}

impl Choose for Random {
    fn account(&mut self) -> u64 {
        1 + self.below(ACCOUNTS)
    }

    fn root(&mut self) -> u8 {
        self.below(ROOTS) as u8
    }

    fn royalty(&mut self) -> Perbill {
        Perbill::from_percent(self.below(33) as u32)
    }
}

/// What the test knows of a listing apart from the chain.
struct Entry {
    owner: u64,
    kind: Kind,
    live: bool,
    offered_to: Option<u64>,
    versions: Vec<(u8, Perbill)>,
    deposit: u128,
}

struct Model {
    random: Random,
    listings: BTreeMap<ListingId, Entry>,
    next: ListingId,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        Self { random: Random(SEED), listings: BTreeMap::new(), next: 0, done: BTreeMap::new() }
    }

    /// A listing that is there, or now and then one that isn't.
    fn listing(&mut self) -> ListingId {
        let ids: Vec<_> = self.listings.keys().copied().collect();
        match self.random.below(20) {
            0 => self.random.below(self.next + 2),
            pick if ids.is_empty() => pick,
            _ => ids[self.random.below(ids.len() as u64) as usize],
        }
    }

    /// Its owner, or now and then somebody else.
    fn actor(&mut self, id: ListingId) -> u64 {
        let stranger = self.random.account();
        let owner = self.listings.get(&id).map_or(stranger, |entry| entry.owner);
        if self.random.below(10) == 0 {
            stranger
        } else {
            owner
        }
    }

    fn entry(&mut self, id: ListingId) -> &mut Entry {
        self.listings.get_mut(&id).expect("the chain has it")
    }

    /// Under which listing and version a root is listed.
    fn lister(&self, root: u8) -> Option<(ListingId, u32)> {
        let mut live = self.listings.iter().filter(|(_, entry)| entry.live);
        live.find_map(|(id, entry)| {
            (0..).zip(&entry.versions).find(|(_, (of, _))| *of == root).map(|(version, _)| (*id, version))
        })
    }

    fn list(&mut self) -> DispatchResult {
        let (owner, number, royalty) = (self.random.account(), self.random.root(), self.random.royalty());
        let kind = [Kind::Program, Kind::Dataset][self.random.below(2) as usize];
        let bytes = self.random.below(12) as usize;
        let expression = licence(&"L".repeat(bytes));
        let deposit = LISTING_DEPOSIT + BYTE_DEPOSIT * bytes as u128 + VERSION_DEPOSIT;
        let sound = bytes > 0 && royalty <= MAX_ROYALTY && self.lister(number).is_none();
        let can_pay = free(owner) >= deposit + DEPOSIT;
        let result = Registry::list(signed(owner), kind, root(number), blob(number), expression, royalty);
        assert_eq!(result.is_ok(), sound && can_pay);
        result?;
        let (live, offered_to, versions) = (true, None, vec![(number, royalty)]);
        self.listings.insert(self.next, Entry { owner, kind, live, offered_to, versions, deposit });
        self.next += 1;
        Ok(())
    }

    fn add_version(&mut self) -> DispatchResult {
        let id = self.listing();
        let (actor, number, royalty) = (self.actor(id), self.random.root(), self.random.royalty());
        let is_taken = self.lister(number).is_some();
        Registry::add_version(signed(actor), id, root(number), blob(number), royalty)?;
        let entry = self.entry(id);
        assert!(entry.live && entry.owner == actor && !is_taken);
        entry.versions.push((number, royalty));
        entry.deposit += VERSION_DEPOSIT;
        Ok(())
    }

    fn lower_royalty(&mut self) -> DispatchResult {
        let id = self.listing();
        let (actor, number, royalty) = (self.actor(id), self.random.below(4) as u32, self.random.royalty());
        Registry::lower_royalty(signed(actor), at(id, number), royalty)?;
        let entry = self.entry(id);
        assert!(entry.live && entry.owner == actor);
        let version = &mut entry.versions[number as usize];
        assert!(royalty < version.1, "a royalty has risen");
        version.1 = royalty;
        Ok(())
    }

    fn offer(&mut self) -> DispatchResult {
        let id = self.listing();
        let actor = self.actor(id);
        let to = Some(self.random.account()).filter(|_| self.random.below(5) > 0);
        Registry::offer(signed(actor), id, to)?;
        let entry = self.entry(id);
        assert!(entry.live && entry.owner == actor && to != Some(actor));
        entry.offered_to = to;
        Ok(())
    }

    fn accept(&mut self) -> DispatchResult {
        let id = self.listing();
        let heir = self.listings.get(&id).and_then(|entry| entry.offered_to);
        let who = heir.unwrap_or_else(|| self.random.account());
        Registry::accept(signed(who), id)?;
        let entry = self.entry(id);
        assert!(entry.live && entry.offered_to == Some(who));
        (entry.owner, entry.offered_to) = (who, None);
        Ok(())
    }

    fn delist(&mut self) -> DispatchResult {
        let id = self.listing();
        let actor = self.actor(id);
        Registry::delist(signed(actor), id)?;
        assert_eq!(self.entry(id).owner, actor);
        self.take_down(id);
        Ok(())
    }

    fn force_delist(&mut self) -> DispatchResult {
        let id = self.listing();
        force_delist(id)?;
        self.take_down(id);
        Ok(())
    }

    fn take_down(&mut self, id: ListingId) {
        let entry = self.entry(id);
        assert!(entry.live);
        (entry.live, entry.offered_to) = (false, None);
    }

    fn prune(&mut self) -> DispatchResult {
        let (id, limit) = (self.listing(), self.random.below(4));
        prune(id, limit as u32)?;
        let entry = self.entry(id);
        assert!(!entry.live && limit > 0);
        let left = entry.versions.len().saturating_sub(limit as usize);
        entry.versions.truncate(left);
        if left == 0 {
            self.listings.remove(&id);
        }
        Ok(())
    }

    fn spend(&mut self) -> DispatchResult {
        let (from, to) = (self.random.account(), self.random.account());
        let amount = u128::from(self.random.below(400));
        Balances::transfer_keep_alive(signed(from), to, amount)
    }

    fn step(&mut self) {
        let watched = self.random.below(40) == 0;
        let before = watched.then(|| sp_io::storage::root(StateVersion::V1));
        let (name, result) = match self.random.below(32) {
            0..=6 => ("list", self.list()),
            7..=11 => ("add version", self.add_version()),
            12..=14 => ("lower royalty", self.lower_royalty()),
            15..=17 => ("offer", self.offer()),
            18..=20 => ("accept", self.accept()),
            21..=22 => ("delist", self.delist()),
            23 => ("force delist", self.force_delist()),
            24..=28 => ("prune", self.prune()),
            _ => ("spend", self.spend()),
        };
        match (result, before) {
            (Ok(()), _) => *self.done.entry(name).or_default() += 1,
            (Err(_), Some(before)) => {
                let after = sp_io::storage::root(StateVersion::V1);
                assert_eq!(before, after, "{name} was refused and left a trace");
            }
            (Err(_), None) => (),
        }
        System::reset_events();
        // Not after each one, or a minute would go by.
        if self.random.below(50) == 0 {
            self.check();
        }
    }

    fn check(&self) {
        check();
        assert_eq!(Balances::total_issuance(), u128::from(ACCOUNTS) * ENDOWMENT);
        for number in 0..ROOTS as u8 {
            let lister = self.lister(number).map(|(id, version)| at(id, version));
            assert_eq!(Registry::listed(root(number)), lister, "the lister of root {number}");
        }
        for who in 1..=ACCOUNTS {
            let owned = self.listings.values().filter(|entry| entry.owner == who);
            assert_eq!(held(who), owned.map(|entry| entry.deposit).sum::<u128>(), "deposits of {who}");
        }
        assert_eq!(crate::Listings::<Test>::iter().count(), self.listings.len());
        for (id, entry) in &self.listings {
            self.check_royalties(*id, entry);
        }
    }

    /// Each version of a listing costs what it should, for its own kind of use, as long as it is listed.
    fn check_royalties(&self, id: ListingId, entry: &Entry) {
        for (number, (root, share)) in (0..).zip(&entry.versions) {
            let (program, input) = match entry.kind {
                Kind::Program => (*root, 0xFF),
                Kind::Dataset => (0xFF, *root),
            };
            let expected = entry.live.then_some(Royalty { owner: entry.owner, share: *share });
            assert_eq!(royalty(at(id, number), program, input).ok(), expected);
            assert!(royalty(at(id, number), input, program).is_err());
        }
    }
}

#[test]
fn random_sequences_keep_the_invariants() {
    let operations = operations();
    run(|| {
        let mut model = Model::new();
        for _ in 0..operations {
            model.step();
        }
        // Each operation went through often enough for the sequence to mean something.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 2_000).collect();
        assert!(rare.is_empty() && model.done.len() == 9, "{:?}", model.done);
    });
}
