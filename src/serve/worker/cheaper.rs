//! How many workers there are when their number follows the requests, between `cheaper` and `workers`.
//!
//! One policy for all that uWSGI has (spare, backlog, busyness): more as soon as those that there are have no thread
//! left, fewer after a while in which fewer would have done.

use std::time::Duration;

/// How often it is looked at.
pub(super) const SAMPLE: Duration = Duration::from_millis(100);
/// So often in a row must more workers be needed: a start costs more than a moment's wait.
const GROW_AFTER: u32 = 2;
/// And so often fewer: 10 s.
const SHRINK_AFTER: u32 = 100;

/// How the number of workers follows the requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cheaper {
    /// The least number; 0 keeps the number as it is.
    pub least: usize,
    /// The number at the start, if it is more.
    pub initial: usize,
    /// How many are started at once; 0 is 1.
    pub step: usize,
}

impl Cheaper {
    /// The number at the start, where there may be `most`.
    pub(super) fn at_start(&self, most: usize) -> usize {
        if self.least == 0 { most } else { self.initial.max(self.least).min(most) }
    }
}

/// What was needed lately.
#[derive(Debug, Default)]
pub(super) struct Demand {
    too_few: u32,
    too_many: u32,
}

impl Demand {
    /// The number from now on, when `wanted` are there or on their way and `needed` would do now.
    pub(super) fn sample(&mut self, needed: usize, wanted: usize, cheaper: &Cheaper, most: usize) -> usize {
        self.too_few = if needed > wanted { self.too_few + 1 } else { 0 };
        self.too_many = if needed < wanted { self.too_many + 1 } else { 0 };
        if self.too_few >= GROW_AFTER {
            self.too_few = 0;
            // Those that were added by hand stay.
            (wanted + cheaper.step.max(1)).min(most).max(wanted)
        } else if self.too_many >= SHRINK_AFTER {
            self.too_many = 0;
            (wanted - 1).max(cheaper.least.min(wanted))
        } else {
            wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAPER: Cheaper = Cheaper { least: 2, initial: 3, step: 4 };

    fn samples(demand: &mut Demand, needed: usize, wanted: usize, count: u32) -> usize {
        (0..count).fold(wanted, |wanted, _| demand.sample(needed, wanted, &CHEAPER, 8))
    }

    #[test]
    fn the_number_at_the_start() {
        assert_eq!(CHEAPER.at_start(8), 3);
        assert_eq!(CHEAPER.at_start(2), 2);
        assert_eq!(Cheaper { initial: 0, ..CHEAPER }.at_start(8), 2);
        assert_eq!(Cheaper::default().at_start(8), 8);
    }

    #[test]
    fn it_grows_by_steps_up_to_the_most() {
        let mut demand = Demand::default();
        assert_eq!(samples(&mut demand, 9, 3, GROW_AFTER - 1), 3);
        assert_eq!(samples(&mut demand, 9, 3, 1), 7);
        assert_eq!(samples(&mut demand, 9, 7, GROW_AFTER), 8);
        assert_eq!(samples(&mut demand, 20, 8, 10 * GROW_AFTER), 8);
        // One look at a crowd that is gone at the next changes nothing.
        assert_eq!(samples(&mut demand, 9, 3, 1), 3);
        assert_eq!(samples(&mut demand, 3, 3, 1), 3);
        assert_eq!(samples(&mut demand, 9, 3, 1), 3);
    }

    #[test]
    fn it_shrinks_one_by_one_down_to_the_least() {
        let mut demand = Demand::default();
        assert_eq!(samples(&mut demand, 1, 4, SHRINK_AFTER - 1), 4);
        assert_eq!(samples(&mut demand, 4, 4, 1), 4);
        assert_eq!(samples(&mut demand, 1, 4, SHRINK_AFTER), 3);
        assert_eq!(samples(&mut demand, 0, 3, 10 * SHRINK_AFTER), 2);
    }
}
