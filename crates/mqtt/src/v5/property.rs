//! Properties (2.2.2): what packets may say besides.
//!
//! A packet's reader asks for one property after the other and takes those that its packet may have; the rest it
//! refuses with [`Property::misplaced`]. That none comes twice is seen to here.

use std::num::NonZeroU16;

use bytes::{BufMut, BytesMut};

use crate::string::{Reader, encoded_length, write_binary};
use crate::{Limits, MqttError, UserProperties, frame};

/// The properties, with their numbers (table 2-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Property {
    PayloadFormatIndicator = 1,
    MessageExpiryInterval = 2,
    ContentType = 3,
    ResponseTopic = 8,
    CorrelationData = 9,
    SubscriptionIdentifier = 11,
    SessionExpiryInterval = 17,
    AssignedClientIdentifier = 18,
    ServerKeepAlive = 19,
    AuthenticationMethod = 21,
    AuthenticationData = 22,
    RequestProblemInformation = 23,
    WillDelayInterval = 24,
    RequestResponseInformation = 25,
    ResponseInformation = 26,
    ServerReference = 28,
    ReasonString = 31,
    ReceiveMaximum = 33,
    TopicAliasMaximum = 34,
    TopicAlias = 35,
    MaximumQos = 36,
    RetainAvailable = 37,
    User = 38,
    MaximumPacketSize = 39,
    WildcardSubscriptionAvailable = 40,
    SubscriptionIdentifierAvailable = 41,
    SharedSubscriptionAvailable = 42,
}

impl Property {
    fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::PayloadFormatIndicator,
            2 => Self::MessageExpiryInterval,
            3 => Self::ContentType,
            8 => Self::ResponseTopic,
            9 => Self::CorrelationData,
            11 => Self::SubscriptionIdentifier,
            17 => Self::SessionExpiryInterval,
            18 => Self::AssignedClientIdentifier,
            19 => Self::ServerKeepAlive,
            21 => Self::AuthenticationMethod,
            22 => Self::AuthenticationData,
            23 => Self::RequestProblemInformation,
            24 => Self::WillDelayInterval,
            25 => Self::RequestResponseInformation,
            26 => Self::ResponseInformation,
            28 => Self::ServerReference,
            31 => Self::ReasonString,
            33 => Self::ReceiveMaximum,
            34 => Self::TopicAliasMaximum,
            35 => Self::TopicAlias,
            36 => Self::MaximumQos,
            37 => Self::RetainAvailable,
            38 => Self::User,
            39 => Self::MaximumPacketSize,
            40 => Self::WildcardSubscriptionAvailable,
            41 => Self::SubscriptionIdentifierAvailable,
            42 => Self::SharedSubscriptionAvailable,
            _ => return None,
        })
    }

    /// The error of a packet that may not have the property.
    pub(super) fn misplaced<T>(self) -> Result<T, MqttError> {
        Err(MqttError::PropertyPlace(self as u8))
    }

    /// The error of a value that the property may not have.
    pub(super) fn unfit(self) -> MqttError {
        MqttError::PropertyValue(self as u8)
    }
}

/// A cursor over the properties of one packet. After [`Properties::next`] the value must be taken.
pub(super) struct Properties<'a> {
    reader: Reader<'a>,
    current: Property,
    seen: u64,
    user_bytes: usize,
}

impl<'a> Properties<'a> {
    /// Cuts the properties, with their length before them, from a packet.
    pub(super) fn of(packet: &mut Reader<'a>) -> Result<Self, MqttError> {
        let length = packet.length()?;
        Ok(Self {
            reader: packet.part(length)?,
            current: Property::User,
            seen: 0,
            user_bytes: 0,
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<Property>, MqttError> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        // The identifier is a variable byte integer, but all that exist are shorter than its second byte.
        let number = self.reader.u8()?;
        let property = Property::from_number(number).ok_or(MqttError::PropertyType(number))?;
        let bit = 1 << number;
        if self.seen & bit != 0 && property != Property::User {
            return Err(MqttError::PropertyTwice(number));
        }
        self.seen |= bit;
        self.current = property;
        Ok(Some(property))
    }

    pub(super) fn u16(&mut self) -> Result<u16, MqttError> {
        self.reader.u16()
    }

    pub(super) fn u32(&mut self) -> Result<u32, MqttError> {
        self.reader.u32()
    }

    pub(super) fn length(&mut self) -> Result<usize, MqttError> {
        self.reader.length()
    }

    pub(super) fn flag(&mut self) -> Result<bool, MqttError> {
        match self.reader.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.current.unfit()),
        }
    }

    pub(super) fn positive_u16(&mut self) -> Result<NonZeroU16, MqttError> {
        NonZeroU16::new(self.reader.u16()?).ok_or(self.current.unfit())
    }

    pub(super) fn positive_u32(&mut self) -> Result<u32, MqttError> {
        match self.reader.u32()? {
            0 => Err(self.current.unfit()),
            number => Ok(number),
        }
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8], MqttError> {
        self.reader.binary()
    }

    pub(super) fn string(&mut self) -> Result<String, MqttError> {
        self.reader.string().map(str::to_owned)
    }

