//! What is checked before a node starts, so that it fails in one line and not halfway.

use crate::error::Error;
use sc_network::multiaddr::{Multiaddr, Protocol};
use sc_service::{config::KeystoreConfig, Configuration};
use sp_core::crypto::KeyTypeId;
use sp_keystore::KeystorePtr;
use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
};

/// The keys a validator works with, by the names that the keystore has for their types.
const SESSION_KEYS: [(&str, KeyTypeId); 2] =
    [("babe", sp_consensus_babe::KEY_TYPE), ("gran", sp_consensus_grandpa::KEY_TYPE)];

/// Sees that the node can listen where it has to.
///
/// The SDK would take a random port for RPC, share the network port with another node, and only log that metrics can't
/// be had.
pub(super) fn claim_ports(config: &mut Configuration) -> Result<(), Error> {
    let network = config.network.listen_addresses.iter().filter_map(endpoint);
    for (transport, address) in network {
        claim("network", "--port", transport, address)?;
    }
    if let Some(prometheus) = &config.prometheus_config {
        claim("metrics", "--prometheus-port", Transport::Tcp, prometheus.port)?;
    }
    for endpoint in config.rpc.addr.iter_mut().flatten() {
        endpoint.retry_random_port = false;
        if !endpoint.is_optional {
            claim("RPC", "--rpc-port", Transport::Tcp, endpoint.listen_addr)?;
        }
    }
    Ok(())
}

/// Sees that a validator has keys of all types; a development account's are made later, from its name.
pub(super) fn require_session_keys(config: &Configuration, keystore: &KeystorePtr) -> Result<(), Error> {
    if !config.role.is_authority() || config.dev_key_seed.is_some() {
        return Ok(());
    }
    let missing = missing_session_keys(keystore);
    if missing.is_empty() {
        return Ok(());
    }
    let keystore = match &config.keystore {
        KeystoreConfig::Path { path, .. } => path.display().to_string(),
        KeystoreConfig::InMemory => "in memory".into(),
    };
    Err(Error::SessionKeys { keystore, missing: missing.join(" and ") })
}

fn missing_session_keys(keystore: &KeystorePtr) -> Vec<&'static str> {
    let has = |kind| keystore.keys(kind).is_ok_and(|keys| !keys.is_empty());
    SESSION_KEYS.into_iter().filter(|(_, kind)| !has(*kind)).map(|(name, _)| name).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Tcp,
    Udp,
}

/// Where an address of the network listens, `None` if on no port of this machine.
fn endpoint(address: &Multiaddr) -> Option<(Transport, SocketAddr)> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some((Transport::Tcp, SocketAddr::new(ip, port))),
        Protocol::Udp(port) => Some((Transport::Udp, SocketAddr::new(ip, port))),
        _ => None,
    }
}

/// Listens for a moment. Only an address that others have, or that is forbidden, is an error: a machine without IPv6,
/// say, can do without it.
fn claim(
    purpose: &'static str,
    flag: &'static str,
    transport: Transport,
    address: SocketAddr,
) -> Result<(), Error> {
    let bound = match transport {
        Transport::Tcp => TcpListener::bind(address).map(drop),
        Transport::Udp => UdpSocket::bind(address).map(drop),
    };
    match bound {
        Err(reason)
            if matches!(reason.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) =>
        {
            Err(Error::Port { purpose, address, flag, reason })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_keystore::testing::MemoryKeystore;

    #[test]
    fn a_taken_port_is_told_with_its_flag_and_a_free_one_claimed() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let line = claim("RPC", "--rpc-port", Transport::Tcp, address).unwrap_err().line();
        assert!(line.contains(&address.to_string()) && line.contains("--rpc-port"), "{line}");
        drop(taken);
        claim("RPC", "--rpc-port", Transport::Tcp, address).unwrap();
    }

    #[test]
    fn a_taken_udp_port_is_refused() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        assert!(claim("network", "--port", Transport::Udp, address).is_err());
    }

    #[test]
    fn endpoints_are_read_from_network_addresses() {
        let of = |text: &str| endpoint(&text.parse().unwrap());
        assert_eq!(of("/ip4/0.0.0.0/tcp/30333"), Some((Transport::Tcp, ([0, 0, 0, 0], 30333).into())));
        assert_eq!(of("/ip4/127.0.0.1/tcp/1/ws"), Some((Transport::Tcp, ([127, 0, 0, 1], 1).into())));
        assert_eq!(of("/ip6/::1/udp/2"), Some((Transport::Udp, "[::1]:2".parse().unwrap())));
        assert_eq!(of("/dns/example.org/tcp/30333"), None);
        assert_eq!(of("/memory/3"), None);
    }

    #[test]
    fn a_keystore_misses_the_key_types_it_has_no_key_of() {
        let keystore: KeystorePtr = MemoryKeystore::new().into();
        assert_eq!(missing_session_keys(&keystore), ["babe", "gran"]);
        keystore.sr25519_generate_new(sp_consensus_babe::KEY_TYPE, None).unwrap();
        assert_eq!(missing_session_keys(&keystore), ["gran"]);
        keystore.ed25519_generate_new(sp_consensus_grandpa::KEY_TYPE, None).unwrap();
        assert!(missing_session_keys(&keystore).is_empty());
    }
}
