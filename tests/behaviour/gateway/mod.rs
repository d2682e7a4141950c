//! The device gateway, through its front door.

mod admission;
mod changes;
mod connect_policies;
mod domains;
mod events;
mod group_policies;
mod hostile;
mod https;
mod lab;
mod live;
mod messages;
mod mqtt5;
mod propagation;
mod refusals;
mod retained;
mod rules;
mod rules_actions;
mod sessions;
mod sessions_persistent;
mod slow;
mod whole;
mod wills;
mod wire;
