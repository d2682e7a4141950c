//! The functions of the language: one table, which says what each takes, and one file per kind.

mod collections;
mod encodings;
mod facts;
mod hashes;
mod numbers;
mod patterns;
mod texts;
mod times;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub(crate) use patterns::Literal;

use crate::evaluate::{Run, Stop};
use crate::syntax::Expr;
use crate::value::Value;

/// A function that calls another service, and so is answered by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum External {
    /// `aws_lambda(functionArn, input)`.
    AwsLambda,
    /// `get_thing_shadow(thingName[, shadowName], roleArn)`.
    GetThingShadow,
    /// `get_registry_data(operation, thingName, roleArn)`.
    GetRegistryData,
    /// `get_dynamodb(table, key, value[, sortKey, sortValue], roleArn)`.
    GetDynamodb,
    /// `get_secret(secretId, secretType[, key], roleArn)`.
    GetSecret,
    /// `machinelearning_predict(modelId, roleArn, record)`.
    MachinelearningPredict,
}

impl External {
    /// The function's name as it is written in a statement.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsLambda => "aws_lambda",
            Self::GetThingShadow => "get_thing_shadow",
            Self::GetRegistryData => "get_registry_data",
            Self::GetDynamodb => "get_dynamodb",
            Self::GetSecret => "get_secret",
            Self::MachinelearningPredict => "machinelearning_predict",
        }
    }
}

impl fmt::Display for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A function as the table has it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// How many arguments it takes.
    arguments: RangeInclusive<usize>,
    /// Whether it came with 2016-03-23.
    pub(crate) is_second: bool,
    pub(crate) body: Body,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    Native(Native),
    External(External),
}

type Native = for<'m> fn(&mut Run<'m>, &Arguments<'_>) -> Result<Value, Stop>;

type TwoTexts = (Arc<str>, Arc<str>);

/// What a function is called with.
pub(crate) struct Arguments<'a> {
    pub(crate) values: &'a [Value],
    /// The second argument of a `regexp_` function, if it is a literal.
    pub(crate) pattern: &'a Literal,
    /// The message's bytes, if the first argument is `*` and means the message.
    pub(crate) message: Option<&'a [u8]>,
}

impl Arguments<'_> {
    /// An argument; one that was not given is Undefined.
    pub(crate) fn value(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Undefined)
    }

    /// An argument as a text, whose bytes are charged.
    pub(crate) fn text(&self, run: &mut Run<'_>, index: usize) -> Result<Option<Arc<str>>, Stop> {
        let value = self.value(index);
        run.charge(value.weight())?;
        let text = value.to_text();
        Run::bound(text.as_ref().map_or(0, |text| text.len()))?;
        Ok(text)
    }

    /// The two first arguments as texts, if both are.
    pub(crate) fn texts(&self, run: &mut Run<'_>) -> Result<Option<TwoTexts>, Stop> {
        Ok(self.text(run, 0)?.zip(self.text(run, 1)?))
    }
}

/// The function of a name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

impl Function {
    pub(crate) fn external(&self) -> Option<External> {
        match self.body {
            Body::External(external) => Some(external),
            Body::Native(_) => None,
        }
    }
}

