//! How a certificate lives beside its orders: commands around a run, the failure hook, the key from one
//! renewal to the next. Kept in `renew.json` among the other settings.

use serde::{Deserialize, Serialize};

/// What the user wants. An empty command removes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeSettings {
    /// The command before an order; the order is placed if it succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_hook: Option<String>,
    /// The command after an order, however it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_hook: Option<String>,
    /// The command when a certificate nears its end without success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_hook: Option<String>,
    /// What becomes of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_rotation: Option<KeyRotation>,
}

/// Which key the next certificate gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRotation {
    /// A new one.
    New,
    /// A new one, made when the current certificate was put in place, so that TLSA records can name it before.
    Prepared,
    /// The same.
    Reused,
}

impl LifeSettings {
    /// Completes what is left open from `kept`.
    pub fn complete(&mut self, kept: Option<&Self>) {
        let fill = |wanted: &mut Option<String>, kept: Option<&String>| {
            *wanted = wanted.take().or_else(|| kept.cloned()).filter(|text| !text.is_empty());
        };
        fill(&mut self.pre_hook, kept.and_then(|kept| kept.pre_hook.as_ref()));
        fill(&mut self.post_hook, kept.and_then(|kept| kept.post_hook.as_ref()));
        fill(&mut self.failure_hook, kept.and_then(|kept| kept.failure_hook.as_ref()));
        let rotation = self.key_rotation.or_else(|| kept?.key_rotation);
        self.key_rotation = rotation.filter(|rotation| *rotation != KeyRotation::New);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_kept_and_empty_removes() {
        let kept = LifeSettings {
            pre_hook: Some("stop".into()),
            post_hook: Some("start".into()),
            key_rotation: Some(KeyRotation::Reused),
            ..LifeSettings::default()
        };
        let mut wanted = LifeSettings {
            post_hook: Some(String::new()),
            failure_hook: Some("mail".into()),
            key_rotation: Some(KeyRotation::New),
            ..LifeSettings::default()
        };
        wanted.complete(Some(&kept));
        assert_eq!(wanted.pre_hook.as_deref(), Some("stop"));
        assert_eq!((wanted.post_hook, wanted.key_rotation), (None, None));
        let mut same = LifeSettings::default();
        same.complete(Some(&kept));
        assert_eq!(same, kept);
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(text, r#"{"pre_hook":"stop","post_hook":"start","key_rotation":"reused"}"#);
        assert_eq!(serde_json::from_str::<LifeSettings>("{}").unwrap(), LifeSettings::default());
    }
}
