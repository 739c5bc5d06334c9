//! A WebSocket between a client and an upstream: after the handshake, bytes go both ways untouched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::server::Busy;
use crate::serve::connection::Connection;

/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// Passes bytes between the two until both have ended, one breaks off, or nothing comes for too long.
pub(super) fn open(connection: Arc<Connection>, client: OnUpgrade, upstream: OnUpgrade, busy: Busy) {
    // A stream of HTTP/2 keeps its connection from being idle.
    connection.activity.request_begins();
    tokio::spawn(async move {
        if let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) {
            let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
            let (from_upstream, to_upstream) = tokio::io::split(TokioIo::new(upstream));
            let passed = AtomicU64::new(0);
            let both = async {
                tokio::try_join!(
                    pass(from_client, to_upstream, &passed),
                    pass(from_upstream, to_client, &passed)
                )
            };
            let mut both = std::pin::pin!(both);
            let mut before = None;
            while tokio::time::timeout(connection.activity.tunnel_timeout(), both.as_mut()).await.is_err() {
                let now = Some(passed.load(Ordering::Relaxed));
                if now == before {
                    break;
                }
                before = now;
            }
        }
        drop(busy);
        connection.activity.request_ends();
    });
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    passed: &AtomicU64,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(piece.get(..length).unwrap_or_default()).await?;
        to.flush().await?;
        passed.fetch_add(length as u64, Ordering::Relaxed);
    }
}
