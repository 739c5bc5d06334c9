//! The flags and environment variables of `serve` as a layer of settings.

use crate::cli::{Listen, ServeArgs};
use crate::config::PartialServe;

pub(super) fn settings(args: &ServeArgs) -> PartialServe {
    let mut listen = Vec::new();
    let mut backlog = args.backlog;
    for value in &args.listen {
        match value {
            Listen::Address(address) => listen.push(address.clone()),
            Listen::Backlog(length) => backlog = backlog.or(Some(*length)),
        }
    }
    PartialServe {
        app: args.app.clone(),
        wsgi_file: args.wsgi_file.clone(),
        module: args.module.clone(),
        callable: args.callable.clone(),
        listen: some(&listen),
        redirect_http: args.redirect_http.clone(),
        socket_mode: args.socket_mode,
        backlog,
        max_connections: args.max_connections,
        cert: some(&args.cert),
        key: some(&args.key),
        acme: some(&args.acme),
        acme_server: args.acme_server.clone(),
        acme_email: args.acme_email.clone(),
        acme_ca_roots: args.acme_ca_roots.clone(),
        acme_state: args.acme_state.clone(),
        acme_missing: args.acme_missing,
        agree_tos: args.agree_tos.then_some(true),
        tls_min: args.tls_min,
        hsts: args.hsts,
        workers: args.workers,
        threads: args.threads,
        python: args.python.clone(),
        virtualenv: args.virtualenv.clone(),
        chdir: args.chdir.clone(),
        pythonpath: some(&args.pythonpath),
        env: some(&args.env),
        graceful_timeout: args.graceful_timeout,
        script_name: args.script_name.clone(),
        manage_script_name: args.manage_script_name.then_some(true),
        folders: some(&args.folders),
        limit_post: args.limit_post,
        post_buffering: args.post_buffering,
        header_timeout: args.header_timeout,
        body_timeout: args.body_timeout,
        keepalive: args.keepalive,
        access_log: args.access_log.clone(),
    }
}

/// A flag that was not given leaves the lower layers alone.
fn some<T: Clone>(values: &[T]) -> Option<Vec<T>> {
    (!values.is_empty()).then(|| values.to_vec())
}
