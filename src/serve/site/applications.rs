//! The applications of a snapshot. They start and change their code together: all of them, or none.

use std::path::PathBuf;
use std::time::Instant;

use tokio::task::JoinSet;

use super::router::AppId;
use crate::serve::config::{ServeConfig, SiteConfig};
use crate::serve::error::Error;
use crate::serve::mount::MountPoint;
use crate::serve::worker::{Application, PreparedReload, StartError, WorkerConfig, WorkerPool};

/// The applications, by their ids.
#[derive(Clone, Default)]
pub(super) struct Applications {
    pools: Vec<WorkerPool>,
    places: Vec<ApplicationPlace>,
}

/// Where an application is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ApplicationPlace {
    /// The name of its site.
    site: String,
    /// `None` for the one at the root.
    at: Option<MountPoint>,
    /// What it is and the folder it starts in, for a named site: hosts move from one site to another, and requests of before
    /// must not run the application of the other one.
    application: Option<(Application, Option<PathBuf>)>,
}

impl ApplicationPlace {
    fn new(site: &SiteConfig, at: Option<&MountPoint>, workers: &WorkerConfig) -> Self {
        let name = site.name();
        let application = (workers.application.clone(), workers.chdir.clone());
        Self { application: (!name.is_empty()).then_some(application), site: name, at: at.cloned() }
    }
}

/// An application that is ready.
enum Loaded {
    Started(WorkerPool),
    Changed(WorkerPool, PreparedReload),
}

impl Applications {
    /// The applications that `config` names, with their code as it is now: those that run already get new workers,
    /// which do not serve before the last application is loaded. With them those that are not named any more.
    ///
    /// # Errors
    /// That of the first application that does not load; all stay as they are then.
    pub(super) async fn reload(&self, config: &ServeConfig) -> Result<(Self, Vec<WorkerPool>), Error> {
        let places: Vec<_> = config
            .applications()
            .map(|(site, at, workers)| ApplicationPlace::new(site, at, workers))
            .collect();
        let mut loading = JoinSet::new();
        for (index, (place, (_, _, workers))) in places.iter().zip(config.applications()).enumerate() {
            let load = load(self.at(place).cloned(), workers.clone());
            loading.spawn(async move { (index, load.await) });
        }
        let mut loaded = Vec::new();
        let mut failure = None;
        // They do not panic, and nothing but this aborts them before the end of the runtime.
        while let Some(joined) = loading.join_next().await {
            match joined {
                Ok((index, Ok(application))) => loaded.push((index, application)),
                Ok((index, Err(error))) if failure.is_none() => {
                    failure = Some((index, error));
                    loading.abort_all();
                }
                Ok(_) | Err(_) => {}
            }
        }
        if let Some((index, error)) = failure {
            for (_, application) in loaded {
                // What was prepared leaves by itself.
                if let Loaded::Started(pool) = application {
                    pool.stop_by(Instant::now()).await;
                }
            }
            return Err(match places.into_iter().nth(index) {
                Some(ApplicationPlace { site, at, .. }) if !site.is_empty() => {
                    Error::Site { site, at, source: error }
                }
                Some(ApplicationPlace { at: Some(at), .. }) => Error::Mount { at, source: error },
                Some(ApplicationPlace { at: None, .. }) | None => error.into(),
            });
        }
        loaded.sort_by_key(|(index, _)| *index);
        let pools = loaded.into_iter().map(|(_, application)| application.serve()).collect();
        let pairs = self.places.iter().zip(&self.pools);
        let unused = pairs.filter(|(at, _)| !places.contains(at)).map(|(_, pool)| pool.clone()).collect();
        Ok((Self { pools, places }, unused))
    }

    /// The application that is there.
    fn at(&self, place: &ApplicationPlace) -> Option<&WorkerPool> {
        let index = self.places.iter().position(|other| other == place)?;
        self.pools.get(index)
    }

    pub(super) fn get(&self, id: AppId) -> Option<&WorkerPool> {
        self.pools.get(id.0)
    }

    pub(super) fn pools(&self) -> &[WorkerPool] {
        &self.pools
    }
}

impl Loaded {
    fn serve(self) -> WorkerPool {
        match self {
            Self::Started(pool) => pool,
            Self::Changed(pool, reload) => {
                reload.switch();
                pool
            }
        }
    }
}

async fn load(running: Option<WorkerPool>, workers: WorkerConfig) -> Result<Loaded, StartError> {
    match running {
        Some(pool) => pool.prepare(workers).await.map(|reload| Loaded::Changed(pool, reload)),
        None => WorkerPool::start(workers).await.map(Loaded::Started),
    }
}
