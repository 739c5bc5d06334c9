//! Listeners behind another server: a gateway protocol is decoded into the same request that https
//! gives and goes through the same pipeline.

pub(super) mod uwsgi;
