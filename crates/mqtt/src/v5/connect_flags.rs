//! The connect flags (3.1.2.3). Unlike MQTT 3.1.1, a password may come without a user name.

use crate::MqttError;

const RESERVED: u8 = 0b0000_0001;
pub(super) const CLEAN_START: u8 = 0b0000_0010;
pub(super) const WILL: u8 = 0b0000_0100;
pub(super) const WILL_QOS_SHIFT: u8 = 3;
pub(super) const WILL_RETAIN: u8 = 0b0010_0000;
pub(super) const PASSWORD: u8 = 0b0100_0000;
pub(super) const USER_NAME: u8 = 0b1000_0000;

pub(super) fn check(flags: u8) -> Result<(), MqttError> {
    let will_is_absent_but_described =
        flags & WILL == 0 && (will_qos(flags) != 0 || flags & WILL_RETAIN != 0);
    match flags & RESERVED != 0 || will_qos(flags) == 3 || will_is_absent_but_described {
        true => Err(MqttError::ConnectFlags(flags)),
        false => Ok(()),
    }
}

pub(super) fn will_qos(flags: u8) -> u8 {
    flags >> WILL_QOS_SHIFT & 0b11
}
