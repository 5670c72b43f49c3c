use crate::{mock::*, GenesisConfig, GenesisMachine, GenesisProvider, Parameters};
use assay_primitives::{mock, Machine, Role};
use assay_rules::price::PriceRule;
use sp_runtime::BuildStorage;

fn genesis_provider(owner: u64, machine: Machine) -> GenesisProvider<u64> {
    let Machine { hardware, memory } = machine;
    GenesisProvider { owner, hardware, memory, reserve: 10, capacity: 2 }
}

/// Builds a genesis in which accounts below 10 have bonded three units.
fn build(change: impl FnOnce(&mut GenesisConfig<Test>)) -> sp_io::TestExternalities {
    reset();
    (1..10).for_each(|owner| mock::set_bond(owner, Role::Provider, 3 * UNIT));
    let mut genesis = genesis();
    change(&mut genesis);
    chain_of(genesis)
}

#[test]
fn providers_of_genesis_are_in_their_trees() {
    let providers = vec![genesis_provider(1, CPU), genesis_provider(2, GPU), genesis_provider(3, CPU)];
    build(|genesis| genesis.providers = providers).execute_with(|| {
        assert_eq!((holders(CPU), holders(GPU)), (vec![1, 1, 1, 3, 3, 3], vec![2; 3]));
        assert_eq!((total_in_play(), drawable(CPU), Providers::queue_length()), (9, 2, 0));
        Providers::do_try_state().expect("invariants hold");
    });
}

#[test]
fn empty_genesis_is_sound() {
    reset();
    let ext = GenesisConfig::<Test>::default().build_storage();
    sp_io::TestExternalities::new(ext.expect("it is sound")).execute_with(|| {
        assert_eq!((Providers::machines(0, 99), total_in_play()), (vec![], 0));
        advance(100);
        Providers::do_try_state().expect("invariants hold");
    });
}

#[test]
#[should_panic(expected = "providers: JailTermIsZero")]
fn parameters_that_break_a_rule_are_not_built() {
    build(|genesis| genesis.params = Parameters { jail_blocks: 0, ..params() });
}

#[test]
#[should_panic(expected = "providers: a machine is named twice")]
fn machine_named_twice_is_not_built() {
    build(|genesis| genesis.machines.push(genesis_machine(CPU)));
}

#[test]
#[should_panic(expected = "providers: a machine's description is too long")]
fn machine_with_a_long_description_is_not_built() {
    let machine = GenesisMachine { description: "x".repeat(65), ..genesis_machine(NONE) };
    build(|genesis| genesis.machines.push(machine));
}

#[test]
#[should_panic(expected = "providers: BadPriceRule")]
fn machine_with_an_unsound_price_is_not_built() {
    let machine = GenesisMachine { price: PriceRule { floor: 0, ..rule() }, ..genesis_machine(NONE) };
    build(|genesis| genesis.machines.push(machine));
}

#[test]
#[should_panic(expected = "providers: a provider is named twice")]
fn provider_named_twice_is_not_built() {
    build(|genesis| genesis.providers = vec![genesis_provider(1, CPU), genesis_provider(1, GPU)]);
}

#[test]
#[should_panic(expected = "providers: a provider has no bond")]
fn provider_without_a_bond_is_not_built() {
    build(|genesis| genesis.providers = vec![genesis_provider(10, CPU)]);
}

#[test]
#[should_panic(expected = "providers: a provider's machine is not listed")]
fn provider_of_an_unknown_machine_is_not_built() {
    build(|genesis| genesis.providers = vec![genesis_provider(1, NONE)]);
}

#[test]
#[should_panic(expected = "providers: BadCapacity")]
fn provider_without_capacity_is_not_built() {
    build(|genesis| genesis.providers = vec![GenesisProvider { capacity: 0, ..genesis_provider(1, CPU) }]);
}

#[test]
#[should_panic(expected = "providers: ReserveTooHigh")]
fn provider_that_wants_more_than_its_machine_can_cost_is_not_built() {
    let greedy = GenesisProvider { reserve: rule().ceiling + 1, ..genesis_provider(1, CPU) };
    build(|genesis| genesis.providers = vec![greedy]);
}
