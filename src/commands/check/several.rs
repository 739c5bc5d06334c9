//! `certkit check A B C`: several files or servers, some at a time, each with its own report.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Basis;
use super::typed::outputs_of;
use crate::cli::CheckArgs;
use crate::commands::{Result, server_options};
use crate::report::{Outcome, Report};

pub(super) fn run(names: &[String], args: &CheckArgs, basis: &Basis) -> Result {
    let outputs = outputs_of(names, &server_options(&args.live));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(names.len()));
    thread::scope(|scope| {
        for _ in 0..usize::from(args.jobs).min(names.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((name, output)) = names.get(number).zip(outputs.get(number)) else { break };
                    let report = super::one(name, Some(output), args, basis).unwrap_or_else(Report::from);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, name.clone(), report));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, ..)| *number);
    let reports = done.into_iter().map(|(_, name, report)| (name, report)).collect();
    Ok(Report::new(Outcome::Several(reports)))
}
