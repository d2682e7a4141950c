//! Clients that are connected: which connection has which client id, and what operators ask of them.
//!
//! A connection is a task of its own on one node. Others reach it through its seat ([`Clients`]): it is called, and answers
//! between two packets. A client that is not connected to this node is asked for on the others.

mod calls;
mod nodes;
mod questions;
pub mod rows;
mod seats;

use std::time::Duration;

use thingsmith_model::Timestamp;
use thingsmith_mqtt::Message;

pub use calls::{Call, Departure, Leave, Receipt, Received, Report};
pub(crate) use nodes::{Nodes, appear, attend, sweep};
pub use questions::{Answer, Question};
pub use seats::{Clients, Seat};

use crate::messages::sessions::{self, SessionRecord};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault, Page, PageRequest};

/// How long it is known how a connection ended (API reference, GetConnection, `disconnectedSince`).
const REMEMBERED_FOR: Duration = Duration::from_secs(30 * 60);

/// What there is to say of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// It is connected.
    Connected(Report),
    /// It is not.
    Disconnected {
        /// How it left, if that was lately.
        departure: Option<Departure>,
        /// How long its session outlives a connection, in seconds, if it has one.
        session_expiry_seconds: Option<u32>,
    },
}

/// Says whether a client is connected, and how.
///
/// # Errors
/// `ResourceNotFoundException` for one that is not, was not lately, and has no session; `ThrottlingException` when its
/// connection does not answer.
pub async fn get_connection(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
) -> Result<Connection, Fault> {
    let mut departure: Option<Departure> = None;
    for answer in ask(deeds, realm, client_id, &Question::Report).await? {
        match answer {
            Answer::Connected(report) => return Ok(Connection::Connected(report)),
            Answer::Departed(other) if departure.as_ref().is_none_or(|known| known.at < other.at) => {
                departure = Some(other);
            }
            Answer::Departed(_) => {}
            answer => settled(client_id, answer)?,
        }
    }
    let session = session(deeds, realm, client_id).await?;
    if departure.is_none() && session.is_none() {
        return Err(unknown(client_id));
    }
    let expiry = session.map(|session| u32::try_from(session.expiry_seconds).unwrap_or(u32::MAX));
    Ok(Connection::Disconnected {
        departure,
        session_expiry_seconds: expiry,
    })
}

/// Ends a client's connection, and its session if that is asked for; the session also where there is no connection.
///
/// # Errors
/// `ResourceNotFoundException` when there is nothing to end; `ThrottlingException` when the connection has too much to do.
pub async fn delete_connection(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
    clean_session: bool,
    prevent_will: bool,
) -> Result<(), Fault> {
    let question = Question::Leave {
        clean_session,
        prevent_will,
    };
    let mut ended = false;
    for answer in ask(deeds, realm, client_id, &question).await? {
        ended |= answer == Answer::Done;
        settled(client_id, answer)?;
    }
    if ended {
        return Ok(());
    }
    if clean_session && sessions::end_of(deeds, realm.realm, client_id).await? {
        // Its client may have come back for it meanwhile; it begins anew when it comes again.
        let answer = question.ask_here(deeds, realm.realm, client_id).await;
        return settled(client_id, answer);
    }
    Err(unknown(client_id))
}

/// Lists what a client subscribes to, by filter, each with its quality of service; also of a client that is not connected and has
/// a session.
///
/// # Errors
/// `ResourceNotFoundException` for a client that is neither connected nor has a session; `InvalidRequestException` for a
/// token that is not of this list.
pub async fn list_subscriptions(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
    page: &PageRequest,
) -> Result<Page<(String, u8)>, Fault> {
    // With the client id in its name, so that a token is good for one client.
    let list = format!("ListSubscriptions {client_id}");
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let mut found = subscriptions(deeds, realm, client_id).await?;
    if let Some(after) = after {
        found.retain(|(filter, _)| *filter > after);
    }
    page.cut(deeds, realm.realm, &list, found, |(filter, _)| filter.clone())
}

