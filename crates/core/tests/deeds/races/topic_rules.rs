//! Topic rules: what is unique, and that nodes end with what stands in the store.

use serde_json::json;
use thingsmith_core::Code;
use thingsmith_core::topic_rules::{self, NewTopicRule, Settings};

use super::{Pair, ROUNDS, pairs};
use crate::objects::code;

fn settings(topic: &str) -> Settings {
    let action = json!({"lambda": {"functionArn": "f"}});
    Settings::new(format!("SELECT * FROM '{topic}'"), None, vec![action], None, None)
}

fn new(topic: &str) -> NewTopicRule {
    NewTopicRule {
        name: "rule".into(),
        settings: settings(topic),
        disabled: false,
        tags: [("a".into(), "b".into())].into(),
    }
}

async fn delete(pair: &Pair) {
    topic_rules::delete_topic_rule(&pair.here, &pair.realm, "rule")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_belongs_to_one_of_two() {
    for pair in pairs().await {
        for _ in 0..ROUNDS {
            let (one, two) = tokio::join!(
                topic_rules::create_topic_rule(&pair.here, &pair.realm, new("a")),
                topic_rules::create_topic_rule(&pair.there, &pair.realm, new("b")),
            );
            match (code(&one), code(&two)) {
                (None, Some(lost)) | (Some(lost), None) => assert_eq!(lost, Code::ResourceAlreadyExists),
                _ => panic!("one: {one:?}, two: {two:?}"),
            }
            delete(&pair).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_is_deleted_is_not_replaced_half() {
    for pair in pairs().await {
        for _ in 0..ROUNDS {
            topic_rules::create_topic_rule(&pair.here, &pair.realm, new("a"))
                .await
                .unwrap();
            let other = settings("b");
            let (replaced, disabled, deleted) = tokio::join!(
                topic_rules::replace_topic_rule(&pair.here, &pair.realm, "rule", &other, false),
                topic_rules::set_disabled(&pair.there, &pair.realm, "rule", true),
                topic_rules::delete_topic_rule(&pair.there, &pair.realm, "rule"),
            );
            deleted.unwrap();
            for outcome in [replaced, disabled] {
                assert!(
                    matches!(code(&outcome), None | Some(Code::Unauthorized)),
                    "{outcome:?}"
                );
            }
            let gone = topic_rules::topic_rule(&pair.here, &pair.realm, "rule").await;
            assert_eq!(code(&gone), Some(Code::Unauthorized));
            assert!(
                !pair.there.rules().has_any(),
                "the node that deleted it knows of none"
            );
        }
    }
}