/// Whether a function can be called with these arguments, as far as that can be told without a message.
pub(crate) fn check(function: &Function, arguments: &[Expr]) -> Result<(), String> {
    let literal = |index: usize| match arguments.get(index) {
        Some(Expr::Literal(value)) => value.as_text(),
        _ => None,
    };
    if function.name == "decode" && literal(1) == Some("proto") {
        return Err("decode does not know Protobuf".to_owned());
    }
    let (name, given) = (function.name, arguments.len());
    let (least, most) = (*function.arguments.start(), *function.arguments.end());
    let is_possible = function.arguments.contains(&given) && !(name == "get_dynamodb" && given == 5);
    if !is_possible {
        let wanted = match (least, most) {
            (least, most) if least == most => format!("{least}"),
            (least, usize::MAX) => format!("at least {least}"),
            _ if name == "get_dynamodb" => "4 or 6".to_owned(),
            (least, most) => format!("{least} to {most}"),
        };
        let noun = if wanted == "1" { "argument" } else { "arguments" };
        return Err(format!("{name} takes {wanted} {noun}, not {given}"));
    }
    match name {
        "encode" | "decode" => match literal(1) {
            Some(scheme) if !scheme.eq_ignore_ascii_case("base64") => Err(format!(
                "{name} knows the scheme \"base64\" alone, not {:?}",
                scheme.chars().take(32).collect::<String>()
            )),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The compiled expression of a `regexp_` function that has a literal one.
pub(crate) fn literal_pattern(function: &Function, arguments: &[Expr]) -> Literal {
    match arguments.get(1) {
        Some(Expr::Literal(value)) if function.name.starts_with("regexp_") => {
            let pattern = value.to_text().and_then(|text| patterns::compile(&text));
            pattern.map_or(Literal::Invalid, Literal::Pattern)
        }
        _ => Literal::Unknown,
    }
}

const fn native(name: &'static str, arguments: RangeInclusive<usize>, body: Native) -> Function {
    Function {
        name,
        arguments,
        is_second: false,
        body: Body::Native(body),
    }
}

/// One that came with 2016-03-23.
const fn second(name: &'static str, arguments: RangeInclusive<usize>, body: Native) -> Function {
    Function {
        name,
        arguments,
        is_second: true,
        body: Body::Native(body),
    }
}

const fn external(
    external: External,
    name: &'static str,
    arguments: RangeInclusive<usize>,
    is_second: bool,
) -> Function {
    Function {
        name,
        arguments,
        is_second,
        body: Body::External(external),
    }
}

static FUNCTIONS: &[Function] = &[
    // Facts of the message.
    native("accountid", 0..=0, facts::accountid),
    native("clientid", 0..=0, facts::clientid),
    second("get_mqtt_property", 1..=1, facts::get_mqtt_property),
    second("get_user_properties", 0..=1, facts::get_user_properties),
    native("newuuid", 0..=0, facts::newuuid),
    native("principal", 0..=0, facts::principal),
    native("rand", 0..=0, facts::rand),
    native("sourceip", 0..=0, facts::sourceip),
    native("sql_version", 0..=0, facts::sql_version),
    native("timestamp", 0..=0, facts::timestamp),
    native("topic", 0..=1, facts::topic),
    native("traceid", 0..=0, facts::traceid),
    // Numbers.
    native("abs", 1..=1, numbers::abs),
    native("acos", 1..=1, numbers::acos),
    native("asin", 1..=1, numbers::asin),
    native("atan", 1..=1, numbers::atan),
    native("atan2", 2..=2, numbers::atan2),
    native("bitand", 2..=2, numbers::bitand),
    native("bitnot", 1..=1, numbers::bitnot),
    native("bitor", 2..=2, numbers::bitor),
    native("bitxor", 2..=2, numbers::bitxor),
    native("ceil", 1..=1, numbers::ceil),
    native("cos", 1..=1, numbers::cos),
    native("cosh", 1..=1, numbers::cosh),
    native("exp", 1..=1, numbers::exp),
    native("floor", 1..=1, numbers::floor),
    native("ln", 1..=1, numbers::ln),
    native("log", 1..=1, numbers::log),
    native("mod", 2..=2, numbers::remainder),
    native("power", 2..=2, numbers::power),
    native("remainder", 2..=2, numbers::remainder),
    native("round", 1..=1, numbers::round),
    native("sign", 1..=1, numbers::sign),
    native("sin", 1..=1, numbers::sin),
    native("sinh", 1..=1, numbers::sinh),
    native("sqrt", 1..=1, numbers::sqrt),
    native("tan", 1..=1, numbers::tan),
    native("tanh", 1..=1, numbers::tanh),
    native("trunc", 2..=2, numbers::trunc),
    // Texts.
    native("chr", 1..=1, texts::chr),
    native("concat", 0..=usize::MAX, texts::concat),
    native("endswith", 2..=2, texts::endswith),
    second("indexof", 2..=2, texts::indexof),
    second("length", 1..=1, texts::length),
    native("lower", 1..=1, texts::lower),
    native("lpad", 2..=2, texts::lpad),
    native("ltrim", 1..=1, texts::ltrim),
    second("numbytes", 1..=1, texts::numbytes),
    native("replace", 3..=3, texts::replace),
    native("rpad", 2..=2, texts::rpad),
    native("rtrim", 1..=1, texts::rtrim),
    native("startswith", 2..=2, texts::startswith),
    native("substring", 2..=3, texts::substring),
    native("trim", 1..=1, texts::trim),
    native("upper", 1..=1, texts::upper),
    native("regexp_matches", 2..=2, patterns::matches),
    native("regexp_replace", 3..=3, patterns::replace),
    native("regexp_substr", 2..=2, patterns::substr),
    // Encodings and hashes.
    second("decode", 2..=2, encodings::decode),
    second("encode", 2..=2, encodings::encode),
    native("md2", 1..=1, hashes::md2),
    native("md5", 1..=1, hashes::md5),
    native("sha1", 1..=1, hashes::sha1),
    native("sha224", 1..=1, hashes::sha224),
    native("sha256", 1..=1, hashes::sha256),
    native("sha384", 1..=1, hashes::sha384),
    native("sha512", 1..=1, hashes::sha512),
    // Times.
    second("parse_time", 2..=3, times::parse_time),
    second("time_to_epoch", 2..=2, times::time_to_epoch),
    // What is there and what is not.
    native("get", 2..=2, collections::get),
    second("get_or_default", 1..=2, collections::get_or_default),
    native("isnull", 1..=1, collections::is_null),
    second("isundefined", 1..=1, collections::is_undefined),
    native("nanvl", 2..=2, collections::nanvl),
    second("transform", 3..=3, collections::transform),
    // Other services.
    external(External::AwsLambda, "aws_lambda", 2..=2, false),
    external(External::GetThingShadow, "get_thing_shadow", 2..=3, true),
    external(External::GetRegistryData, "get_registry_data", 3..=3, true),
    external(External::GetDynamodb, "get_dynamodb", 4..=6, true),
    external(External::GetSecret, "get_secret", 3..=4, true),
    external(
        External::MachinelearningPredict,
        "machinelearning_predict",
        3..=3,
        false,
    ),
];
