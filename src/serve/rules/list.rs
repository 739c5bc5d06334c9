//! The rules of one phase, in their order, with the places that `goto` jumps to.

use super::{Condition, Rule, RuleAction, RulePhase, Statement};

/// Rules in their order.
#[derive(Clone, Debug, Default)]
pub struct RuleList {
    pub steps: Vec<RuleStep>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct RuleStep {
    pub condition: Condition,
    pub action: RuleAction,
    /// For `goto`: the number of the step that comes next.
    pub target: Option<usize>,
}

/// Why rules do not make a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleListError {
    /// uWSGI ends such a request without an answer.
    #[error("`goto:{0}` leads back: rules only jump forward")]
    Backward(String),
    #[error("`goto:{0}`: there is no `route-label` of this name")]
    UnknownLabel(String),
}

impl RuleList {
    /// # Errors
    /// A `goto` that leads nowhere, or back.
    pub fn new(rules: &[Rule], phase: RulePhase) -> Result<Self, RuleListError> {
        let mut steps: Vec<RuleStep> = Vec::new();
        let mut labels: Vec<(&str, usize)> = Vec::new();
        for rule in rules.iter().filter(|rule| rule.phase == phase) {
            match &rule.statement {
                // The first of two counts, as in uWSGI.
                Statement::Label(name) if labels.iter().any(|(label, _)| label == name) => {}
                Statement::Label(name) => labels.push((name, steps.len())),
                Statement::If(condition, action) => {
                    steps.push(RuleStep {
                        condition: condition.clone(),
                        action: action.clone(),
                        target: None,
                    });
                }
            }
        }
        for (number, step) in steps.iter_mut().enumerate() {
            if let RuleAction::Goto(name) = &step.action {
                let label = labels.iter().find(|(label, _)| label == name);
                let (_, target) = label.ok_or_else(|| RuleListError::UnknownLabel(name.clone()))?;
                if *target <= number {
                    return Err(RuleListError::Backward(name.clone()));
                }
                step.target = Some(*target);
            }
        }
        Ok(Self { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(lines: &[&str]) -> Result<Vec<Option<usize>>, RuleListError> {
        let rules: Vec<Rule> = lines.iter().map(|line| line.parse().unwrap()).collect();
        let list = RuleList::new(&rules, RulePhase::Request)?;
        Ok(list.steps.iter().map(|step| step.target).collect())
    }

    #[test]
    fn rules_jump_forward_to_their_labels() {
        let label = "route-label end";
        assert_eq!(
            targets(&["route ^/ goto:end", "route-run last:", label, "route-run log:x"]),
            Ok(vec![Some(2), None, None])
        );
        assert_eq!(targets(&["route ^/ goto:end", label]), Ok(vec![Some(1)]));
        assert_eq!(targets(&[label, "route ^/ goto:end"]), Err(RuleListError::Backward("end".into())));
        assert_eq!(targets(&["route ^/ goto:x", label]), Err(RuleListError::UnknownLabel("x".into())));
        // A label of responses is another one.
        assert!(targets(&["route ^/ goto:end", "response-route-label end"]).is_err());
        assert_eq!(targets(&["response-route-run last:"]), Ok(vec![]));
    }
}
