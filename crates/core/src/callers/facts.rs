//! What policies can ask about a request.

use std::borrow::Cow;
use std::net::IpAddr;

use thingsmith_model::Timestamp;
use thingsmith_policy::{Key, Values, Variables};

use super::Caller;
use crate::iso8601;

/// What policies can ask about a request (IAM guide, "AWS global condition context keys").
pub struct RequestFacts<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// The region that was signed for.
    pub region: &'a str,
    /// The address it calls from.
    pub source: IpAddr,
    /// Whether the request came over TLS.
    pub secure: bool,
    /// What it says of itself.
    pub user_agent: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

impl Variables for RequestFacts<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        let owned = |text: String| Values::One(Cow::Owned(text));
        let caller = self.caller;
        match key.folded() {
            "aws:currenttime" => owned(iso8601(self.now)),
            "aws:epochtime" => owned(self.now.as_seconds().to_string()),
            "aws:principalaccount" => Some(caller.account.as_str()).into(),
            // A session's principal is its role (IAM guide, `aws:PrincipalArn`).
            "aws:principalarn" => Some(caller.role_arn.as_deref().unwrap_or(&caller.arn)).into(),
            "aws:principaltype" => Some(caller.kind()).into(),
            "aws:requestedregion" => Some(self.region).into(),
            "aws:securetransport" => Some(if self.secure { "true" } else { "false" }).into(),
            "aws:sourceip" => owned(self.source.to_canonical().to_string()),
            "aws:tokenissuetime" => caller
                .issued_at
                .map_or(Values::Missing, |time| owned(iso8601(time))),
            "aws:useragent" => self.user_agent.into(),
            "aws:userid" => Some(caller.user_id.as_str()).into(),
            "aws:username" => caller.user_name.as_deref().into(),
            folded => caller
                .variables
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(folded))
                .map(|(_, value)| value.as_str())
                .into(),
        }
    }
}
