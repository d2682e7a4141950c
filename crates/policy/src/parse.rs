//! From JSON text to a document, strictly: an unknown element, operator or word is an error, never ignored
//! (IAM guide, "Grammar of the IAM JSON policy language").

use std::collections::BTreeSet;

use crate::compare::Test;
use crate::condition::{Check, Condition, Operator};
use crate::elements::{Members, entries, scalars, string, strings};
use crate::error::PolicyError;
use crate::json::Json;
use crate::pattern::{Pattern, Syntax};
use crate::variables::Key;

/// The two kinds of policy. They share the grammar and differ in limits and in what strings may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// An AWS IoT policy, as attached to certificates and groups of things.
    Iot,
    /// An identity policy of IAM, as of access keys and roles.
    Iam,
}

/// What a matching statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows, where nothing denies.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// A policy document, parsed and compiled. It never changes, so that threads may share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    language: Language,
    pub(crate) statements: Box<[Statement]>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) actions: Patterns,
    pub(crate) resources: Patterns,
    pub(crate) conditions: Box<[Condition]>,
}

/// The patterns of `Action` or `NotAction`, of `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Patterns {
    pub(crate) negated: bool,
    pub(crate) patterns: Box<[Pattern]>,
}

/// What AWS's API takes of a policy document, times the bytes that a character can have.
const MOST_BYTES: usize = 404_600 * 4;

impl Language {
    /// Most characters of a document, white space not counted anywhere (AWS IoT quotas; IAM's largest, that of a
    /// role's inline policies).
    pub const fn most_characters(self) -> usize {
        match self {
            Self::Iot => 2048,
            Self::Iam => 10_240,
        }
    }
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Says what is wrong with the first element that breaks the grammar, and where it stands.
    pub fn parse(text: &str, language: Language) -> Result<Self, PolicyError> {
        let (mut members, reader) = members_of(text, language, language.most_characters())?;
        let statements = match members.require("Statement")? {
            (place, Json::Array(items)) if items.is_empty() => return Err(PolicyError::Empty { place }),
            (place, Json::Array(items)) => {
                let numbered = items.into_iter().enumerate();
                numbered
                    .map(|(at, item)| reader.statement(item, &format!("{place}[{at}]")))
                    .collect()
            }
            (place, item) => reader.statement(item, &place).map(|statement| vec![statement]),
        }?;
        if language == Language::Iam {
            check_unique(statements.iter().map(|statement| statement.sid.as_deref()))?;
        }
        Ok(Self {
            language,
            statements: statements.into(),
        })
    }

    /// The kind of policy that this is.
    pub fn language(&self) -> Language {
        self.language
    }
}

/// The members of a whole document, and what its elements are read with.
pub(crate) fn members_of(
    text: &str,
    language: Language,
    limit: usize,
) -> Result<(Members<'static>, Reader), PolicyError> {
    if text.len() > MOST_BYTES {
        return Err(PolicyError::TooLong {
            length: text.len() / 4,
            limit,
        });
    }
    let length = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .count();
    if length > limit {
        return Err(PolicyError::TooLong { length, limit });
    }
    let json = serde_json::from_str(text).map_err(|error| PolicyError::Json {
        line: error.line(),
        column: error.column(),
    })?;
    let mut members = Members::new(json, "", &["Version", "Id", "Statement"])?;
    let has_variables = match members.take("Version") {
        None => false,
        Some((place, version)) => match &*string(version, &place)? {
            "2012-10-17" => true,
            // IAM guide, "Version": a variable is plain text in documents of this version, and of none.
            "2008-10-17" => false,
            other => return Err(PolicyError::value(&place, other, "2012-10-17 or 2008-10-17")),
        },
    };
    if let Some((place, id)) = members.take("Id") {
        string(id, &place)?;
    }
    let reader = Reader {
        language,
        has_variables,
    };
    Ok((members, reader))
}

/// What reading an element needs to know of the document.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    language: Language,
    has_variables: bool,
}

