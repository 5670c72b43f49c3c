//! What workers reach the node through, and what can be shut.

use super::{free_port, until};
use std::net::Ipv4Addr;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Passes connections on to a port of this machine.
pub struct Gate {
    port: u16,
    to: u16,
    open: Option<AbortHandle>,
}

impl Gate {
    /// An open gate to a port.
    pub async fn to(to: u16) -> Self {
        let mut gate = Self { port: free_port(), to, open: None };
        gate.open().await;
        gate
    }

    /// Where one comes in.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Ends every connection, and takes no other.
    pub fn shut(&mut self) {
        self.open.take().expect("the gate is open").abort();
    }

    /// Leads to another port from now on: every connection ends, and may be made again.
    pub async fn lead_to(&mut self, to: u16) {
        self.shut();
        self.to = to;
        self.open().await;
    }

    /// Takes connections, for the first time or again.
    pub async fn open(&mut self) {
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let listener = until("the gate's port", async || TcpListener::bind(address).await.ok()).await;
        self.open = Some(tokio::spawn(pass_on(listener, self.to)).abort_handle());
    }
}

/// Connections end with this.
async fn pass_on(listener: TcpListener, to: u16) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut client, _)) = accepted else { continue };
                connections.spawn(async move {
                    if let Ok(mut node) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await {
                        // Whoever hangs up ends it.
                        let _ = copy_bidirectional(&mut client, &mut node).await;
                    }
                });
            }
            Some(_) = connections.join_next() => (),
        }
    }
}