    /// Adds a user property, within the limits of all that the packet has.
    pub(super) fn user(&mut self, to: &mut UserProperties, limits: &Limits) -> Result<(), MqttError> {
        let (name, value) = (self.reader.string()?, self.reader.string()?);
        self.user_bytes += name.len() + value.len();
        if self.user_bytes > limits.properties.user_property_bytes {
            return Err(MqttError::TooLong {
                what: "user properties",
                bytes: self.user_bytes,
                maximum: limits.properties.user_property_bytes,
            });
        }
        if to.len() >= limits.properties.user_properties {
            return Err(MqttError::TooManyUserProperties(
                limits.properties.user_properties,
            ));
        }
        to.push((name.to_owned(), value.to_owned()));
        Ok(())
    }
}

/// The properties of a packet to be written.
#[derive(Default)]
pub(super) struct PropertyWriter {
    bytes: BytesMut,
}

impl PropertyWriter {
    pub(super) fn flag(&mut self, property: Property, value: bool) {
        self.u8(property, u8::from(value));
    }

    pub(super) fn u8(&mut self, property: Property, value: u8) {
        self.bytes.put_slice(&[property as u8, value]);
    }

    pub(super) fn u16(&mut self, property: Property, value: u16) {
        self.bytes.put_u8(property as u8);
        self.bytes.put_u16(value);
    }

    pub(super) fn u32(&mut self, property: Property, value: u32) {
        self.bytes.put_u8(property as u8);
        self.bytes.put_u32(value);
    }

    pub(super) fn length(&mut self, property: Property, value: usize) -> Result<(), MqttError> {
        if value > frame::LONGEST {
            return Err(property.unfit());
        }
        self.bytes.put_u8(property as u8);
        frame::write_length(value, &mut self.bytes);
        Ok(())
    }

    pub(super) fn binary(&mut self, property: Property, value: &[u8]) -> Result<(), MqttError> {
        encoded_length("a property", value)?;
        self.bytes.put_u8(property as u8);
        write_binary(value, &mut self.bytes);
        Ok(())
    }

    pub(super) fn string(&mut self, property: Property, value: &str) -> Result<(), MqttError> {
        self.binary(property, value.as_bytes())
    }

    pub(super) fn user(&mut self, properties: &UserProperties) -> Result<(), MqttError> {
        for (name, value) in properties {
            encoded_length("a user property", value.as_bytes())?;
            self.string(Property::User, name)?;
            write_binary(value.as_bytes(), &mut self.bytes);
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes that [`PropertyWriter::write`] will add.
    pub(super) fn encoded_length(&self) -> Result<usize, MqttError> {
        if self.bytes.len() > frame::LONGEST {
            return Err(MqttError::PacketTooLong {
                bytes: self.bytes.len(),
                maximum: frame::LONGEST,
            });
        }
        Ok(frame::length_bytes(self.bytes.len()) + self.bytes.len())
    }

    pub(super) fn write(&self, to: &mut BytesMut) {
        frame::write_length(self.bytes.len(), to);
        to.put_slice(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_found_by_its_number() {
        let known: Vec<u8> = (0..=255)
            .filter(|number| Property::from_number(*number).is_some_and(|found| found as u8 == *number))
            .collect();
        assert_eq!(known.len(), 27);
        assert!(
            known.iter().all(|number| *number < 64),
            "the set of those seen has room"
        );
    }

    #[test]
    fn properties_come_once_and_end_with_their_length() {
        let all = |bytes: &[u8]| {
            let mut packet = Reader::new(bytes);
            let mut properties = Properties::of(&mut packet)?;
            let mut numbers = Vec::new();
            while let Some(property) = properties.next()? {
                numbers.push((property, properties.u16()?));
            }
            Ok((numbers, packet.remaining()))
        };
        let maximum = (Property::ReceiveMaximum, 5);
        assert_eq!(all(b"\x00rest"), Ok((vec![], 4)));
        assert_eq!(all(b"\x03\x21\x00\x05rest"), Ok((vec![maximum], 4)));
        assert_eq!(
            all(b"\x06\x21\x00\x05\x21\x00\x05"),
            Err(MqttError::PropertyTwice(33))
        );
        assert_eq!(all(b"\x02\x21\x00\x05"), Err(MqttError::Truncated));
        assert_eq!(all(b"\x04\x21\x00\x05"), Err(MqttError::Truncated));
        assert_eq!(all(b"\x80\x00"), Err(MqttError::LongLength));
        assert_eq!(all(b"\x03\x04\x00\x05"), Err(MqttError::PropertyType(4)));
        assert_eq!(all(b"\x03\xa1\x00\x05"), Err(MqttError::PropertyType(0xa1)));
    }

    #[test]
    fn user_properties_are_bounded_together() {
        let read = |sizes: &[usize]| {
            let properties: UserProperties = sizes
                .iter()
                .map(|size| ("n".repeat(*size), String::new()))
                .collect();
            let mut writer = PropertyWriter::default();
            writer.user(&properties).unwrap();
            let mut bytes = BytesMut::new();
            writer.write(&mut bytes);
            let (mut packet, mut back) = (Reader::new(&bytes), UserProperties::new());
            let mut cursor = Properties::of(&mut packet)?;
            while cursor.next()?.is_some() {
                cursor.user(&mut back, &Limits::default())?;
            }
            assert_eq!(back, properties);
            Ok(())
        };
        assert_eq!(read(&[4_096, 4_096]), Ok(()));
        assert!(matches!(read(&[4_096, 4_097]), Err(MqttError::TooLong { .. })));
        assert_eq!(read(&[0; 512]), Ok(()));
        assert_eq!(read(&[0; 513]), Err(MqttError::TooManyUserProperties(512)));
    }
}
