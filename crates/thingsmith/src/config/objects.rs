//! `[objects]`: the files of buckets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use thingsmith_model::{Account, Region, Secret};
use thingsmith_objects_directory::Limits;
use thingsmith_objects_s3::{Config, Endpoint, MOST_OBJECT_BYTES, Mount, Place};
use thingsmith_ports::{Clock, Owner};

use super::access_keys::RedactedText;
use super::secret;

/// Where the files of buckets are kept, and how much of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectsSection {
    /// The directory; `objects` in the data directory if not given.
    pub directory: Option<PathBuf>,
    /// Most bytes of an object.
    pub object_bytes: Option<u64>,
    /// Most bytes of all objects in the directory.
    pub total_bytes: Option<u64>,
    /// Most objects in the directory.
    pub objects: Option<usize>,
    /// Most buckets of an account in a region.
    pub buckets: Option<usize>,
    /// Another server that speaks S3, which keeps all of them or has some of its own.
    pub s3: Option<S3Section>,
}

/// Another server that speaks S3.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Section {
    /// Its URL.
    pub endpoint: String,
    /// The region to sign for.
    pub region: String,
    /// The bucket at it that keeps all buckets of this server; they stay in the directory if not given.
    pub bucket: Option<String>,
    /// Before what is kept in that bucket.
    #[serde(default)]
    pub prefix: String,
    /// Whether buckets are named in the path of URLs; else in their host.
    pub path_style: Option<bool>,
    /// The access key id; that of the environment (`THINGSMITH_OBJECTS_ACCESS_KEY_ID`) if not given.
    pub access_key_id: Option<String>,
    /// Its secret; that of the environment (`THINGSMITH_OBJECTS_SECRET_ACCESS_KEY`) if neither this nor its file is given.
    pub secret_access_key: Option<RedactedText>,
    /// Or the file that holds the secret.
    pub secret_access_key_file: Option<PathBuf>,
    /// Whether it may be spoken to without TLS when it is not on this machine.
    #[serde(default)]
    pub plain_http: bool,
    /// Certificates (PEM) to trust beside the system's.
    pub roots: Option<PathBuf>,
    /// Buckets of its own that accounts of this server use as they are.
    #[serde(default)]
    pub mounts: Vec<MountSection>,
}

/// A bucket of the other server that an account uses as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountSection {
    /// Its name at the other server.
    pub bucket: String,
    /// Before what is used of it.
    #[serde(default)]
    pub prefix: String,
    /// Its name here; the same if not given.
    pub name: Option<String>,
    /// Whose it is here.
    pub account: Account,
    /// And in which region; the server's if not given.
    pub region: Option<Region>,
}

impl ObjectsSection {
    /// The directory of the objects.
    pub fn directory(&self, data_dir: &Path) -> PathBuf {
        self.directory.clone().unwrap_or_else(|| data_dir.join("objects"))
    }

    /// How much is kept in the directory.
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            object_bytes: self.object_bytes.unwrap_or(usual.object_bytes),
            total_bytes: self.total_bytes.unwrap_or(usual.total_bytes),
            objects: self.objects.unwrap_or(usual.objects),
            buckets: self.buckets.unwrap_or(usual.buckets),
        }
    }

    /// How much is kept at another server.
    pub fn remote_limits(&self) -> thingsmith_objects_s3::Limits {
        let usual = thingsmith_objects_s3::Limits::default();
        thingsmith_objects_s3::Limits {
            object_bytes: self.object_bytes.unwrap_or(usual.object_bytes),
            buckets: self.buckets.unwrap_or(usual.buckets),
        }
    }

    /// Refuses what does not fit together.
    ///
    /// # Errors
    /// Saying what it is.
    pub fn check(&self) -> Result<()> {
        let Some(s3) = &self.s3 else { return Ok(()) };
        ensure!(
            s3.bucket.is_some() || !s3.mounts.is_empty(),
            "[objects.s3] has neither a bucket, in which all objects are kept, nor [[objects.s3.mounts]]"
        );
        ensure!(
            s3.bucket.is_none()
                || self.directory.is_none() && self.total_bytes.is_none() && self.objects.is_none(),
            "[objects] directory, total_bytes and objects mean nothing with [objects.s3] bucket, where all objects are kept"
        );
        ensure!(
            self.remote_limits().object_bytes <= MOST_OBJECT_BYTES,
            "[objects] object_bytes may be {MOST_OBJECT_BYTES} (64 GiB) at most with [objects.s3]"
        );
        let mut names: Vec<&str> = s3.mounts.iter().map(MountSection::name).collect();
        for name in &names {
            thingsmith_core::objects::check_bucket(name)
                .map_err(|wrong| anyhow::anyhow!("[[objects.s3.mounts]] {name}: {wrong}"))?;
        }
        names.sort_unstable();
        let twice = names.windows(2).find(|two| two[0] == two[1]);
        ensure!(twice.is_none(), "[[objects.s3.mounts]]: two have one name");
        Ok(())
    }
}

