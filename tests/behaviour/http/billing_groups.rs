//! Billing groups and the things in them.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};

use super::{Seen, named};

#[tokio::test]
async fn a_billing_group_is_made_read_changed_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let properties = json!({"billingGroupDescription": "the north"});
        let create = json!({"billingGroupName": "north", "billingGroupProperties": properties});
        let made = named(&admin, "CreateBillingGroup", create.clone()).await;
        seen.note(&made);
        let again = named(&admin, "CreateBillingGroup", create).await;
        assert_eq!(again.to_string(), made.to_string());
        let read = || {
            named(
                &admin,
                "DescribeBillingGroup",
                json!({"billingGroupName": "north"}),
            )
        };
        seen.note(&read().await);
        seen.note(&named(&admin, "CreateBillingGroup", json!({"billingGroupName": "north"})).await);
        let update = |properties: Value, expected: Value| {
            let mut input = json!({"billingGroupName": "north", "billingGroupProperties": properties});
            if !expected.is_null() {
                input["expectedVersion"] = expected;
            }
            named(&admin, "UpdateBillingGroup", input)
        };
        seen.note(&update(json!({"billingGroupDescription": "the far north"}), json!(1)).await);
        seen.note(&update(json!({}), json!(1)).await);
        // A description that is not given again is gone.
        assert_eq!(update(json!({}), Value::Null).await.json(), json!({"version": 3}));
        seen.note(&read().await);
        let delete = |expected: i64| {
            named(
                &admin,
                "DeleteBillingGroup",
                json!({"billingGroupName": "north", "expectedVersion": expected}),
            )
        };
        seen.note(&delete(2).await);
        seen.note(&delete(3).await);
        seen.note(&read().await);
        seen.note(&update(json!({}), Value::Null).await);
        assert_eq!(delete(3).await.status, 200, "what is not there counts as deleted");
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "billingGroupName": "north",
      "billingGroupArn": "arn:aws:iot:us-east-1:123456789012:billinggroup/north",
      "billingGroupId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53"
    }
    200
    {
      "billingGroupName": "north",
      "billingGroupId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "billingGroupArn": "arn:aws:iot:us-east-1:123456789012:billinggroup/north",
      "version": 1,
      "billingGroupProperties": {
        "billingGroupDescription": "the north"
      },
      "billingGroupMetadata": {
        "creationDate": 1795291200.123
      }
    }
    409 ResourceAlreadyExistsException
    {
      "message": "Billing group north already exists in the account with different settings.",
      "resourceId": "north",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:billinggroup/north"
    }
    200
    {
      "version": 2
    }
    409 VersionConflictException
    {
      "message": "Billing group north has version 2, expectedVersion is 1."
    }
    200
    {
      "billingGroupName": "north",
      "billingGroupId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "billingGroupArn": "arn:aws:iot:us-east-1:123456789012:billinggroup/north",
      "version": 3,
      "billingGroupProperties": {},
      "billingGroupMetadata": {
        "creationDate": 1795291200.123
      }
    }
    409 VersionConflictException
    {
      "message": "Billing group north has version 3, expectedVersion is 2."
    }
    200
    {}
    404 ResourceNotFoundException
    {
      "message": "Billing group north not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Billing group north not found."
    }
    "#);
}

async fn group_of(admin: &Client, thing: &str) -> Value {
    named(admin, "DescribeThing", json!({"thingName": thing}))
        .await
        .json()["billingGroupName"]
        .clone()
}

