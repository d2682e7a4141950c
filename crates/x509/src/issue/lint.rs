//! The check of what is about to be signed.

use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::certificate::TbsCertificate as Parsed;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::x509::X509Version;

use super::Profile;
use crate::{CertificateError, Name, PublicKey, key_id};

/// Reads the bytes about to be signed with a reader that did not write them, and checks that they say what `profile`
/// says, for this subject and this key, and nothing else. The issuer calls this on the very bytes it then signs.
///
/// # Errors
/// [`CertificateError::Lint`] names the first difference.
pub fn lint(
    to_be_signed: &[u8],
    profile: &Profile<'_>,
    subject: &Name,
    public_key: &PublicKey,
) -> Result<(), CertificateError> {
    let must = |holds: bool, what: &'static str| {
        if holds {
            Ok(())
        } else {
            Err(CertificateError::Lint(what))
        }
    };
    let (rest, parsed) =
        Parsed::from_der(to_be_signed).map_err(|_| CertificateError::Lint("it cannot be read"))?;
    must(
        rest.is_empty() && parsed.as_ref() == to_be_signed,
        "something follows it",
    )?;
    must(parsed.version == X509Version::V3, "the version is not 3")?;
    let serial = parsed.raw_serial();
    must(serial == profile.serial_number(), "the serial number is another")?;
    // RFC 5280 4.1.2.2: positive, at most 20 bytes; ours has exactly as many.
    must(
        serial.len() == 20 && (0x40..0x80).contains(&serial[0]),
        "the serial number is not 20 bytes",
    )?;
    let algorithm = (
        parsed.signature.algorithm.as_bytes(),
        parsed.signature.parameters.as_ref().map(Any::as_bytes),
    );
    must(
        algorithm == profile.algorithm.parts(),
        "the signature algorithm is another",
    )?;
    must(
        parsed.issuer.as_raw() == profile.issuer.der(),
        "the issuer is another",
    )?;
    must(parsed.subject.as_raw() == subject.der(), "the subject is another")?;
    must(!subject.is_empty(), "the subject is empty")?;
    must(
        parsed.subject_pki.raw == public_key.der(),
        "the public key is another",
    )?;
    let times = [
        parsed.validity.not_before.timestamp(),
        parsed.validity.not_after.timestamp(),
    ];
    let expected = [profile.not_before.as_seconds(), profile.not_after.as_seconds()];
    must(times == expected, "the validity is another")?;
    must(
        parsed.issuer_uid.is_none() && parsed.subject_uid.is_none(),
        "it has a unique identifier",
    )?;
    extensions(parsed.extensions(), profile, public_key)?;
    // The reader does not look at every bit of a tag, and takes any true for DER's. So the encoding is compared too.
    must(
        profile.build()?.to_be_signed() == to_be_signed,
        "it is encoded otherwise",
    )
}

fn extensions(
    extensions: &[X509Extension<'_>],
    profile: &Profile<'_>,
    public_key: &PublicKey,
) -> Result<(), CertificateError> {
    let [authority, subject, constraints, usage] = extensions else {
        return Err(CertificateError::Lint("it has not the four extensions"));
    };
    let authority = match authority.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            let only = id.authority_cert_issuer.is_none() && id.authority_cert_serial.is_none();
            let same = id
                .key_identifier
                .as_ref()
                .is_some_and(|id| id.0 == profile.authority_key_id);
            only && same && !authority.critical
        }
        _ => false,
    };
    let subject = match subject.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => id.0 == key_id(public_key) && !subject.critical,
        _ => false,
    };
    let end_entity = match constraints.parsed_extension() {
        ParsedExtension::BasicConstraints(basic) => {
            !basic.ca && basic.path_len_constraint.is_none() && constraints.critical
        }
        _ => false,
    };
    let digital_signature = match usage.parsed_extension() {
        // Bit 0, digitalSignature, and no other.
        ParsedExtension::KeyUsage(bits) => bits.flags == 1 && usage.critical,
        _ => false,
    };
    for (holds, what) in [
        (authority, "the authority key identifier is another"),
        (subject, "the subject key identifier is another"),
        (end_entity, "it is not critically CA:FALSE"),
        (
            digital_signature,
            "it is not critically for digital signatures only",
        ),
    ] {
        if !holds {
            return Err(CertificateError::Lint(what));
        }
    }
    Ok(())
}
