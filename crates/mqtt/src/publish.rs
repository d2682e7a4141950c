//! What PUBLISH is in both versions (MQTT 3.1.1 and 5, 3.3).

use bytes::Bytes;

use crate::string::Reader;
use crate::{Limits, MqttError, Publish, PublishQos, Qos, payload};

const RETAIN: u8 = 0b0001;
const QOS_SHIFT: u8 = 1;
const DUPLICATE: u8 = 0b1000;

/// What stands before the payload, and before MQTT 5's properties. The topic is not checked yet.
pub(crate) struct Start<'a> {
    pub(crate) topic: &'a [u8],
    pub(crate) qos: PublishQos,
    pub(crate) duplicate: bool,
    pub(crate) retain: bool,
}

impl<'a> Start<'a> {
    /// Reads the flags of the fixed header and the beginning of the body.
    ///
    /// # Errors
    /// The first rule that they break.
    pub(crate) fn read(flags: u8, body: &mut Reader<'a>) -> Result<Self, MqttError> {
        let qos = Qos::from_bits(flags >> QOS_SHIFT & 0b11)?;
        let duplicate = flags & DUPLICATE != 0;
        if duplicate && qos == Qos::AtMostOnce {
            return Err(MqttError::DuplicateQos0);
        }
        Ok(Self {
            topic: body.binary()?,
            qos: match qos {
                Qos::AtMostOnce => PublishQos::AtMostOnce,
                Qos::AtLeastOnce => PublishQos::AtLeastOnce(body.packet_id()?),
                Qos::ExactlyOnce => PublishQos::ExactlyOnce(body.packet_id()?),
            },
            duplicate,
            retain: flags & RETAIN != 0,
        })
    }
}

/// Reads the payload, which is all that is left of the body.
///
/// # Errors
/// When it is longer than the limits allow.
pub(crate) fn read_payload(body: Reader<'_>, limits: &Limits) -> Result<Bytes, MqttError> {
    let payload = body.rest();
    if payload.len() > limits.payload_bytes {
        return Err(MqttError::TooLong {
            what: "a payload",
            bytes: payload.len(),
            maximum: limits.payload_bytes,
        });
    }
    Ok(payload::copied(payload))
}

/// The flags of the fixed header.
pub(crate) fn flags(publish: &Publish) -> u8 {
    let mut flags = (publish.qos.level() as u8) << QOS_SHIFT;
    if publish.message.retain {
        flags |= RETAIN;
    }
    if publish.duplicate {
        flags |= DUPLICATE;
    }
    flags
}