#[tokio::test]
async fn a_thing_is_in_one_billing_group_at_most() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let arn = |resource: &str| format!("arn:aws:iot:us-east-1:123456789012:{resource}");
        for name in ["north", "south"] {
            named(&admin, "CreateBillingGroup", json!({"billingGroupName": name})).await;
        }
        let create = json!({"thingName": "a", "billingGroupName": "north"});
        for _ in 0..2 {
            assert_eq!(named(&admin, "CreateThing", create.clone()).await.status, 200);
        }
        let other = json!({"thingName": "a", "billingGroupName": "south"});
        let reply = named(&admin, "CreateThing", other).await;
        assert_eq!(reply.exception(), "ResourceAlreadyExistsException", "{reply}");
        let absent = json!({"thingName": "z", "billingGroupName": "none"});
        let reply = named(&admin, "CreateThing", absent).await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (404, "Billing group none not found.")
        );
        for name in ["b", "c"] {
            named(&admin, "CreateThing", json!({"thingName": name})).await;
        }
        let list = async |group: &str| {
            let reply = named(
                &admin,
                "ListThingsInBillingGroup",
                json!({"billingGroupName": group}),
            )
            .await;
            assert_eq!(reply.status, 200, "{reply}");
            reply.json()["things"].clone()
        };
        let move_it = async |operation: &str, input: Value| {
            let reply = named(&admin, operation, input).await;
            assert_eq!(reply.status, 200, "{reply}");
        };
        let (add, remove) = ("AddThingToBillingGroup", "RemoveThingFromBillingGroup");
        for _ in 0..2 {
            move_it(add, json!({"billingGroupName": "north", "thingName": "b"})).await;
            move_it(
                add,
                json!({"billingGroupArn": arn("billinggroup/north"), "thingArn": arn("thing/c")}),
            )
            .await;
        }
        assert_eq!(list("north").await, json!(["a", "b", "c"]));
        assert_eq!(group_of(&admin, "c").await, "north");
        // Membership is no change of the thing.
        let thing = named(&admin, "DescribeThing", json!({"thingName": "c"}))
            .await
            .json();
        assert_eq!(thing["version"], 1);
        move_it(
            add,
            json!({"billingGroupName": "south", "billingGroupArn": arn("billinggroup/south"), "thingName": "b"}),
        )
        .await;
        assert_eq!(list("north").await, json!(["a", "c"]));
        assert_eq!(list("south").await, json!(["b"]));
        // From a group that it is not in, a thing cannot be taken; nothing happens.
        move_it(remove, json!({"billingGroupName": "north", "thingName": "b"})).await;
        assert_eq!(group_of(&admin, "b").await, "south");
        move_it(remove, json!({"billingGroupName": "south", "thingName": "b"})).await;
        assert_eq!(group_of(&admin, "b").await, Value::Null);

        // Pages.
        let input = json!({"billingGroupName": "north", "maxResults": 1});
        let first = named(&admin, "ListThingsInBillingGroup", input).await;
        assert_eq!(first.json()["things"], json!(["a"]));
        let token = first.text("nextToken");
        let input = json!({"billingGroupName": "north", "nextToken": token});
        let next = named(&admin, "ListThingsInBillingGroup", input).await;
        assert_eq!(next.json(), json!({"things": ["c"]}));
        let input = json!({"billingGroupName": "south", "nextToken": token});
        let reply = named(&admin, "ListThingsInBillingGroup", input).await;
        assert_eq!(reply.exception(), "InvalidRequestException", "{reply}");

        // A group goes with things in it; a new one of its name has none.
        move_it("DeleteBillingGroup", json!({"billingGroupName": "north"})).await;
        assert_eq!(group_of(&admin, "a").await, Value::Null);
        move_it("CreateBillingGroup", json!({"billingGroupName": "north"})).await;
        assert_eq!(list("north").await, json!([]));
        // A deleted thing leaves its group.
        move_it(add, json!({"billingGroupName": "north", "thingName": "a"})).await;
        move_it("DeleteThing", json!({"thingName": "a"})).await;
        assert_eq!(list("north").await, json!([]));
        server.stop().await;
    }
}

