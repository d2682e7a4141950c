//! The operations of S3: which one a request means, and what is checked before any.

use hyper::Method;

use super::asked::Asked;
use super::body::Body;
use super::context::Cx;
use super::error::S3Error;
use super::reply::S3Reply;
use super::{buckets, objects, uploads};

macro_rules! kinds {
    ($($kind:ident $action:literal,)*) => {
        /// The operations.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Kind { $($kind,)* }

        impl Kind {
            /// S3's name of the operation.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind),)* }
            }

            /// The action that a caller must be allowed (service authorization reference, "Actions defined by Amazon S3").
            pub(super) fn action(self) -> &'static str {
                match self { $(Self::$kind => $action,)* }
            }
        }
    };
}

kinds! {
    ListBuckets "s3:ListAllMyBuckets",
    CreateBucket "s3:CreateBucket",
    HeadBucket "s3:ListBucket",
    GetBucketLocation "s3:GetBucketLocation",
    DeleteBucket "s3:DeleteBucket",
    ListObjects "s3:ListBucket",
    ListObjectsV2 "s3:ListBucket",
    PutObject "s3:PutObject",
    CopyObject "s3:PutObject",
    GetObject "s3:GetObject",
    GetObjectTagging "s3:GetObjectTagging",
    HeadObject "s3:GetObject",
    DeleteObject "s3:DeleteObject",
    DeleteObjects "s3:DeleteObject",
    CreateMultipartUpload "s3:PutObject",
    UploadPart "s3:PutObject",
    UploadPartCopy "s3:PutObject",
    CompleteMultipartUpload "s3:PutObject",
    AbortMultipartUpload "s3:AbortMultipartUpload",
    ListParts "s3:ListMultipartUploadParts",
    ListMultipartUploads "s3:ListBucketMultipartUploads",
}

/// Parameters that ask for another operation, which is not here.
const OTHERS: [&str; 31] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Headers that ask for what is not done. What they ask for would matter to whoever sends them.
const HEADERS: [&str; 20] = [
    "x-amz-bucket-object-lock-enabled",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-mfa",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
];

impl Kind {
    /// The operation that a request means.
    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, S3Error> {
        let has = |name| asked.parameter(name).is_some();
        let (method, bucket, key) = (&asked.head.method, asked.bucket.is_some(), asked.key.is_some());
        let part = has("uploadId") && has("partNumber");
        let tags = has("tagging") && *method == Method::GET && key;
        let copies = asked.head.headers.contains_key("x-amz-copy-source");
        let mut others = asked.parameter_names().filter(|name| OTHERS.contains(name));
        let answered = |name: &str| match name {
            "partNumber" => part,
            "tagging" => tags,
            _ => false,
        };
        if let Some(other) = others.find(|name| !answered(name)) {
            return Err(S3Error::not_implemented(other));
        }
        let kind = match (method, bucket, key) {
            (&Method::GET, false, _) => Self::ListBuckets,
            (&Method::PUT, true, false) => Self::CreateBucket,
            (&Method::HEAD, true, false) => Self::HeadBucket,
            (&Method::DELETE, true, false) => Self::DeleteBucket,
            (&Method::GET, true, false) if has("location") => Self::GetBucketLocation,
            (&Method::GET, true, false) if has("uploads") => Self::ListMultipartUploads,
            (&Method::GET, true, false) if asked.parameter("list-type") == Some("2") => Self::ListObjectsV2,
            (&Method::GET, true, false) => Self::ListObjects,
            (&Method::POST, true, false) if has("delete") => Self::DeleteObjects,
            (&Method::PUT, true, true) if part && copies => Self::UploadPartCopy,
            (&Method::PUT, true, true) if part => Self::UploadPart,
            (&Method::PUT, true, true) if copies => Self::CopyObject,
            (&Method::PUT, true, true) => Self::PutObject,
            (&Method::GET, true, true) if has("uploadId") => Self::ListParts,
            (&Method::GET, true, true) if tags => Self::GetObjectTagging,
            (&Method::GET, true, true) => Self::GetObject,
            (&Method::HEAD, true, true) => Self::HeadObject,
            (&Method::DELETE, true, true) if has("uploadId") => Self::AbortMultipartUpload,
            (&Method::DELETE, true, true) => Self::DeleteObject,
            (&Method::POST, true, true) if has("uploads") => Self::CreateMultipartUpload,
            (&Method::POST, true, true) if has("uploadId") => Self::CompleteMultipartUpload,
            _ => {
                return Err(S3Error::new(
                    "MethodNotAllowed",
                    405,
                    "The specified method is not allowed against this resource.",
                ));
            }
        };
        Ok(kind)
    }

