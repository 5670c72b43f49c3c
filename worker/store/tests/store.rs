//! What a worker's database promises, on a real disk.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use assay_primitives::{BlobRef, Claim, JobClass, JobSpec, Machine};
use assay_store::{GuardKey, Kept, Record, Sealed, Store, StoreError};
use tempfile::TempDir;

const GENESIS: [u8; 32] = [1; 32];
const ACCOUNT: [u8; 32] = [9; 32];
const KEY: GuardKey = GuardKey { job: 7, spec: [2; 32], seed: [3; 32], attempt: 1 };
const CLAIM: Claim = Claim::Computed { result: [4; 32], trace: [5; 32] };
/// Names the database for the process that a test starts.
const HELD: &str = "ASSAY_STORE_TEST_DATABASE";

fn sealed(salt: u8) -> Sealed {
    Sealed { salt: [salt; 32], claim: CLAIM, leaves: 9, file: [6; 32] }
}

fn database() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("worker/worker.redb");
    (directory, path)
}

fn open(path: &Path) -> Store {
    Store::open(path, &GENESIS, &ACCOUNT).expect("a database")
}

fn record(attempt: u32) -> Record {
    let blob = BlobRef { blake3: [6; 32], size: 10 };
    let spec = JobSpec {
        class: JobClass::ExactV1,
        program: [7; 32],
        program_blob: blob,
        input: [8; 32],
        input_blob: blob,
        output_bytes: 100,
        seed: KEY.seed,
        units: 3,
        machine: Machine { hardware: 0, memory: 0 },
        price_cap: 5,
        deadline: 50,
        listing: None,
    };
    Record { key: GuardKey { attempt, ..KEY }, owner: [9; 32], spec }
}

#[test]
fn the_first_commitment_wins_and_is_given_back() {
    let (_directory, path) = database();
    let store = open(&path);
    assert_eq!(store.sealed(&KEY).expect("read"), None);
    let permit = store.guard(&KEY, [1; 32], &sealed(1)).expect("the first");
    assert_eq!((permit.key(), permit.commitment(), permit.sealed()), (&KEY, &[1; 32], &sealed(1)));
    assert_eq!(store.guard(&KEY, [1; 32], &sealed(1)).expect("the same"), permit);
    let refused = store.guard(&KEY, [2; 32], &sealed(2)).expect_err("another one");
    assert!(matches!(refused, StoreError::AlreadySealed { job: 7, attempt: 1 }), "{refused}");
    assert_eq!(store.sealed(&KEY).expect("read"), Some(permit));
}

#[test]
fn every_part_of_the_key_makes_another_seat() {
    let (_directory, path) = database();
    let store = open(&path);
    let keys = [
        KEY,
        GuardKey { job: 8, ..KEY },
        GuardKey { spec: [9; 32], ..KEY },
        GuardKey { seed: [9; 32], ..KEY },
        GuardKey { attempt: 2, ..KEY },
    ];
    for (salt, key) in (1..).zip(&keys) {
        store.guard(key, [salt; 32], &sealed(salt)).expect("a seat of its own");
    }
    for (salt, key) in (1..).zip(&keys) {
        let permit = store.sealed(key).expect("read").expect("stored");
        assert_eq!(permit.commitment(), &[salt; 32]);
    }
}

#[test]
fn of_many_at_once_one_commitment_wins() {
    let (_directory, path) = database();
    let store = open(&path);
    let won = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u8)
            .map(|salt| {
                let store = &store;
                scope.spawn(move || store.guard(&KEY, [salt; 32], &sealed(salt)).is_ok())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}

#[test]
fn a_restart_finds_everything_again() {
    let (_directory, path) = database();
    let store = open(&path);
    store.guard(&KEY, [1; 32], &sealed(1)).expect("stored");
    store.take(&record(1)).expect("stored");
    store.keep(&Kept::Blob([1; 32]), 100).expect("stored");
    store.set_last_final(12, &[2; 32]).expect("stored");
    drop(store);
    let store = open(&path);
    assert_eq!(store.sealed(&KEY).expect("read").expect("a seal").sealed(), &sealed(1));
    assert_eq!(store.taken().expect("read"), [record(1)]);
    assert!(store.keeps(&Kept::Blob([1; 32])).expect("read"));
    assert_eq!(store.last_final().expect("read"), Some((12, [2; 32])));
}

/// Not a test by itself: what the next one starts as another process, and kills.
#[test]
fn held_until_killed() {
    let Some(path) = env::var_os(HELD) else { return };
    let path = PathBuf::from(path);
    let store = open(&path);
    store.guard(&KEY, [1; 32], &sealed(1)).expect("stored");
    fs::write(path.with_extension("ready"), "").expect("a sign");
    thread::sleep(std::time::Duration::from_secs(600));
}

#[test]
fn one_process_has_it_and_what_it_stored_survives_its_sudden_end() {
    let (_directory, path) = database();
    let mut holder = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "held_until_killed"])
        .env(HELD, &path)
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let ready = path.with_extension("ready");
    while !ready.exists() {
        assert_eq!(holder.try_wait().expect("a state"), None, "it ended early");
        thread::sleep(std::time::Duration::from_millis(10));
    }
    let refused = Store::open(&path, &GENESIS, &ACCOUNT).expect_err("in use");
    assert!(matches!(refused, StoreError::InUse(_)), "{refused}");
    holder.kill().expect("killed");
    holder.wait().expect("ended");
    let store = open(&path);
    let refused = store.guard(&KEY, [2; 32], &sealed(2)).expect_err("another one");
    assert!(matches!(refused, StoreError::AlreadySealed { .. }), "{refused}");
}

