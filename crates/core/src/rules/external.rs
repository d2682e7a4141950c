//! Calls of other services within statements and templates.

use std::time::Duration;

use serde_json::{Value as Json, json};
use thingsmith_model::{Resource, ThingName};
use thingsmith_sql::{Answer, External, ExternalCall, Value};

use super::index::Rule;
use super::offer::Offered;
use crate::acting::Acting;
use crate::functions::{self, OnBehalf};
use crate::pages::PageRequest;
use crate::{Deeds, Fault, thing_groups, things};

/// How long `aws_lambda` waits (guide, "AWS IoT SQL functions", aws_lambda).
const PATIENCE: Duration = Duration::from_secs(2);
/// Most groups that `get_registry_data` tells.
const GROUPS: usize = 250;

/// What a service says to a call of a rule. Whatever goes wrong is logged, and the value is Undefined.
pub(super) async fn answer(deeds: &Deeds, offered: &Offered, rule: &Rule, call: &ExternalCall) -> Answer {
    let answer = match call.function {
        External::AwsLambda => aws_lambda(deeds, offered, rule, &call.arguments).await,
        External::GetRegistryData => get_registry_data(deeds, offered, &call.arguments).await,
        other => Err(format!("{other} is not answered here")),
    };
    answer.unwrap_or_else(|problem| {
        tracing::info!(rule = rule.name, problem, "a function in a rule is Undefined");
        Answer::Undefined
    })
}

async fn aws_lambda(
    deeds: &Deeds,
    offered: &Offered,
    rule: &Rule,
    arguments: &[Value],
) -> Result<Answer, String> {
    let arn = text(arguments.first()).ok_or("aws_lambda: the ARN is no text")?;
    let event = arguments.get(1).map(Value::to_json).unwrap_or_default();
    let on_behalf = OnBehalf {
        service: "iot.amazonaws.com",
        source_arn: &rule.arn,
        source_account: offered.realm.account.as_str(),
    };
    functions::invoke_for_service(deeds, &offered.realm, &arn, on_behalf, event.into(), PATIENCE)
        .await
        .map(|answer| Answer::Json(answer.to_vec()))
        .map_err(|failure| format!("aws_lambda {arn}: {failure}"))
}

/// `get_registry_data("DescribeThing" | "ListThingGroupsForThing", thing, role)`: the operation's answer, by the leave of
/// the role.
async fn get_registry_data(deeds: &Deeds, offered: &Offered, arguments: &[Value]) -> Result<Answer, String> {
    let [api, thing, role] = arguments else {
        return Err("get_registry_data takes three arguments".into());
    };
    let (api, thing, role) = (text(Some(api)), text(Some(thing)), text(Some(role)));
    let (Some(api), Some(thing), Some(role)) = (api, thing, role) else {
        return Err("get_registry_data: an argument is no text".into());
    };
    let problem = |fault: Fault| format!("get_registry_data {api}: {}", fault.message);
    let name: ThingName = thing
        .parse()
        .map_err(|wrong| format!("get_registry_data: {wrong}"))?;
    let realm = &offered.realm;
    let role = deeds.rules().roles.assume(deeds, realm, &role).await;
    let role = role.map_err(problem)?;
    let arn = format!("arn:aws:iot:{}:{}:thing/{name}", realm.region, realm.account);
    let answer = match api.as_str() {
        "DescribeThing" => {
            role.may("iot:DescribeThing", &arn).map_err(problem)?;
            describe_thing(deeds, offered, &name, &arn).await
        }
        "ListThingGroupsForThing" => {
            role.may("iot:ListThingGroupsForThing", "*").map_err(problem)?;
            groups_of(deeds, offered, &name).await
        }
        _ => return Err(format!("get_registry_data does not know {api:?}")),
    };
    let answer = answer.map_err(problem)?;
    Ok(Answer::Json(answer.to_string().into_bytes()))
}

async fn describe_thing(
    deeds: &Deeds,
    offered: &Offered,
    name: &ThingName,
    arn: &str,
) -> Result<Json, Fault> {
    let thing = things::describe_thing(deeds, &offered.realm, name).await?;
    let mut answer = json!({
        "defaultClientId": thing.name,
        "thingName": thing.name,
        "thingId": thing.thing_id.to_string(),
        "thingArn": arn,
        "attributes": thing.attributes,
        "version": thing.version,
    });
    if let Some(name) = thing.thing_type_name() {
        answer["thingTypeName"] = name.as_str().into();
    }
    if let Some(name) = thing.billing_group_name() {
        answer["billingGroupName"] = name.as_str().into();
    }
    Ok(answer)
}

async fn groups_of(deeds: &Deeds, offered: &Offered, name: &ThingName) -> Result<Json, Fault> {
    let page = PageRequest {
        token: None,
        size: GROUPS,
        member: "nextToken",
    };
    let realm = &offered.realm;
    let groups = thing_groups::list_thing_groups_for_thing(deeds, realm, name, &page).await?;
    let groups = groups.items.iter().map(|group| {
        let arn = realm.arn(Resource::ThingGroup(group.name.clone()));
        json!({"groupName": group.name, "groupArn": arn.to_string()})
    });
    Ok(json!({"thingGroups": groups.collect::<Vec<_>>()}))
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.to_text().map(|text| text.to_string())
}
