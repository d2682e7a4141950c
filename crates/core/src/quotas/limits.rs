//! AWS's numbers.

/// What an account may do so often in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quota {
    /// CONNECT of all its clients.
    Connect,
    /// Messages that come in.
    PublishIn,
    /// Messages that go out to clients.
    PublishOut,
    /// SUBSCRIBE of all its clients.
    Subscribe,
    /// Messages that begin to wait for sessions whose clients are away.
    Queue,
    /// Messages to be retained.
    RetainedPublish,
    /// `iot-data` GetRetainedMessage.
    GetRetainedMessage,
    /// `iot-data` ListRetainedMessages.
    ListRetainedMessages,
    /// `iot-data` DeleteConnection.
    DeleteConnection,
    /// `iot-data` GetConnection.
    GetConnection,
    /// `iot-data` ListSubscriptions.
    ListSubscriptions,
    /// `iot-data` SendDirectMessage.
    SendDirectMessage,
}

impl Quota {
    /// Every quota.
    pub const ALL: [Self; 12] = [
        Self::Connect,
        Self::PublishIn,
        Self::PublishOut,
        Self::Subscribe,
        Self::Queue,
        Self::RetainedPublish,
        Self::GetRetainedMessage,
        Self::ListRetainedMessages,
        Self::DeleteConnection,
        Self::GetConnection,
        Self::ListSubscriptions,
        Self::SendDirectMessage,
    ];

    /// AWS's default in its large Regions.
    fn of_aws(self) -> u32 {
        match self {
            Self::PublishIn | Self::PublishOut | Self::SendDirectMessage => 20_000,
            Self::Connect | Self::Subscribe => 3_000,
            Self::Queue | Self::RetainedPublish | Self::GetRetainedMessage => 500,
            Self::DeleteConnection | Self::GetConnection | Self::ListSubscriptions => 100,
            Self::ListRetainedMessages => 10,
        }
    }
}

/// Most retained messages of an account in a region (AWS's quota "Number of retained messages per account").
pub(crate) const RETAINED: i64 = 500_000;

/// What an account is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub(super) per_second: [u32; Quota::ALL.len()],
    /// Connections at once.
    pub connections: usize,
    /// Subscriptions at once, those of sessions whose clients are away included.
    pub subscriptions: usize,
    /// Retained messages at once. Where nobody is held to these limits, as many as here may be all the same.
    pub retained: i64,
    /// Shared subscriptions (pairs of a share name and a filter) at once.
    pub shared_groups: usize,
    /// Members of one of them at once.
    pub members_per_group: usize,
    /// SUBSCRIBE and UNSUBSCRIBE of the members of one of them in a second.
    pub changes_per_group: u32,
    /// CONNECT of one client id in a second.
    pub connects_per_client: u32,
    /// DeleteConnection of one client id in a second.
    pub deletions_per_client: u32,
    /// Messages to be retained on one topic in a second.
    pub retained_publishes_per_topic: u32,
    /// Messages that waited for a session and are sent to its client in a second once it is back (guide, "MQTT persistent
    /// sessions"), besides those that come in meanwhile.
    pub resumed_per_second: u32,
}

impl Limits {
    /// AWS's defaults in its large Regions.
    pub fn aws() -> Self {
        Self {
            per_second: Quota::ALL.map(Quota::of_aws),
            connections: 500_000,
            subscriptions: 500_000,
            retained: RETAINED,
            shared_groups: 100,
            members_per_group: 100,
            changes_per_group: 100,
            connects_per_client: 1,
            deletions_per_client: 1,
            retained_publishes_per_topic: 1,
            resumed_per_second: 10,
        }
    }

    /// The same with another number for one quota.
    pub fn with(mut self, quota: Quota, per_second: u32) -> Self {
        self.per_second[quota as usize] = per_second;
        self
    }

    /// How often something may be done in a second.
    pub fn per_second(&self, quota: Quota) -> u32 {
        self.per_second[quota as usize]
    }
}