impl Reader {
    fn statement(self, json: Json, place: &str) -> Result<Statement, PolicyError> {
        const KNOWN: [&str; 7] = [
            "Sid",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let mut members = Members::new(json, place, &KNOWN)?;
        let (sid, effect) = self.sid_and_effect(&mut members)?;
        let actions = self.actions(&mut members)?;
        let resources = self.patterns(&mut members, "Resource", "NotResource", Self::resource)?;
        let conditions = self.conditions_of(&mut members)?;
        Ok(Statement {
            sid,
            effect,
            actions,
            resources,
            conditions: conditions.into(),
        })
    }

    /// Reads a statement's id and effect.
    pub(crate) fn sid_and_effect(
        self,
        members: &mut Members<'_>,
    ) -> Result<(Option<Box<str>>, Effect), PolicyError> {
        let sid = match members.take("Sid") {
            None => None,
            Some((place, sid)) => {
                let sid = string(sid, &place)?;
                if self.language == Language::Iam && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    return Err(PolicyError::value(&place, &sid, "letters and digits"));
                }
                Some(sid.into())
            }
        };
        let (place, effect) = members.require("Effect")?;
        let effect = match &*string(effect, &place)? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            other => return Err(PolicyError::value(&place, other, "Allow or Deny")),
        };
        Ok((sid, effect))
    }

    /// Reads a statement's actions.
    pub(crate) fn actions(self, members: &mut Members<'_>) -> Result<Patterns, PolicyError> {
        self.patterns(members, "Action", "NotAction", Self::action)
    }

    /// Reads a statement's conditions, of which there may be none.
    pub(crate) fn conditions_of(self, members: &mut Members<'_>) -> Result<Vec<Condition>, PolicyError> {
        match members.take("Condition") {
            None => Ok(Vec::new()),
            Some((place, json)) => self.conditions(json, &place),
        }
    }

    /// Reads the element or its negation: one of them must be there, and not both.
    fn patterns(
        self,
        members: &mut Members<'_>,
        name: &str,
        negated_name: &str,
        read: impl Fn(Self, &str, &str) -> Result<Pattern, PolicyError>,
    ) -> Result<Patterns, PolicyError> {
        let (negated, (place, json)) = match (members.take(name), members.take(negated_name)) {
            (Some(found), None) => (false, found),
            (None, Some(found)) => (true, found),
            (Some((place, _)), Some(_)) => return Err(PolicyError::Contradiction { place }),
            (None, None) => {
                return Err(PolicyError::Missing {
                    place: members.place_of(name),
                });
            }
        };
        let texts = strings(json, &place)?;
        if texts.is_empty() {
            return Err(PolicyError::Empty { place });
        }
        let patterns = texts
            .iter()
            .map(|(place, text)| read(self, text, place))
            .collect::<Result<_, _>>()?;
        Ok(Patterns { negated, patterns })
    }

    /// Reads `*` or `service:name`, each with wildcards. Whether AWS has such an action is not asked: policies
    /// name actions of services that this server does not offer.
    fn action(self, text: &str, place: &str) -> Result<Pattern, PolicyError> {
        let is_word = |word: &str| {
            let mut bytes = word.bytes();
            !word.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_*?".contains(&byte))
        };
        if text != "*"
            && !text
                .split_once(':')
                .is_some_and(|(service, name)| is_word(service) && is_word(name))
        {
            return Err(PolicyError::value(
                place,
                text,
                "* or an action such as iot:Connect",
            ));
        }
        compile(
            text,
            place,
            Syntax {
                wildcards: true,
                ..Syntax::default()
            },
        )
    }

    fn resource(self, text: &str, place: &str) -> Result<Pattern, PolicyError> {
        if text.is_empty() {
            return Err(PolicyError::Empty {
                place: place.to_owned(),
            });
        }
        // IAM refuses anything else on saving; of AWS IoT that is not known.
        if self.language == Language::Iam && !text.starts_with('*') && !text.starts_with("arn:") {
            return Err(PolicyError::value(place, text, "* or an ARN"));
        }
        compile(
            text,
            place,
            Syntax {
                wildcards: true,
                ..self.syntax()
            },
        )
    }

    fn conditions(self, json: Json, place: &str) -> Result<Vec<Condition>, PolicyError> {
        let mut conditions = Vec::new();
        for (place, name, json) in entries(json, place)? {
            let operator = Operator::parse(&name)
                .ok_or_else(|| PolicyError::value(&place, &name, "a condition operator"))?;
            for (place, name, json) in entries(json, &place)? {
                // IAM guide, "Condition": the name of a key begins with that of a service and a colon.
                if !name.contains(':') {
                    return Err(PolicyError::value(&place, &name, "a key such as iot:ClientId"));
                }
                let key = Key::new(&name);
                let texts = scalars(json, &place)?;
                let check = self.check(operator, &key, &texts)?;
                conditions.push(Condition { key, check });
            }
        }
        Ok(conditions)
    }

    fn check(self, operator: Operator, key: &Key, texts: &[(String, String)]) -> Result<Check, PolicyError> {
        match operator {
            Operator::Null => {
                let word = |(place, text): &(String, String)| match text {
                    text if text.eq_ignore_ascii_case("true") => Ok(true),
                    text if text.eq_ignore_ascii_case("false") => Ok(false),
                    text => Err(PolicyError::value(place, text, "true or false")),
                };
                Ok(Check::Null(texts.iter().map(word).collect::<Result<_, _>>()?))
            }
            Operator::Compare(operator) => {
                let backslashes = self.language == Language::Iot && key.is_certificate_name();
                let syntax = Syntax {
                    backslashes,
                    ..self.syntax()
                };
                let test =
                    |(place, text): &(String, String)| Test::parse(operator.comparison, text, syntax, place);
                Ok(Check::Compare {
                    operator,
                    tests: texts.iter().map(test).collect::<Result<_, _>>()?,
                })
            }
        }
    }

    fn syntax(self) -> Syntax {
        Syntax {
            variables: self.has_variables,
            defaults: self.language == Language::Iam,
            ..Syntax::default()
        }
    }
}

fn compile(text: &str, place: &str, syntax: Syntax) -> Result<Pattern, PolicyError> {
    Pattern::compile(text, syntax).map_err(|problem| PolicyError::Variable {
        place: place.to_owned(),
        problem,
    })
}

/// IAM asks that the ids of statements differ within a document.
pub(crate) fn check_unique<'s>(sids: impl Iterator<Item = Option<&'s str>>) -> Result<(), PolicyError> {
    let mut seen = BTreeSet::new();
    for (at, sid) in sids.enumerate() {
        if let Some(sid) = sid
            && !sid.is_empty()
            && !seen.insert(sid)
        {
            return Err(PolicyError::Duplicate {
                place: format!("Statement[{at}].Sid"),
            });
        }
    }
    Ok(())
}