impl S3Section {
    /// The other server.
    ///
    /// # Errors
    /// When its URL, its key or its roots cannot be used.
    pub fn endpoint(&self, clock: Arc<dyn Clock>) -> Result<Arc<Endpoint>> {
        self.read_endpoint(clock).context("[objects.s3] cannot be used")
    }

    fn read_endpoint(&self, clock: Arc<dyn Clock>) -> Result<Arc<Endpoint>> {
        let roots = match &self.roots {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("roots: {} cannot be read", path.display()))?,
            None => String::new(),
        };
        let of_environment = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let id = self
            .access_key_id
            .clone()
            .or_else(|| of_environment(ACCESS_KEY_ID));
        let inline = self
            .secret_access_key
            .as_ref()
            .map(|text| text.expose().to_owned());
        let inline = match &self.secret_access_key_file {
            None => inline.or_else(|| of_environment(SECRET_ACCESS_KEY)),
            Some(_) => inline,
        };
        let secret_access_key = secret(
            "secret_access_key",
            inline.as_ref(),
            self.secret_access_key_file.as_deref(),
        )
        .with_context(|| format!("there is none in the environment's {SECRET_ACCESS_KEY} either"))?;
        let config = Config {
            url: self.endpoint.clone(),
            region: self.region.clone(),
            path_style: self.path_style.unwrap_or(true),
            access_key_id: id.with_context(|| {
                format!("access_key_id must be given, there or in the environment's {ACCESS_KEY_ID}")
            })?,
            secret_access_key: Secret::new(secret_access_key),
            plain_http: self.plain_http,
            tls: thingsmith_web::client_config(&roots).context("roots")?,
        };
        Ok(Endpoint::new(config, clock)?)
    }

    /// The buckets that are used as they are.
    pub fn mounts(&self, endpoint: &Arc<Endpoint>, object_bytes: u64, region: &Region) -> Vec<Mount> {
        let mount = |section: &MountSection| Mount {
            name: section.name().to_owned(),
            owner: Owner {
                account: section.account.clone(),
                region: section.region.clone().unwrap_or_else(|| region.clone()),
            },
            place: Place::new(Arc::clone(endpoint), &section.bucket, &section.prefix),
            object_bytes,
        };
        self.mounts.iter().map(mount).collect()
    }
}

impl MountSection {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.bucket)
    }
}

/// Not AWS's own names: those are set for clients of this very server by `thingsmith env`.
const ACCESS_KEY_ID: &str = "THINGSMITH_OBJECTS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "THINGSMITH_OBJECTS_SECRET_ACCESS_KEY";

#[cfg(test)]
mod tests {
    use super::super::File;

    fn check(text: &str) -> Result<(), String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        file.objects.check().map_err(|error| error.to_string())
    }

    const S3: &str = "[objects.s3]\nendpoint = \"https://s3.example\"\nregion = \"eu-west-1\"\n";
    const MOUNT: &str = "[[objects.s3.mounts]]\nbucket = \"fleet\"\naccount = \"123456789012\"\n";

    #[test]
    fn what_is_kept_elsewhere_is_said_whole() {
        assert_eq!(check("[objects]\nobjects = 7\n"), Ok(()));
        assert_eq!(check(&format!("{S3}bucket = \"all\"\n")), Ok(()));
        assert_eq!(check(&format!("{S3}{MOUNT}")), Ok(()));
        assert_eq!(check(&format!("[objects]\nobjects = 7\n{S3}{MOUNT}")), Ok(()));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for wrong in [
            S3.to_owned(),
            format!("[objects]\ndirectory = \"/tmp\"\n{S3}bucket = \"all\"\n"),
            format!("[objects]\ntotal_bytes = 7\n{S3}bucket = \"all\"\n"),
            format!("[objects]\nobject_bytes = 100000000000\n{S3}bucket = \"all\"\n"),
            format!("{S3}{MOUNT}{MOUNT}"),
            format!("{S3}[[objects.s3.mounts]]\nbucket = \"A\"\naccount = \"123456789012\"\n"),
            format!("{S3}[[objects.s3.mounts]]\nbucket = \"fleet\"\n"),
            format!("{S3}bucket = \"all\"\npathstyle = true\n"),
            "[objects.s3]\nendpoint = \"https://s3.example\"\nbucket = \"all\"\n".to_owned(),
        ] {
            assert!(check(&wrong).is_err(), "{wrong}");
        }
    }
}
