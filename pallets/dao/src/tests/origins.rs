use crate::{mock::*, DaoOrigin, EnsureTrack, APPEALS, CURATOR, FELLOWS, ROOT};
use frame_support::traits::EnsureOrigin;
use std::collections::BTreeSet;

#[test]
fn each_origin_has_a_track_of_its_own_and_none_is_root() {
    let tracks: BTreeSet<_> = DaoOrigin::ALL.into_iter().map(|speaker| speaker.track()).collect();
    assert_eq!(tracks.len(), DaoOrigin::ALL.len());
    assert!(!tracks.contains(&ROOT));
}

#[test]
fn origin_of_a_track_is_that_of_no_other() {
    let appeals: RuntimeOrigin = DaoOrigin::Appeals.into();
    assert!(EnsureTrack::<APPEALS>::try_origin(appeals.clone()).is_ok());
    assert!(EnsureTrack::<CURATOR>::try_origin(appeals).is_err());
    assert!(EnsureTrack::<FELLOWS>::try_origin(RuntimeOrigin::root()).is_err());
    assert!(EnsureTrack::<FELLOWS>::try_origin(signed(1)).is_err());
}

#[test]
fn origins_are_encoded_as_their_tracks() {
    for speaker in DaoOrigin::ALL {
        let encoded = codec::Encode::encode(&speaker);
        assert_eq!(encoded.iter().map(|byte| u16::from(*byte)).collect::<Vec<_>>(), [speaker.track()]);
    }
}
