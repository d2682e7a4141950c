//! `CreateBucket`.

use thingsmith_core::objects;
use thingsmith_ports::ObjectError;

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Element;

/// Makes a bucket in the caller's account and region. Its name is taken for all accounts.
pub(in crate::s3) async fn call(cx: &Cx<'_>, document: &[u8]) -> Result<S3Reply, S3Error> {
    let bucket = cx.bucket();
    objects::check_bucket(bucket).map_err(|why| {
        S3Error::new(
            "InvalidBucketName",
            400,
            format!("The specified bucket is not valid. {why}"),
        )
    })?;
    if !document.is_empty() {
        let configuration = Element::read(document)?;
        if configuration.name != "CreateBucketConfiguration" {
            return Err(S3Error::malformed());
        }
        if let Some(other) = configuration
            .inside
            .iter()
            .find(|inside| inside.name != "LocationConstraint")
        {
            return Err(S3Error::not_implemented(&other.name));
        }
        let location = configuration
            .text_of("LocationConstraint")
            .unwrap_or_default()
            .trim();
        let here = cx.region.as_str();
        if !(location.is_empty() || location == here || location == "EU" && here == "eu-west-1") {
            return Err(S3Error::new(
                "IllegalLocationConstraintException",
                400,
                format!(
                    "The location constraint is incompatible for the region specific endpoint this request was sent to: {here}."
                ),
            ));
        }
    }
    let owner = cx.owner();
    // In us-east-1 alone, where S3 began, making it again is no error.
    if cx.region.as_str() != "us-east-1" {
        let listed = cx.objects().list(&owner, bucket, "", "", 0).await;
        if listed != Err(ObjectError::NoSuchBucket) {
            listed?;
            return Err(S3Error::new(
                "BucketAlreadyOwnedByYou",
                409,
                "Your previous request to create the named bucket succeeded and you already own it.",
            ));
        }
    }
    cx.objects().create_bucket(&owner, bucket).await?;
    Ok(S3Reply::empty(200).with("location", format!("/{bucket}")))
}