async fn subscriptions(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
) -> Result<Vec<(String, u8)>, Fault> {
    let mut here = Question::Report.ask_here(deeds, realm.realm, client_id).await;
    if !matches!(here, Answer::Connected(_))
        && let Some(session) = session(deeds, realm, client_id).await?
    {
        // The store has what a session subscribes to, wherever its client is connected.
        let found = sessions::subscriptions_of(deeds, &session).await?;
        return Ok(found
            .into_iter()
            .map(|(filter, qos)| (filter, qos as u8))
            .collect());
    }
    if matches!(here, Answer::Absent | Answer::Departed(_)) {
        let others = nodes::ask(deeds, realm.realm, client_id, &Question::Report).await?;
        let known = others
            .into_iter()
            .find(|answer| !matches!(answer, Answer::Absent | Answer::Departed(_)));
        here = known.unwrap_or(Answer::Absent);
    }
    match here {
        Answer::Connected(report) => Ok(report.subscriptions),
        answer => {
            settled(client_id, answer)?;
            Err(unknown(client_id))
        }
    }
}

/// Sends a message to one client, which need not subscribe to its topic. With a time for its confirmation it is sent with QoS
/// 1, and confirmed when this returns; else with QoS 0.
///
/// # Errors
/// `ResourceNotFoundException` for a client that is not connected, `ForbiddenException` when its policies do not let it receive
/// the topic, `GatewayTimeoutException` when it has not confirmed the message in time, `ThrottlingException` when it does
/// not take it: too much waits for it.
pub async fn send_direct_message(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
    message: Message,
    confirmation_seconds: Option<u8>,
) -> Result<(), Fault> {
    let topic = message.topic.to_string();
    let question = Question::Deliver {
        message: Some(message),
        confirmation_seconds,
    };
    for answer in ask(deeds, realm, client_id, &question).await? {
        match answer {
            Answer::Done => return Ok(()),
            Answer::Denied => {
                return Err(Fault::new(
                    Code::Forbidden,
                    format!("The client {client_id} may not receive messages on the topic {topic}."),
                ));
            }
            Answer::Unconfirmed => {
                return Err(Fault::new(
                    Code::GatewayTimeout,
                    format!("The client {client_id} has not confirmed the message in time."),
                ));
            }
            answer => settled(client_id, answer)?,
        }
    }
    Err(unknown(client_id))
}

/// What this node answers if it knows the client, else also what the others do.
async fn ask(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
    question: &Question,
) -> Result<Vec<Answer>, Fault> {
    let here = question.ask_here(deeds, realm.realm, client_id).await;
    let mut answers = match here {
        Answer::Absent | Answer::Departed(_) => nodes::ask(deeds, realm.realm, client_id, question).await?,
        _ => Vec::new(),
    };
    answers.push(here);
    Ok(answers)
}

/// The fault of an answer that is one.
fn settled(client_id: &str, answer: Answer) -> Result<(), Fault> {
    match answer {
        Answer::Busy => Err(Fault::new(
            Code::Throttling,
            format!("The connection of the client {client_id} takes nothing more at the moment."),
        )),
        Answer::Failed(cause) => Err(Fault::internal(cause)),
        Answer::Absent
        | Answer::Departed(_)
        | Answer::Connected(_)
        | Answer::Done
        | Answer::Denied
        | Answer::Unconfirmed => Ok(()),
    }
}

/// The session of a client whose time is not over.
async fn session(
    deeds: &Deeds,
    realm: &RealmRecord,
    client_id: &str,
) -> Result<Option<SessionRecord>, Fault> {
    let found = sessions::rows::find(deeds.messages(), realm.realm, client_id).await?;
    let now: Timestamp = deeds.clock().now();
    Ok(found.filter(|session| session.expires_at > now))
}

fn unknown(client_id: &str) -> Fault {
    Fault::not_found(format!(
        "The client {client_id} is not connected and has no session."
    ))
}
