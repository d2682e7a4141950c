//! Operations on users.

mod create_user;
mod delete_user;
mod get_user;
mod list_users;

use serde::Serialize;
use thingsmith_core::users;

pub use create_user::CreateUser;
pub use delete_user::DeleteUser;
pub use get_user::GetUser;
pub use list_users::ListUsers;

use crate::Context;
use thingsmith_core::iso8601;

/// AWS's `User`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    user_id: String,
    arn: String,
    create_date: String,
}

impl User {
    fn new(cx: &Context<'_>, user: users::User) -> Self {
        Self {
            arn: user.arn(&cx.caller.account).to_string(),
            path: user.path,
            user_name: Some(user.name),
            user_id: user.id,
            create_date: iso8601(user.created_at),
        }
    }

    /// The root of the caller's account, which is no user and has no date: AWS tells that of the account.
    fn root(cx: &Context<'_>) -> Self {
        Self {
            path: "/".into(),
            user_name: None,
            user_id: cx.caller.user_id.clone(),
            arn: cx.caller.arn.clone(),
            create_date: iso8601(thingsmith_model::Timestamp::from_millis(0)),
        }
    }
}
