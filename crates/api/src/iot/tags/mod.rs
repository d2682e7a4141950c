//! Operations on tags, and the tags that other operations take.

mod list_tags_for_resource;
mod tag_resource;
mod untag_resource;

use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::tags::{self, Tags};
use thingsmith_model::Arn;

pub use list_tags_for_resource::ListTagsForResource;
pub use tag_resource::TagResource;
pub use untag_resource::UntagResource;

/// AWS's `Tag`, whose members are written with capital letters.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    key: String,
    // A tag without a value has an empty one.
    #[serde(default)]
    value: Option<String>,
}

/// Checks the member `tags`.
///
/// # Errors
/// `InvalidRequestException` for a key that is AWS's own or given twice, and for more tags than a resource may have.
pub(crate) fn checked(given: Option<Vec<Tag>>) -> Result<Tags, Fault> {
    let pairs = given.unwrap_or_default().into_iter();
    tags::checked("tags", pairs.map(|tag| (tag.key, tag.value.unwrap_or_default())))
}

/// Reads the member `resourceArn`.
fn resource(text: &str) -> Result<Arn, Fault> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(256).collect();
        Fault::invalid(format!(
            "resourceArn {shown} is not the ARN of a resource of AWS IoT."
        ))
    })
}

/// The resource as a policy would name it: an ARN in its one form; anything else as it is.
fn named(text: &str) -> Vec<String> {
    vec![
        text.parse()
            .map_or_else(|_| text.to_owned(), |arn: Arn| arn.to_string()),
    ]
}
