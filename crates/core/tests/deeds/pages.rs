//! Pages of lists: what is there all the time comes once, whatever is made and deleted meanwhile; and a token is good for
//! its own list only.

use std::collections::BTreeSet;
use std::time::Duration;

use thingsmith_core::certificates::{self, list_certificates};
use thingsmith_core::policies::{
    attach_policy, delete_policy, detach_policy, list_attached_policies, list_policies,
};
use thingsmith_core::things::{
    AttributeFilter, ThingFilter, attach_thing_principal, create_thing, delete_thing, detach_thing_principal,
    list_thing_principals, list_things,
};
use thingsmith_core::{Code, Fault, Page, PageRequest};
use thingsmith_model::{Account, CertificateStatus};

use crate::objects::{
    code, first_page, make_policy, make_thing, new_thing, policy_name, put_certificate, thing_name,
};
use crate::stores::{Alone, alone};

fn next_page(size: usize, token: String) -> PageRequest {
    PageRequest {
        token: Some(token),
        ..first_page(size)
    }
}

/// Reads every page of a list, changing the registry between pages, and gives back what the items are called. Nothing
/// comes twice.
async fn walk<T>(
    size: usize,
    name: impl Fn(&T) -> String,
    mut page: impl AsyncFnMut(PageRequest) -> Page<T>,
    mut between: impl AsyncFnMut(usize),
) -> Vec<String> {
    let mut names = Vec::new();
    let mut request = first_page(size);
    for number in 0.. {
        assert!(number < 100, "a list ends");
        let read = page(request).await;
        assert!(
            read.items.len() == size || read.next.is_none(),
            "only the last page is short"
        );
        names.extend(read.items.iter().map(&name));
        let Some(token) = read.next else { break };
        request = next_page(size, token);
        between(number).await;
    }
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len(), "{names:?}");
    names
}

fn only<'a>(names: &'a [String], kept: &[&str]) -> Vec<&'a str> {
    names
        .iter()
        .map(String::as_str)
        .filter(|name| kept.contains(name))
        .collect()
}

