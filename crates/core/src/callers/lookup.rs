//! Looking callers up in the store.

use std::sync::Arc;

use thingsmith_model::{Account, Realm, Secret, Timestamp};
use thingsmith_policy::{Document, Language};
use thingsmith_ports::StoreError;

use super::{Identity, Lookup};
use crate::iam::{IamArn, Kind};
use crate::managed_policies::{self, aws};
use crate::sessions::{self, Session};
use crate::user_keys::{self, Status};
use crate::{Deeds, Fault, identity_policies, roles};

/// The user of a long-lived key.
pub(super) async fn user(deeds: &Deeds, access_key_id: &str) -> Result<Lookup, Fault> {
    // No other key was ever made here: a stranger's is not worth a read.
    if !access_key_id.starts_with("AKIA") || access_key_id.len() != 20 {
        return Ok(Lookup::Unknown);
    }
    let Some(key) = user_keys::rows::signing(deeds.store(), access_key_id).await? else {
        return Ok(Lookup::Unknown);
    };
    if key.status != Status::Active {
        return Ok(Lookup::Unusable);
    }
    let Some((documents, read_from)) = read_documents(deeds, key.realm, key.holder).await? else {
        return Ok(Lookup::Unusable);
    };
    let secret = deeds
        .world()
        .seal
        .open(&user_keys::seal_name(access_key_id), &key.sealed_secret)
        .map_err(Fault::internal)?;
    let account: Account = key.account.parse()?;
    let arn = IamArn::new(&account, Kind::User, &key.path, &key.user_name).to_string();
    Ok(Lookup::Found(Arc::new(Identity {
        arn,
        user_id: key.user_id,
        user_name: Some(key.user_name),
        role_arn: None,
        own: false,
        secret: Secret::new(String::from_utf8(secret.to_vec()).map_err(Fault::internal)?),
        documents,
        narrowing: None,
        issued_at: None,
        expires_at: None,
        variables: Vec::new(),
        read_from,
        account,
    })))
}

/// The session of a token.
pub(super) async fn session(deeds: &Deeds, access_key_id: &str, token: &str) -> Result<Lookup, Fault> {
    let Some(session) = Session::open(deeds, access_key_id, token) else {
        return Ok(Lookup::Unknown);
    };
    let expires_at = Timestamp::from_millis(session.expires_at);
    if expires_at <= deeds.clock().now() {
        return Ok(Lookup::Expired);
    }
    if session.role == sessions::OWN {
        return own(session);
    }
    let realm = Realm(session.realm);
    // A session ends with its role.
    let Some(role) = roles::rows::by_number(deeds.store(), realm, session.role).await? else {
        return Ok(Lookup::Unusable);
    };
    let Some((documents, mut read_from)) = read_documents(deeds, realm, role.number).await? else {
        return Ok(Lookup::Unusable);
    };
    read_from.extend(&session.managed);
    let Some(narrowing) = narrowing(deeds, realm, &session).await? else {
        return Ok(Lookup::Unusable);
    };
    Ok(Lookup::Found(Arc::new(Identity {
        account: session.account.clone(),
        arn: session.arn(&role),
        user_id: session.user_id(&role),
        user_name: None,
        role_arn: Some(role.arn(&session.account).to_string()),
        own: false,
        secret: Secret::new(session.secret.clone()),
        documents,
        narrowing: (!narrowing.is_empty()).then(|| narrowing.into()),
        issued_at: Some(Timestamp::from_millis(session.issued_at)),
        expires_at: Some(expires_at),
        variables: session.variables.clone(),
        read_from,
    })))
}

/// A session of the service's own: all that it may do stands in its token.
fn own(session: Session) -> Result<Lookup, Fault> {
    let Some(policy) = &session.policy else {
        return Ok(Lookup::Unusable);
    };
    Ok(Lookup::Found(Arc::new(Identity {
        account: session.account.clone(),
        arn: session.own_arn(),
        user_id: session.own_user_id(),
        user_name: None,
        // As a role's session has one.
        role_arn: Some(session.own_arn()),
        own: true,
        secret: Secret::new(session.secret.clone()),
        documents: Arc::new([parse(policy)?]),
        narrowing: None,
        issued_at: Some(Timestamp::from_millis(session.issued_at)),
        expires_at: Some(Timestamp::from_millis(session.expires_at)),
        variables: Vec::new(),
        read_from: Vec::new(),
    })))
}

/// The policies of a user or role; nothing if one of them is not there, since it may be one that denies.
pub(crate) async fn documents(
    deeds: &Deeds,
    realm: Realm,
    holder: i64,
) -> Result<Option<Arc<[Arc<Document>]>>, StoreError> {
    let read = read_documents(deeds, realm, holder).await?;
    Ok(read.map(|(documents, _)| documents))
}

/// As [`documents`], and the numbers of what they were read from: the holder and its managed policies.
async fn read_documents(
    deeds: &Deeds,
    realm: Realm,
    holder: i64,
) -> Result<Option<(Arc<[Arc<Document>]>, Vec<i64>)>, StoreError> {
    let rows = identity_policies::rows::documents(deeds.store(), realm, holder).await?;
    let mut documents = Vec::with_capacity(rows.len());
    let mut read_from = vec![holder];
    // Those that stand in the holder itself have the number 0.
    read_from.extend(
        rows.iter()
            .map(|(number, _)| *number)
            .filter(|number| *number != 0),
    );
    for (number, document) in rows {
        let text = match (&document, aws::by_number(number)) {
            (Some(text), _) => text.as_str(),
            (None, Some(aws)) => aws.document,
            (None, None) => return Ok(None),
        };
        documents.push(parse(text)?);
    }
    Ok(Some((documents.into(), read_from)))
}

/// The policies that narrow a session, as [`documents`].
async fn narrowing(
    deeds: &Deeds,
    realm: Realm,
    session: &Session,
) -> Result<Option<Vec<Arc<Document>>>, StoreError> {
    let mut documents = Vec::new();
    if let Some(text) = &session.policy {
        documents.push(parse(text)?);
    }
    for number in &session.managed {
        let kept;
        let text = match aws::by_number(*number) {
            Some(aws) => aws.document,
            None => match managed_policies::rows::default_document(deeds.store(), realm, *number).await? {
                Some(text) => {
                    kept = text;
                    &kept
                }
                None => return Ok(None),
            },
        };
        documents.push(parse(text)?);
    }
    Ok(Some(documents))
}

/// A document was read before it was kept; one that no longer reads must let nobody in.
fn parse(text: &str) -> Result<Arc<Document>, StoreError> {
    Document::parse(text, Language::Iam)
        .map(Arc::new)
        .map_err(StoreError::other)
}
