//! The order of a file's local times, which tells the two passes of October's repeated hour apart.

const JUMP_US: i64 = 30 * 60 * 1_000_000;

/// Which time round the wall clock showed a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Summer time.
    First,
    /// Winter time.
    Second,
    /// Order does not tell.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    OldestFirst,
    NewestFirst,
}

/// The repeated hour that the file is in.
#[derive(Clone, Copy, Debug)]
struct Window {
    day: i64,
    pass: Pass,
    /// The furthest local time of this pass, in the file's direction.
    furthest_us: i64,
}

/// What is known of the order of a file so far.
#[derive(Debug, Default)]
pub(crate) struct Order {
    last_us: Option<i64>,
    forward: u64,
    backward: u64,
    jumps_forward: u64,
    jumps_backward: u64,
    window: Option<Window>,
}

impl Order {
    /// A local time outside the repeated hour.
    pub(crate) fn outside(&mut self, local_us: i64) {
        let step = self.step(local_us);
        self.jumps_forward += u64::from(step >= JUMP_US);
        self.jumps_backward += u64::from(step <= -JUMP_US);
    }

    /// A local time inside the repeated hour of a day.
    pub(crate) fn inside(&mut self, day: i64, local_us: i64) -> Pass {
        let entered = self.window.filter(|window| window.day == day);
        let before = self.last_us;
        // The step into the hour helps to tell the direction; a jump within it is what is looked for.
        let jump = self.last_us.is_some_and(|last_us| (local_us - last_us).abs() >= JUMP_US);
        if entered.is_some() && jump {
            self.last_us = Some(local_us);
        } else {
            self.step(local_us);
        }
        let direction = self.direction();
        let window = match (entered, direction) {
            (None, Some(Direction::OldestFirst)) if before < Some(local_us) => {
                Window { day, pass: Pass::First, furthest_us: local_us }
            }
            (None, Some(Direction::NewestFirst)) if before > Some(local_us) => {
                Window { day, pass: Pass::Second, furthest_us: local_us }
            }
            (None, _) => Window { day, pass: Pass::Unknown, furthest_us: local_us },
            (Some(window), None) => Window { furthest_us: local_us, ..window },
            (Some(window), Some(Direction::OldestFirst)) => {
                if local_us <= window.furthest_us - JUMP_US {
                    // Once round is the second pass; twice round is no order at all.
                    let pass = if window.pass == Pass::Second { Pass::Unknown } else { Pass::Second };
                    Window { day, pass, furthest_us: local_us }
                } else {
                    Window { furthest_us: window.furthest_us.max(local_us), ..window }
                }
            }
            (Some(window), Some(Direction::NewestFirst)) => {
                if local_us >= window.furthest_us + JUMP_US {
                    let pass = if window.pass == Pass::First { Pass::Unknown } else { Pass::First };
                    Window { day, pass, furthest_us: local_us }
                } else {
                    Window { furthest_us: window.furthest_us.min(local_us), ..window }
                }
            }
        };
        self.window = Some(window);
        window.pass
    }

    fn step(&mut self, local_us: i64) -> i64 {
        let step = self.last_us.map_or(0, |last_us| local_us.saturating_sub(last_us));
        self.forward += u64::from(step > 0);
        self.backward += u64::from(step < 0);
        self.last_us = Some(local_us);
        step
    }

    /// Records of one second may stand in any order, so a few small steps back are no disorder.
    fn direction(&self) -> Option<Direction> {
        if self.forward > 0 && self.forward >= 3 * self.backward && self.jumps_backward == 0 {
            Some(Direction::OldestFirst)
        } else if self.backward > 0 && self.backward >= 3 * self.forward && self.jumps_forward == 0 {
            Some(Direction::NewestFirst)
        } else {
            None
        }
    }
}
