use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::TopicLimits;

fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text, &TopicLimits::default()).unwrap()
}

fn topic(text: &str) -> TopicName {
    TopicName::parse(text, &TopicLimits::default()).unwrap()
}

/// Filter, share name and subscriber of everything that matches, sorted.
fn matches(trie: &SubscriptionTrie<u8, u32>, topic: &TopicName) -> Vec<(String, u8, u32)> {
    let mut found = Vec::new();
    trie.visit(topic, |met| match met {
        Match::Subscriber(key, value) => found.push((String::new(), *key, *value)),
        Match::Group { name, members } => {
            assert!(!members.is_empty());
            found.extend(members.iter().map(|(key, value)| (name.to_owned(), *key, *value)));
        }
    });
    found.sort();
    found
}

#[test]
fn a_subscriber_is_found_by_each_of_its_filters() {
    let mut trie = SubscriptionTrie::new();
    trie.insert(&filter("a/+"), 1, 10);
    trie.insert(&filter("a/#"), 1, 20);
    trie.insert(&filter("a/b"), 2, 30);
    assert_eq!(matches(&trie, &topic("a/b")).len(), 3);
    assert_eq!(matches(&trie, &topic("a")), vec![]);
    assert_eq!(matches(&trie, &topic("a/")).len(), 2);
}

#[test]
fn a_second_subscription_to_the_same_filter_replaces_the_first() {
    let mut trie = SubscriptionTrie::new();
    assert_eq!(trie.insert(&filter("a"), 1, 10), None);
    assert_eq!(trie.insert(&filter("a"), 1, 11), Some(10));
    assert_eq!(trie.len(), 1);
    assert_eq!(matches(&trie, &topic("a")), vec![(String::new(), 1, 11)]);
}

#[test]
fn groups_of_one_filter_are_kept_apart() {
    let mut trie = SubscriptionTrie::new();
    trie.insert(&filter("$share/g/a/+"), 1, 10);
    trie.insert(&filter("$share/g/a/+"), 2, 10);
    trie.insert(&filter("$share/h/a/+"), 1, 10);
    trie.insert(&filter("a/+"), 1, 10);
    let mut groups = 0;
    trie.visit(&topic("a/b"), |met| {
        groups += usize::from(matches!(met, Match::Group { .. }));
    });
    assert_eq!((groups, trie.groups()), (2, 2));
    assert_eq!(trie.members(&filter("$share/g/a/+")), [(1, 10), (2, 10)]);
    assert_eq!(trie.members(&filter("a/+")), [(1, 10)]);
    for nobody in ["$share/i/a/+", "$share/g/a/#", "$share/g/a", "a/+/b", "b"] {
        assert_eq!(trie.members(&filter(nobody)), [], "{nobody}");
    }
    assert_eq!(trie.remove(&filter("$share/h/a/+"), &1), Some(10));
    assert_eq!(trie.remove(&filter("$share/h/a/+"), &1), None);
    assert_eq!((trie.len(), trie.groups()), (3, 1));
    assert_eq!(trie.insert(&filter("$share/g/a/+"), 2, 20), Some(10));
    assert_eq!(trie.remove(&filter("$share/g/a/+"), &2), Some(20));
    assert_eq!(trie.groups(), 1, "it has a member still");
    assert_eq!(trie.remove(&filter("$share/g/a/+"), &1), Some(10));
    assert_eq!((trie.len(), trie.groups()), (1, 0));
}

#[test]
fn an_emptied_trie_holds_no_branch() {
    let mut trie = SubscriptionTrie::new();
    let filters = [
        "a/b/c",
        "a/b",
        "a/+/c/#",
        "#",
        "+",
        "$share/g/a/b/+/x",
        "a/x/c",
        "/",
    ]
    .map(filter);
    for filter in &filters {
        trie.insert(filter, 1, 1);
    }
    assert_eq!(trie.remove(&filter("a/b/c/d"), &1), None);
    for filter in &filters {
        assert_eq!(trie.remove(filter, &1), Some(1));
    }
    assert!(trie.is_empty() && trie.root.is_empty());
}

fn level(wildcards: bool) -> impl Strategy<Value = &'static str> {
    match wildcards {
        true => prop::sample::select(vec!["a", "b", "", "$s", "+", "+"]),
        false => prop::sample::select(vec!["a", "b", "", "$s"]),
    }
}

fn topics() -> impl Strategy<Value = TopicName> {
    prop::collection::vec(level(false), 1..6)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("a topic has a character", |text| !text.is_empty())
        .prop_map(|text| topic(&text))
}

fn filters() -> impl Strategy<Value = TopicFilter> {
    let share = prop::sample::select(vec!["", "", "$share/g/", "$share/h/"]);
    (share, prop::collection::vec(level(true), 1..5), any::<bool>())
        .prop_map(|(share, mut levels, rest)| {
            if rest {
                levels.push("#");
            }
            (share, levels.join("/"))
        })
        .prop_filter("a filter has a character", |(_, text)| !text.is_empty())
        .prop_map(|(share, text)| filter(&format!("{share}{text}")))
}

proptest! {
    /// Whatever comes and goes, the trie finds what matching every filter one by one finds.
    #[test]
    fn the_trie_finds_what_naive_matching_finds(
        changes in prop::collection::vec((filters(), 0u8..24, any::<u32>(), prop::bool::weighted(0.7)), 0..120),
        topics in prop::collection::vec(topics(), 1..12),
    ) {
        let mut trie = SubscriptionTrie::new();
        let mut naive: BTreeMap<(String, u8), (TopicFilter, u32)> = BTreeMap::new();
        for (filter, key, value, insert) in changes {
            let name = (filter.as_str().to_owned(), key);
            let (former, expected) = match insert {
                true => (trie.insert(&filter, key, value), naive.insert(name, (filter, value))),
                false => (trie.remove(&filter, &key), naive.remove(&name)),
            };
            prop_assert_eq!(former, expected.map(|(_, value)| value));
            prop_assert_eq!(trie.len(), naive.len());
        }
        for topic in topics {
            let mut expected: Vec<(String, u8, u32)> = naive
                .iter()
                .filter(|(_, (filter, _))| filter.matches(&topic))
                .map(|((_, key), (filter, value))| (filter.share_name().unwrap_or_default().to_owned(), *key, *value))
                .collect();
            expected.sort();
            prop_assert_eq!(matches(&trie, &topic), expected);
        }
        for ((_, key), (filter, value)) in naive {
            prop_assert_eq!(trie.remove(&filter, &key), Some(value));
        }
        prop_assert!(trie.is_empty() && trie.root.is_empty());
    }
}
