//! What is asked about a client, of this node or of all of them, and what a node answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thingsmith_model::Realm;
use thingsmith_mqtt::{Message, Qos};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::seats::Uncalled;
use super::{Call, Departure, Leave, Receipt, Received, Report};
use crate::Deeds;

/// How long a connection may take to say something of itself, to end, or to look at a message that is not to be confirmed. It
/// answers between two packets, unless the store keeps it waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked about a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// What is there to say of its connection?
    Report,
    /// May it leave? With or without its session and its will.
    Leave {
        /// Whether its session ends too.
        clean_session: bool,
        /// Whether its will is not published.
        prevent_will: bool,
    },
    /// May it have this message?
    Deliver {
        /// The message. Between nodes it travels beside the question.
        #[serde(skip)]
        message: Option<Message>,
        /// How long it has to confirm it, in seconds; if it need not, it gets it with QoS 0.
        confirmation_seconds: Option<u8>,
    },
}

/// What a node answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It knows nothing of such a client.
    Absent,
    /// The client left it lately.
    Departed(Departure),
    /// The client is connected to it.
    Connected(Report),
    /// The client left, or has the message.
    Done,
    /// The client may not receive the topic.
    Denied,
    /// The client has not confirmed the message in time.
    Unconfirmed,
    /// The client takes nothing at the moment.
    Busy,
    /// The node failed, for this reason.
    Failed(String),
}

impl Question {
    /// How long a node may take for its answer.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Deliver {
                confirmation_seconds: Some(seconds),
                ..
            } => Duration::from_secs(u64::from(*seconds)),
            _ => PATIENCE,
        }
    }

    /// What this node answers.
    pub(super) async fn ask_here(&self, deeds: &Deeds, realm: Realm, client_id: &str) -> Answer {
        match self {
            Self::Report => report(deeds, realm, client_id).await,
            Self::Leave {
                clean_session,
                prevent_will,
            } => leave(deeds, realm, client_id, *clean_session, *prevent_will).await,
            Self::Deliver {
                message,
                confirmation_seconds,
            } => {
                let Some(message) = message else {
                    return Answer::Failed("a message came without its content".into());
                };
                let confirmed = confirmation_seconds.is_some();
                deliver(deeds, realm, client_id, message, confirmed, self.patience()).await
            }
        }
    }
}

async fn report(deeds: &Deeds, realm: Realm, client_id: &str) -> Answer {
    let (sender, receiver) = oneshot::channel();
    match deeds.clients().call(realm, client_id, Call::Report(sender)) {
        Ok(()) => match timeout(PATIENCE, receiver).await {
            Ok(Ok(report)) => return Answer::Connected(report),
            // It ended before its turn came.
            Ok(Err(_)) | Err(_) if deeds.clients().is_seated(realm, client_id) => return Answer::Busy,
            Ok(Err(_)) | Err(_) => {}
        },
        Err(Uncalled::Busy) => return Answer::Busy,
        Err(Uncalled::Nobody) => {}
    }
    let now = deeds.clock().now();
    match deeds.clients().departure(realm, client_id, now) {
        Some(departure) => Answer::Departed(departure),
        None => Answer::Absent,
    }
}

async fn leave(
    deeds: &Deeds,
    realm: Realm,
    client_id: &str,
    clean_session: bool,
    prevent_will: bool,
) -> Answer {
    let (done, gone) = oneshot::channel();
    let leave = Leave {
        clean_session,
        prevent_will,
        done,
    };
    match deeds.clients().call(realm, client_id, Call::Leave(leave)) {
        Ok(()) => match timeout(PATIENCE, gone).await {
            // It was told, and does nothing else from here on.
            Ok(Ok(Ok(()))) | Err(_) => Answer::Done,
            Ok(Ok(Err(cause))) => Answer::Failed(cause),
            // It left by itself. Its session may be there still.
            Ok(Err(_)) if clean_session => Answer::Absent,
            Ok(Err(_)) => Answer::Done,
        },
        Err(Uncalled::Busy) => Answer::Busy,
        Err(Uncalled::Nobody) => Answer::Absent,
    }
}

async fn deliver(
    deeds: &Deeds,
    realm: Realm,
    client_id: &str,
    message: &Message,
    confirmed: bool,
    patience: Duration,
) -> Answer {
    let qos = match confirmed {
        true => Qos::AtLeastOnce,
        false => Qos::AtMostOnce,
    };
    let (receipt, received) = Receipt::new();
    match deeds.clients().send(realm, client_id, message, qos, receipt) {
        Ok(()) => match timeout(patience, received).await {
            Ok(Ok(Received::Delivered)) => Answer::Done,
            Ok(Ok(Received::Denied)) => Answer::Denied,
            Ok(Ok(Received::Dropped)) => Answer::Busy,
            Ok(Err(_)) | Err(_) if confirmed => Answer::Unconfirmed,
            // The connection ended with the message in its queue.
            Ok(Err(_)) => Answer::Absent,
            // It waits in the client's queue, and nobody asked for more.
            Err(_) => Answer::Done,
        },
        Err(Uncalled::Busy) => Answer::Busy,
        Err(Uncalled::Nobody) => Answer::Absent,
    }
}