#[test]
fn a_database_of_another_chain_is_refused() {
    let (_directory, path) = database();
    drop(open(&path));
    let refused = Store::open(&path, &[2; 32], &ACCOUNT).expect_err("another chain");
    assert!(matches!(refused, StoreError::OtherChain(_)), "{refused}");
    open(&path);
}

#[test]
fn a_database_of_another_account_is_refused() {
    let (_directory, path) = database();
    drop(open(&path));
    let refused = Store::open(&path, &GENESIS, &[2; 32]).expect_err("another account");
    assert!(matches!(refused, StoreError::OtherAccount(_)), "{refused}");
    open(&path);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (directory, path) = database();
    fs::create_dir(directory.path().join("worker")).expect("a directory");
    fs::write(&path, "these are not the bytes of a database").expect("written");
    let refused = Store::open(&path, &GENESIS, &ACCOUNT).expect_err("no database");
    assert!(matches!(refused, StoreError::Database(_)), "{refused}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let (directory, _) = database();
    let file = directory.path().join("file");
    fs::write(&file, "").expect("written");
    let refused = Store::open(&file.join("worker.redb"), &GENESIS, &ACCOUNT).expect_err("below a file");
    assert!(refused.to_string().contains("file/worker.redb"), "{refused}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = database();
    drop(open(&path));
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn salts_are_not_printed() {
    let printed = format!("{:?}", Sealed { salt: [0xab; 32], claim: CLAIM, leaves: 9, file: [6; 32] });
    assert!(!printed.contains("171") && !printed.contains("ab, ab"), "{printed}");
    assert!(printed.contains("leaves: 9"), "{printed}");
}

#[test]
fn a_seat_is_noted_once_and_left() {
    let (_directory, path) = database();
    let store = open(&path);
    for attempt in [1, 2, 1] {
        store.take(&record(attempt)).expect("stored");
    }
    assert_eq!(store.taken().expect("read").len(), 2);
    store.leave(&record(2).key, None).expect("left");
    assert_eq!(store.taken().expect("read"), [record(1)]);
}

#[test]
fn what_was_sealed_outlives_the_end_that_a_node_told_of() {
    let (_directory, path) = database();
    let store = open(&path);
    store.guard(&KEY, [1; 32], &sealed(1)).expect("stored");
    store.leave(&KEY, None).expect("left");
    assert!(store.guard(&KEY, [2; 32], &sealed(2)).is_err());
    store.leave(&KEY, Some(100)).expect("left");
    assert_eq!(store.sealed(&KEY).expect("read").expect("still there").sealed(), &sealed(1));
    assert_eq!(store.expired(99).expect("read"), []);
    assert_eq!(store.expired(100).expect("read"), [Kept::Seal(KEY)]);
    store.forget(&KEY).expect("forgotten");
    assert_eq!(store.sealed(&KEY).expect("read"), None);
    assert_eq!(store.expired(100).expect("read"), []);
}

#[test]
fn what_was_sealed_for_a_seat_that_came_back_is_not_forgotten() {
    let (_directory, path) = database();
    let store = open(&path);
    store.guard(&KEY, [1; 32], &sealed(1)).expect("stored");
    store.leave(&KEY, Some(100)).expect("left");
    store.take(&record(KEY.attempt)).expect("stored");
    assert_eq!(store.expired(100).expect("read"), []);
    store.forget(&KEY).expect("a list that was made before");
    assert!(store.sealed(&KEY).expect("read").is_some());
}

#[test]
fn blobs_and_results_are_listed_by_their_times() {
    let (_directory, path) = database();
    let store = open(&path);
    store.keep(&Kept::Blob([1; 32]), 30).expect("stored");
    store.keep(&Kept::Blob([2; 32]), 20).expect("stored");
    store.keep(&Kept::Result([3; 32]), 40).expect("stored");
    store.keep(&Kept::Result([4; 32]), 10).expect("stored");
    assert_eq!(store.kept_blobs().expect("read"), [[2; 32], [1; 32]]);
    assert_eq!(store.kept_results().expect("read"), [[4; 32], [3; 32]]);
}

#[test]
fn what_is_kept_expires_at_the_latest_time_given() {
    let (_directory, path) = database();
    let store = open(&path);
    let (result, blob) = (Kept::Result([1; 32]), Kept::Blob([1; 32]));
    store.keep(&result, 100).expect("stored");
    store.keep(&result, 50).expect("stored");
    store.keep(&blob, 60).expect("stored");
    assert_eq!(store.expired(59).expect("read"), []);
    assert_eq!(store.expired(60).expect("read"), [blob]);
    assert_eq!(store.expired(100).expect("read"), [result, blob]);
    store.release(&blob).expect("stored");
    assert_eq!(store.expired(100).expect("read"), [result]);
    assert!(!store.keeps(&blob).expect("read"));
}
