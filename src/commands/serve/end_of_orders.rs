//! Orders of certificates at the end of the server.

use std::time::Duration;

use crate::acme;
use crate::console::Console;

/// What orders of certificates have to remove their answers, after all else has ended: a DNS provider is asked for it, or
/// a hook of the user runs.
const END_OF_ORDERS: Duration = Duration::from_secs(10);
/// The same where the server is to end at once: enough for what is on this machine.
const HURRIED_END_OF_ORDERS: Duration = Duration::from_secs(1);

/// Waits until orders have removed their answers, unless the stop is `hurried`. The next start continues them.
pub(super) async fn end_of_orders(hurried: impl Future<Output = ()>, console: &Console) {
    tokio::select! {
        biased;
        () = acme::orders_ended() => {}
        () = async { hurried.await; tokio::time::sleep(HURRIED_END_OF_ORDERS).await } => {}
        () = tokio::time::sleep(END_OF_ORDERS) => {
            console.say("certkit: an order of a certificate does not end; its answers are removed at the next start");
        }
    }
}
