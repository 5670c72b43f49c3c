//! Ports of loopback that are free.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Below the ports that the kernel hands out, so that no outgoing connection takes one between its choice and its use.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;
/// More ports than one test needs: tests that start one after the other begin their search that far apart.
const APART: u32 = 97;

/// A port that nobody listens on and that this process has not been given before.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = process::id().wrapping_mul(APART);
    (0..COUNT)
        .map(|_| FIRST + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .map(|port| u16::try_from(port).expect("ports of the range are ports"))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("one of so many ports is free")
}
