//! The services' tables beside AWS's models.

use std::collections::BTreeSet;

use thingsmith_aws_model::{Member, ShapeKind};
use thingsmith_testkit::samples;

use crate::{Service, iam, iot, iot_data, lambda, sts};

pub(crate) fn services() -> [(Service, &'static [&'static str]); 5] {
    [
        (iam::service(), iam::MISSING),
        (iot::service(), iot::MISSING),
        (iot_data::service(), iot_data::MISSING),
        (lambda::service(), lambda::MISSING),
        (sts::service(), sts::MISSING),
    ]
}

#[test]
fn every_operation_is_written_or_listed_as_missing() {
    for (service, missing) in services() {
        let written: Vec<&str> = service.entries().map(|entry| entry.name).collect();
        let mut ours: Vec<&str> = written.iter().chain(missing).copied().collect();
        ours.sort_unstable();
        let theirs: Vec<&str> = service
            .model
            .operations()
            .iter()
            .map(|operation| operation.name.as_str())
            .collect();
        assert_eq!(ours, theirs);
        assert!(missing.is_sorted());
    }
}

#[test]
fn verbs_and_paths_are_the_models() {
    for (service, _) in services() {
        for entry in service.entries() {
            let http = &service.model.operation(entry.name).unwrap().http;
            assert_eq!(
                entry.http.to_string(),
                format!("{} {}", http.method, http.uri),
                "{}",
                entry.name
            );
        }
    }
}

#[test]
fn every_input_reads_every_member() {
    for (service, _) in services() {
        for entry in service.entries() {
            let operation = service.model.operation(entry.name).unwrap();
            let input = samples::full_input(&service.model, operation);
            service.model.validate(operation, &input).unwrap();
            let unread = (entry.unread)(input).unwrap();
            assert!(unread.is_empty(), "{} does not read {unread:?}", entry.name);
        }
    }
}

#[test]
fn an_action_is_the_operations_own() {
    for (service, _) in services() {
        // The data plane's actions are those of `iot` (Service Authorization Reference).
        let prefix = match service.model.metadata().signing_name() {
            "iotdata" => "iot",
            name => name,
        };
        for entry in service.entries() {
            match entry.action {
                // Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda".
                Some(action) if entry.name == "Invoke" => assert_eq!(action, "lambda:InvokeFunction"),
                Some(action) if entry.name == "GetLayerVersionByArn" => {
                    assert_eq!(action, "lambda:GetLayerVersion");
                }
                Some(action) => assert_eq!(action, format!("{prefix}:{}", entry.name)),
                // The one needs no permission, the other decides itself: it is the role that must trust the caller.
                None => assert!(["AssumeRole", "GetCallerIdentity"].contains(&entry.name)),
            }
        }
    }
}

#[test]
fn no_written_operation_has_members_where_the_edge_does_not_look() {
    let mut places = BTreeSet::new();
    for (service, _) in services() {
        for entry in service.entries() {
            let Some(input) = service.model.operation(entry.name).unwrap().input else {
                continue;
            };
            let shape = service.model.shape(input);
            let is_read = |member: &Member| {
                let kind = &service.model.shape(member.shape).kind;
                matches!(kind, ShapeKind::Blob | ShapeKind::Structure { .. })
            };
            assert!(shape.payload().is_none_or(is_read), "{}", entry.name);
            places.extend(
                shape
                    .members()
                    .iter()
                    .map(|member| format!("{:?}", member.location)),
            );
        }
    }
    let read = ["Body", "Header", "QueryString", "Uri"];
    assert!(
        places.iter().all(|place| read.contains(&place.as_str())),
        "{places:?}"
    );
}
