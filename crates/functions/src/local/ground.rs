//! Where workers stand: what keeps them apart on this machine, and in which folder.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use thingsmith_ports::Random;

use super::confinement::Confinement;
use super::launch::Level;
use super::{CODE, Shop, WORKERS};

/// What workers stand on.
pub(super) struct Ground {
    pub(super) confinement: Arc<Confinement>,
    /// Where code and workers have their folders.
    folder: PathBuf,
}

impl Shop {
    /// What was found when it was first needed.
    pub(super) async fn ground(&self) -> Result<&Ground, String> {
        let ground = self.ground.get_or_init(|| async {
            let found = self.look().await;
            match &found {
                Ok(ground) => tracing::info!(
                    level = ?ground.confinement.level,
                    "functions with code of their own can be run"
                ),
                Err(reason) => tracing::warn!(%reason, "functions with code of their own cannot be run"),
            }
            found
        });
        ground.await.as_ref().map_err(String::clone)
    }

    async fn look(&self) -> Result<Ground, String> {
        let directory = &self.config.directory;
        let confinement = Confinement::find(&self.config, &self.users, directory).await?;
        let folder = match confinement.level {
            Level::User => {
                let note = directory.join(ELSEWHERE);
                forget(&note);
                let folder = reachable_folder(self.random.as_ref())?;
                std::fs::write(&note, folder.as_os_str().as_encoded_bytes())
                    .map_err(|cause| format!("{} cannot be written: {cause}", note.display()))?;
                folder
            }
            _ => directory.clone(),
        };
        Ok(Ground {
            confinement: Arc::new(confinement),
            folder,
        })
    }

    /// A new folder of a kind, and its number.
    pub(super) fn new_folder(&self, ground: &Ground, kind: &str) -> (PathBuf, u64) {
        let number = self.folders.fetch_add(1, Ordering::Relaxed);
        (ground.folder.join(kind).join(number.to_string()), number)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have been a temporary one, and in the other case it is made anew at the next start.
        let Some(Ok(ground)) = self.ground.get() else {
            return;
        };
        for kind in [CODE, WORKERS] {
            let _ = std::fs::remove_dir_all(ground.folder.join(kind));
        }
        if ground.folder != self.config.directory {
            let _ = std::fs::remove_dir(&ground.folder);
        }
    }
}

/// Removes the folder of a server that died, which a note in our own names.
fn forget(note: &Path) {
    let Ok(folder) = std::fs::read_to_string(note) else {
        return;
    };
    let beginning = std::env::temp_dir().join(NAME).display().to_string();
    if folder.starts_with(&beginning) && !folder.contains("/..") {
        // It may be gone together with all that is temporary.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// A folder that workers with users of their own can get through, but not list.
fn reachable_folder(random: &dyn Random) -> Result<PathBuf, String> {
    let mut number = [0; 8];
    random.fill(&mut number);
    let name = format!("{NAME}{:016x}", u64::from_ne_bytes(number));
    let folder = std::env::temp_dir().join(name);
    // It must be new: in a folder that everybody may write to, somebody else's may be there.
    std::fs::DirBuilder::new()
        .mode(0o711)
        .create(&folder)
        .and_then(|()| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711)))
        .map_err(|cause| format!("the folder {} cannot be made: {cause}", folder.display()))?;
    Ok(folder)
}

const NAME: &str = "thingsmith-functions-";
const ELSEWHERE: &str = "elsewhere";