    /// Checks what is said in names and headers, before anything is decided.
    pub(super) fn check(self, cx: &Cx<'_>) -> Result<(), S3Error> {
        let asked = cx.asked;
        if let Some(header) = HEADERS
            .into_iter()
            .find(|name| asked.head.headers.contains_key(*name))
        {
            return Err(S3Error::not_implemented(header));
        }
        if cx.key().len() > 1024 {
            return Err(S3Error::new("KeyTooLongError", 400, "Your key is too long"));
        }
        // Buckets have no access control lists any more, but these two, which change nothing (S3 guide, "Controlling
        // ownership of objects").
        match asked.header("x-amz-acl") {
            None | Some("private" | "bucket-owner-full-control") => {}
            Some(_) => {
                return Err(S3Error::new(
                    "AccessControlListNotSupported",
                    400,
                    "The bucket does not allow ACLs",
                ));
            }
        }
        if !matches!(asked.header("x-amz-storage-class"), None | Some("STANDARD")) {
            return Err(S3Error::new(
                "InvalidStorageClass",
                400,
                "The storage class you specified is not valid",
            ));
        }
        if self == Self::DeleteObject && asked.head.headers.contains_key("if-match") {
            return Err(S3Error::not_implemented("if-match"));
        }
        if let Some(expected) = asked.header("x-amz-expected-bucket-owner")
            && expected != cx.caller.account.as_str()
        {
            return Err(S3Error::new("AccessDenied", 403, "Access Denied"));
        }
        match self {
            Self::ListBuckets | Self::CreateBucket => Ok(()),
            _ => cx.check_own(),
        }
    }

    /// Whether the body is a document, which is read before anything is done.
    pub(super) fn reads_document(self) -> bool {
        matches!(
            self,
            Self::CreateBucket | Self::DeleteObjects | Self::CompleteMultipartUpload
        )
    }

    pub(super) async fn answer_document(self, cx: &Cx<'_>, document: &[u8]) -> Result<S3Reply, S3Error> {
        match self {
            Self::CreateBucket => buckets::create_bucket::call(cx, document).await,
            Self::DeleteObjects => objects::delete_objects::call(cx, document).await,
            _ => uploads::complete_multipart_upload::call(cx, document).await,
        }
    }

    pub(super) async fn answer(self, cx: &Cx<'_>, body: Body) -> Result<S3Reply, S3Error> {
        match self {
            Self::ListBuckets => buckets::list_buckets::call(cx).await,
            Self::HeadBucket => buckets::head_bucket::call(cx).await,
            Self::GetBucketLocation => buckets::get_bucket_location::call(cx).await,
            Self::DeleteBucket => buckets::delete_bucket::call(cx).await,
            Self::ListObjects | Self::ListObjectsV2 => objects::list_objects::call(cx, self).await,
            Self::PutObject => objects::put_object::call(cx, body).await,
            Self::CopyObject => objects::copy_object::call(cx).await,
            Self::GetObject => objects::get_object::call(cx).await,
            Self::GetObjectTagging => objects::get_object_tagging::call(cx).await,
            Self::HeadObject => objects::head_object::call(cx).await,
            Self::DeleteObject => objects::delete_object::call(cx).await,
            Self::CreateMultipartUpload => uploads::create_multipart_upload::call(cx).await,
            Self::UploadPart => uploads::upload_part::call(cx, body).await,
            Self::UploadPartCopy => uploads::upload_part_copy::call(cx).await,
            Self::AbortMultipartUpload => uploads::abort_multipart_upload::call(cx).await,
            Self::ListParts => uploads::list_parts::call(cx).await,
            Self::ListMultipartUploads => uploads::list_multipart_uploads::call(cx).await,
            // They read a document.
            Self::CreateBucket | Self::DeleteObjects | Self::CompleteMultipartUpload => {
                self.answer_document(cx, b"").await
            }
        }
    }
}
