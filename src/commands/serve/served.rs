//! What is served, in words.

use crate::serve::config::{Root, ServeConfig, SiteConfig};
use crate::serve::discover::Content;
use crate::serve::worker::{Application, WorkerConfig};

/// What is served, and which file chose it.
pub(super) fn what(content: &Content, config: &ServeConfig, named_by: Option<&str>) -> String {
    let forwarding = config.site.upstreams.iter().map(|upstream| {
        let servers: Vec<_> = upstream.servers.iter().map(ToString::to_string).collect();
        format!("forwarding {}/ to {}", upstream.prefix, servers.join(", "))
    });
    let has_own = !matches!(content, Content::Upstreams | Content::Mounts)
        || !config.site.folders.is_empty()
        || !config.site.mounts.is_empty()
        || !config.site.files.tried.is_empty();
    let has_here =
        if config.sites.is_empty() { has_own || matches!(content, Content::Mounts) } else { has_own };
    let here = has_here.then(|| served_here(content, config, named_by));
    let names: Vec<_> = config.sites.iter().map(SiteConfig::name).collect();
    let sites = match &names[..] {
        [] => None,
        [name] => Some(format!("serving the site {name}")),
        _ => Some(format!("serving the sites {}", names.join(", "))),
    };
    here.into_iter().chain(forwarding).chain(sites).collect::<Vec<_>>().join("; ")
}

fn served_here(content: &Content, config: &ServeConfig, named_by: Option<&str>) -> String {
    let by = named_by.map(|file| format!(", named by {file}")).unwrap_or_default();
    let size = |workers: &WorkerConfig| {
        format!("{} with {}", count(workers.workers, "worker"), count(workers.threads, "thread"))
    };
    match (content, &config.site.root) {
        (_, root) if !config.site.mounts.is_empty() => {
            let at_root = match root {
                Root::Application(workers) => Some(format!("{}{by}", workers.application)),
                Root::Folder(_) | Root::NotFound | Root::StartPage(_) => None,
            };
            let mounted = config
                .site
                .mounts
                .iter()
                .map(|mount| format!("{} at {}", mount.workers.application, mount.at));
            let all: Vec<_> = at_root.into_iter().chain(mounted).collect();
            let each = config.applications().next().map(|(_, _, workers)| size(workers)).unwrap_or_default();
            format!("serving {}: {each}{}", all.join(", "), if all.len() > 1 { " each" } else { "" })
        }
        (Content::Application(application), Root::Application(workers)) => {
            format!("serving {application}{by}: {}", size(workers))
        }
        (Content::Folder(folder), _) => format!("serving the files in {}", folder.display()),
        _ if !config.site.folders.is_empty() || !config.site.files.tried.is_empty() => {
            let folders = config.site.folders.iter().map(|(_, folder)| folder);
            let folders = folders.chain(config.site.files.tried.iter().map(|tried| &tried.path));
            let folders: Vec<_> = folders.map(|folder| folder.display().to_string()).collect();
            format!("serving the files in {}", folders.join(", "))
        }
        (_, Root::NotFound) => "serving what rules answer; everything else is not found".to_owned(),
        _ => "no application found in this folder; serving a page with the next steps".to_owned(),
    }
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// What is being loaded, in messages.
pub(super) fn loading(content: &Content) -> String {
    match content {
        Content::Application(Application::File { path, .. }) => path.display().to_string(),
        Content::Application(Application::Module { module, .. }) => module.clone(),
        Content::Mounts => "the applications".to_owned(),
        Content::Folder(_) | Content::Upstreams | Content::Nothing => "the server".to_owned(),
    }
}
