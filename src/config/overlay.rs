//! How layers of settings are laid over each other.

use super::assignment::Assignment;
use super::error::SettingsError;
use super::setting::{Setting, Takes};
use super::settings::ServeSettings;

/// What is left when each layer hides what it says itself in those below it; the lowest first.
pub(super) fn visible(from_the_highest: Vec<Vec<Assignment>>) -> Vec<Assignment> {
    let mut above: Vec<&str> = Vec::new();
    let mut layers = Vec::new();
    for mut layer in from_the_highest {
        layer.retain_mut(|one| {
            let has_effect = !one.sets.is_empty();
            one.sets.retain(|(setting, _)| !is_hidden(setting, &above));
            !one.sets.is_empty() || !has_effect
        });
        above.extend(layer.iter().flat_map(|one| &one.sets).map(|(setting, _)| setting.word));
        layers.push(layer);
    }
    layers.into_iter().rev().flatten().collect()
}

fn is_hidden(setting: &Setting, above: &[&str]) -> bool {
    let by_itself = setting.takes != Takes::Joined && above.contains(&setting.word);
    by_itself || setting.hidden_by.iter().any(|word| above.contains(word))
}

/// The settings with all values applied, in their order.
pub(super) fn checked(assignments: &[Assignment]) -> Result<ServeSettings, SettingsError> {
    let mut settings = ServeSettings::default();
    assignments.iter().try_for_each(|one| one.apply(&mut settings))?;
    Ok(settings)
}