#[tokio::test]
async fn things_that_come_and_go_neither_repeat_nor_hide_others() {
    for Alone { deeds, realm, .. } in alone().await {
        for name in ["b", "d", "f", "h", "j", "l", "n"] {
            make_thing(&deeds, &realm, name).await;
        }
        let by_colour = ThingFilter {
            attribute: Some(AttributeFilter {
                name: "colour".parse().unwrap(),
                value: Some("r".into()),
                prefix: true,
            }),
            thing_type: None,
        };
        for filter in [ThingFilter::default(), by_colour] {
            let names = walk(
                2,
                |thing: &thingsmith_core::things::Thing| thing.name.to_string(),
                async |page| list_things(&deeds, &realm, &filter, &page).await.unwrap(),
                async |number| {
                    // The last of the page goes and comes back; another comes on each side of it.
                    let names = [["d", "a", "e"], ["h", "c", "k"], ["l", "g", "m"]];
                    if let Some([again, before, after]) = names.get(number) {
                        delete_thing(&deeds, &realm, &thing_name(again), None)
                            .await
                            .unwrap();
                        for name in [again, before, after] {
                            make_thing(&deeds, &realm, name).await;
                        }
                    }
                },
            )
            .await;
            let stayed = ["b", "d", "f", "h", "j", "l", "n"];
            assert_eq!(only(&names, &stayed), stayed, "{names:?}");
            for name in ["a", "c", "e", "g", "k", "m"] {
                delete_thing(&deeds, &realm, &thing_name(name), None)
                    .await
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_list_by_attribute_goes_on_within_equal_values() {
    for Alone { deeds, realm, .. } in alone().await {
        for (name, colour) in [
            ("a", "red"),
            ("b", "rad"),
            ("c", "red"),
            ("d", "red"),
            ("e", "blue"),
        ] {
            create_thing(&deeds, &realm, new_thing(name, [("colour", colour)]))
                .await
                .unwrap();
        }
        let filter = ThingFilter {
            attribute: Some(AttributeFilter {
                name: "colour".parse().unwrap(),
                value: None,
                prefix: false,
            }),
            thing_type: None,
        };
        let names = walk(
            1,
            |thing: &thingsmith_core::things::Thing| thing.name.to_string(),
            async |page| list_things(&deeds, &realm, &filter, &page).await.unwrap(),
            async |_| {},
        )
        .await;
        assert_eq!(names, ["e", "b", "a", "c", "d"]);
    }
}

#[tokio::test]
async fn certificates_and_policies_are_listed_by_age_both_ways() {
    for Alone {
        deeds, realm, clock, ..
    } in alone().await
    {
        for number in 0..7 {
            make_policy(&deeds, &realm, &format!("p{number}")).await;
            put_certificate(&deeds, &realm, CertificateStatus::Inactive).await;
            // Several of the same moment.
            if number % 3 == 2 {
                clock.advance(Duration::from_millis(1));
            }
        }
        for (ascending, gone, expected) in [
            (true, "p3", vec!["p0", "p1", "p2", "p4", "p5", "p6"]),
            (false, "p1", vec!["p6", "p5", "p4", "p2", "p0"]),
        ] {
            let names = walk(
                2,
                |policy: &thingsmith_core::policies::Policy| policy.name.to_string(),
                async |page| list_policies(&deeds, &realm, ascending, &page).await.unwrap(),
                async |number| {
                    // One not yet read goes, one is made.
                    if number == 0 {
                        delete_policy(&deeds, &realm, &policy_name(gone)).await.unwrap();
                        clock.advance(Duration::from_millis(1));
                        make_policy(&deeds, &realm, &format!("new-{ascending}")).await;
                    }
                },
            )
            .await;
            assert_eq!(only(&names, &expected), expected);
            // The youngest of all: the way up meets it, the way down has passed it.
            assert_eq!(names.contains(&format!("new-{ascending}")), ascending);
            assert!(!names.contains(&gone.to_owned()));
        }
        let mut lists = Vec::new();
        for ascending in [true, false] {
            let list = walk(
                3,
                |certificate: &certificates::Certificate| certificate.id.to_string(),
                async |page| list_certificates(&deeds, &realm, ascending, &page).await.unwrap(),
                async |_| {},
            );
            lists.push(list.await);
        }
        lists[1].reverse();
        assert_eq!(lists[0].len(), 7);
        assert_eq!(lists[0], lists[1]);
    }
}

#[tokio::test]
async fn what_is_attached_is_listed_once_while_it_changes() {
    for Alone { deeds, realm, .. } in alone().await {
        let thing = make_thing(&deeds, &realm, "t").await.name;
        let mut principals = Vec::new();
        for number in 0..6 {
            make_policy(&deeds, &realm, &format!("p{number}")).await;
            principals.push(
                put_certificate(&deeds, &realm, CertificateStatus::Active)
                    .await
                    .arn(&realm),
            );
        }
        for principal in &principals {
            attach_thing_principal(&deeds, &realm, &thing, principal)
                .await
                .unwrap();
        }
        let names = walk(
            2,
            ToString::to_string,
            async |page| {
                list_thing_principals(&deeds, &realm, &thing, &page)
                    .await
                    .unwrap()
            },
            async |number| {
                if number == 0 {
                    // One that was read, the last of the page, and one that was not.
                    for gone in [&principals[1], &principals[4]] {
                        detach_thing_principal(&deeds, &realm, &thing, gone)
                            .await
                            .unwrap();
                    }
                }
            },
        )
        .await;
        assert_eq!(names, [0, 1, 2, 3, 5].map(|index| principals[index].clone()));

        let target = &principals[0];
        for number in 0..5 {
            attach_policy(&deeds, &realm, &policy_name(&format!("p{number}")), target)
                .await
                .unwrap();
        }
        let names = walk(
            2,
            |policy: &thingsmith_core::policies::Policy| policy.name.to_string(),
            async |page| {
                list_attached_policies(&deeds, &realm, target, false, &page)
                    .await
                    .unwrap()
            },
            async |number| {
                if number == 0 {
                    for gone in ["p1", "p3"] {
                        detach_policy(&deeds, &realm, &policy_name(gone), target)
                            .await
                            .unwrap();
                    }
                    attach_policy(&deeds, &realm, &policy_name("p5"), target)
                        .await
                        .unwrap();
                }
            },
        )
        .await;
        assert_eq!(names, ["p0", "p1", "p2", "p4", "p5"]);
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_list_only() {
    for Alone { deeds, realm, .. } in alone().await {
        let elsewhere = deeds
            .realm(&Account::development(), &"eu-west-1".parse().unwrap())
            .await
            .unwrap();
        let mut targets = Vec::new();
        for name in ["a", "b", "c"] {
            make_thing(&deeds, &realm, name).await;
            make_policy(&deeds, &realm, name).await;
            targets.push(
                put_certificate(&deeds, &realm, CertificateStatus::Active)
                    .await
                    .arn(&realm),
            );
        }
        for target in &targets {
            attach_thing_principal(&deeds, &realm, &thing_name("a"), target)
                .await
                .unwrap();
            attach_thing_principal(&deeds, &realm, &thing_name("b"), target)
                .await
                .unwrap();
            for name in ["a", "b"] {
                attach_policy(&deeds, &realm, &policy_name(name), target)
                    .await
                    .unwrap();
            }
        }
        let by_colour = |value: &str| ThingFilter {
            attribute: Some(AttributeFilter {
                name: "colour".parse().unwrap(),
                value: Some(value.into()),
                prefix: true,
            }),
            thing_type: None,
        };
        // Every list, each with its next token or its refusal.
        let lists = async |page: PageRequest| -> Vec<Result<Option<String>, Fault>> {
            let (page, all) = (&page, ThingFilter::default());
            vec![
                list_things(&deeds, &realm, &all, page)
                    .await
                    .map(|page| page.next),
                list_things(&deeds, &realm, &by_colour("r"), page)
                    .await
                    .map(|page| page.next),
                list_things(&deeds, &realm, &by_colour("re"), page)
                    .await
                    .map(|page| page.next),
                list_policies(&deeds, &realm, true, page)
                    .await
                    .map(|page| page.next),
                list_policies(&deeds, &realm, false, page)
                    .await
                    .map(|page| page.next),
                list_certificates(&deeds, &realm, true, page)
                    .await
                    .map(|page| page.next),
                list_certificates(&deeds, &realm, false, page)
                    .await
                    .map(|page| page.next),
                list_attached_policies(&deeds, &realm, &targets[0], false, page)
                    .await
                    .map(|page| page.next),
                list_attached_policies(&deeds, &realm, &targets[1], false, page)
                    .await
                    .map(|page| page.next),
                list_thing_principals(&deeds, &realm, &thing_name("a"), page)
                    .await
                    .map(|page| page.next),
                list_thing_principals(&deeds, &realm, &thing_name("b"), page)
                    .await
                    .map(|page| page.next),
                // The same lists of another realm.
                list_things(&deeds, &elsewhere, &all, page)
                    .await
                    .map(|page| page.next),
                list_policies(&deeds, &elsewhere, true, page)
                    .await
                    .map(|page| page.next),
                list_certificates(&deeds, &elsewhere, false, page)
                    .await
                    .map(|page| page.next),
            ]
        };
        let tokens: Vec<_> = lists(first_page(1))
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(tokens.iter().filter(|token| token.is_some()).count(), 11);
        for (own, token) in tokens.iter().enumerate() {
            let Some(token) = token else { continue };
            for (list, answer) in lists(next_page(1, token.clone())).await.iter().enumerate() {
                let expected = (list != own).then_some(Code::InvalidRequest);
                assert_eq!(code(answer), expected, "the token of list {own} in list {list}");
            }
        }
        // Forged ones: every character changed in turn, cut short, made longer, and no token at all.
        let right = tokens[0].clone().unwrap();
        let mut forged: Vec<String> = ["", "A", "====", "€", "bm8gdG9rZW4=", &"A".repeat(4000)]
            .map(Into::into)
            .into();
        forged.extend([
            right[..right.len() - 4].to_owned(),
            format!("{right}AAAA"),
            right[4..].to_owned(),
        ]);
        forged.extend((0..right.trim_end_matches('=').len()).map(|at| {
            let other = if &right[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &right[..at], &right[at + 1..])
        }));
        for token in forged {
            let answer = list_things(
                &deeds,
                &realm,
                &ThingFilter::default(),
                &next_page(1, token.clone()),
            )
            .await;
            assert_eq!(code(&answer), Some(Code::InvalidRequest), "{token}");
        }
    }
}