#[tokio::test]
async fn members_that_name_nothing_are_refused() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let arn = |resource: &str| format!("arn:aws:iot:us-east-1:123456789012:{resource}");
        named(&admin, "CreateBillingGroup", json!({"billingGroupName": "g"})).await;
        named(&admin, "CreateThing", json!({"thingName": "t"})).await;
        for input in [
            json!({}),
            json!({"billingGroupName": "g"}),
            json!({"thingName": "t"}),
            json!({"billingGroupName": "none", "thingName": "t"}),
            json!({"billingGroupName": "g", "thingName": "none"}),
            json!({"billingGroupArn": "g", "thingName": "t"}),
            json!({"billingGroupArn": arn("thing/t"), "thingName": "t"}),
            json!({"billingGroupName": "g", "thingArn": arn("billinggroup/g")}),
            json!({"billingGroupName": "h", "billingGroupArn": arn("billinggroup/g"), "thingName": "t"}),
            json!({"billingGroupArn": arn("billinggroup/g").replace("us-east-1", "eu-west-1"), "thingName": "t"}),
        ] {
            let reply = named(&admin, "AddThingToBillingGroup", input.clone()).await;
            seen.note(&reply);
            let remove = named(&admin, "RemoveThingFromBillingGroup", input).await;
            assert_eq!(remove.to_string(), reply.to_string());
        }
        let input = json!({"billingGroupName": "none"});
        seen.note(&named(&admin, "ListThingsInBillingGroup", input).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    400 InvalidRequestException
    {
      "message": "Either billingGroupName or billingGroupArn must be given."
    }
    400 InvalidRequestException
    {
      "message": "Either thingName or thingArn must be given."
    }
    400 InvalidRequestException
    {
      "message": "Either billingGroupName or billingGroupArn must be given."
    }
    404 ResourceNotFoundException
    {
      "message": "Billing group none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing none not found."
    }
    400 InvalidRequestException
    {
      "message": "billingGroupArn g is not the ARN of what it is to name."
    }
    400 InvalidRequestException
    {
      "message": "billingGroupArn arn:aws:iot:us-east-1:123456789012:thing/t names another kind of resource."
    }
    400 InvalidRequestException
    {
      "message": "thingArn arn:aws:iot:us-east-1:123456789012:billinggroup/g names another kind of resource."
    }
    400 InvalidRequestException
    {
      "message": "billingGroupName and billingGroupArn name different resources."
    }
    404 ResourceNotFoundException
    {
      "message": "Resource arn:aws:iot:eu-west-1:123456789012:billinggroup/g not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Billing group none not found."
    }
    "#);
}

#[tokio::test]
async fn billing_groups_are_listed_in_pages_and_by_prefix() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for name in ["ab", "b", "a", "aB", "A"] {
            named(&admin, "CreateBillingGroup", json!({"billingGroupName": name})).await;
        }
        let list = async |input: Value| {
            let reply = named(&admin, "ListBillingGroups", input).await;
            assert_eq!(reply.status, 200, "{reply}");
            reply.json()
        };
        let all = list(json!({})).await;
        assert_eq!(
            all["billingGroups"][0],
            json!({"groupName": "A", "groupArn": "arn:aws:iot:us-east-1:123456789012:billinggroup/A"})
        );
        let names = |reply: &Value| -> Vec<String> {
            let items = reply["billingGroups"].as_array().unwrap();
            items
                .iter()
                .map(|it| it["groupName"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(&all), ["A", "a", "aB", "ab", "b"]);
        assert_eq!(
            names(&list(json!({"namePrefixFilter": "a"})).await),
            ["a", "aB", "ab"]
        );
        assert_eq!(names(&list(json!({"namePrefixFilter": "c"})).await), [""; 0]);
        let first = list(json!({"namePrefixFilter": "a", "maxResults": 2})).await;
        assert_eq!(names(&first), ["a", "aB"]);
        let token = first["nextToken"].clone();
        let rest = list(json!({"namePrefixFilter": "a", "nextToken": token})).await;
        assert_eq!(
            (names(&rest), rest.get("nextToken")),
            (vec!["ab".to_owned()], None)
        );
        for input in [json!({"nextToken": token}), json!({"nextToken": "none"})] {
            let reply = named(&admin, "ListBillingGroups", input).await;
            assert_eq!(reply.exception(), "InvalidRequestException", "{reply}");
        }
        server.stop().await;
    }
}
