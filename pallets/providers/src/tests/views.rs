use crate::{mock::*, Change, Liquidity};
use frame_support::assert_ok;
use sp_runtime::Perbill;

#[test]
fn liquidity_is_that_of_the_machine_among_all() {
    run(|| {
        provide(1, 30);
        provide_on(2, 10, GPU, 5);
        assert_ok!(seat(2, 7));
        assert_ok!(Providers::close_machine(RuntimeOrigin::root(), GPU));
        let of_gpu = Liquidity {
            weight: 10,
            in_play: 10,
            share: Perbill::from_percent(25),
            providers: 1,
            drawable: 1,
            capacity: 5,
            busy: 1,
            price: 1_000,
            enabled: false,
        };
        assert_eq!(Providers::liquidity(GPU), Some(of_gpu));
        assert_eq!(Providers::liquidity(NONE), None);

        // Who is full can't be drawn, and is part of what there is.
        assert_ok!(seat(1, 8));
        assert_ok!(seat(1, 9));
        let of_cpu = Providers::liquidity(CPU).expect("it is on the lists");
        assert_eq!((of_cpu.weight, of_cpu.drawable, of_cpu.in_play), (0, 0, 30));
        assert_eq!((of_cpu.share, of_cpu.providers), (Perbill::from_percent(75), 1));
    });
}

#[test]
fn liquidity_of_nobody_is_nothing() {
    run(|| {
        let found = Providers::liquidity(CPU).expect("it is on the lists");
        assert_eq!((found.weight, found.in_play, found.share), (0, 0, Perbill::zero()));
        assert_eq!((found.providers, found.drawable), (0, 0));
    });
}

#[test]
fn machines_are_paged() {
    run(|| {
        let names = |start, limit| {
            let found = Providers::machines(start, limit);
            found.into_iter().map(|(machine, _)| machine).collect::<Vec<_>>()
        };
        assert_eq!(names(0, u32::MAX), [CPU, GPU]);
        assert_eq!((names(0, 1), names(1, 1), names(2, 1)), (vec![CPU], vec![GPU], vec![]));
        assert!(names(u32::MAX, u32::MAX).is_empty());
    });
}

#[test]
fn provider_its_seats_and_its_change_are_found() {
    run(|| {
        provide(1, 30);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 9));
        assert_ok!(Providers::retire(signed(1)));
        assert_eq!(Providers::seats(1).to_vec(), [7, 9]);
        assert_eq!(Providers::pending_change(1).map(|pending| pending.change), Some(Change::Retire));
        assert_eq!(Providers::queue_length(), 1);
        assert_eq!(Providers::provider(1).map(|provider| provider.stake), Some(30 * UNIT));
        assert_eq!((Providers::seats(2).len(), Providers::pending_change(2)), (0, None));
        assert_eq!((Providers::provider(2), Providers::pool(NONE)), (None, None));
    });
}
