use super::model::after;
use super::*;
use proptest::prelude::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

/// Whoever is late learns of a step within this time, or by the next step.
const LATE: SignedDuration = SignedDuration::from_hours(24 * 7);

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// Whether a client with this clock that trusts the state's bundle accepts the leaf.
fn validates(bundle: &State, leaf: &Leaf, clock: Timestamp) -> bool {
    let authorities = std::iter::once(&bundle.current).chain(&bundle.next);
    let mut signers = authorities.filter(|authority| authority.name == leaf.issuer);
    leaf.valid.holds(clock) && signers.any(|signer| signer.valid.holds(clock))
}

/// A cluster of which every part may be one step late.
struct World {
    now: Timestamp,
    stored: State,
    late: State,
    minted: u32,
    steps: Vec<Step>,
}

impl World {
    fn new() -> Self {
        let stored = after(None, Step::Mint, "0", START);
        Self {
            now: START,
            late: stored.clone(),
            stored,
            minted: 0,
            steps: Vec::new(),
        }
    }

    fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        if self.now.duration_since(self.stored.stepped) > LATE {
            self.late = self.stored.clone();
        }
        let Some(step) = due(Some(&self.stored), true, self.now) else {
            return;
        };
        self.minted += 1;
        let next = after(Some(&self.stored), step, &self.minted.to_string(), self.now);
        self.late = std::mem::replace(&mut self.stored, next);
        self.steps.push(step);
    }

    /// Every bundle that may be published, against every leaf that may be served, by every clock that is allowed.
    fn every_bundle_validates_every_leaf(&self) -> bool {
        let states = [&self.stored, &self.late];
        let clocks = [self.now - SLACK, self.now, self.now + SLACK];
        states.iter().all(|bundle| {
            let leaves = states.iter().map(|state| &state.leaf);
            leaves
                .flat_map(|leaf| clocks.map(|clock| (leaf, clock)))
                .all(|(leaf, clock)| validates(bundle, leaf, clock))
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_published_bundle_validates_any_served_leaf(pauses in prop::collection::vec(1_i64..20 * 24 * 60, 1..200)) {
        let mut world = World::new();
        for pause in pauses {
            world.pass(minutes(pause));
            prop_assert!(world.every_bundle_validates_every_leaf(), "{:?} after {:?}", world.stored, world.steps);
        }
    }

    /// Wherever the clock jumps, one look makes something usable, and looking again changes nothing.
    #[test]
    fn clock_that_jumps_makes_no_loop(jumps in prop::collection::vec(-2_000_i64..2_000, 1..20)) {
        let mut world = World::new();
        for jump in jumps {
            let jump = DAY * i32::try_from(jump).unwrap();
            world.now = world.now.checked_add(jump).unwrap_or(START);
            world.pass(SignedDuration::ZERO);
            prop_assert!(validates(&world.stored, &world.stored.leaf, world.now));
            let steps = world.steps.len();
            world.pass(SignedDuration::ZERO);
            prop_assert_eq!(world.steps.len(), steps);
        }
    }
}

#[test]
fn authority_that_is_not_valid_yet_signs_nothing() {
    let mut world = World::new();
    // Announced on day 551, and then the clock goes back by sixty days.
    for jump in [21, 471, 59, -60, 1] {
        world.now = world.now.checked_add(DAY * jump).unwrap();
        world.pass(SignedDuration::ZERO);
        assert!(
            validates(&world.stored, &world.stored.leaf, world.now),
            "{:?}",
            world.steps
        );
    }
    assert!(world.steps.contains(&Step::Announce) && !world.steps.contains(&Step::Switch));
}

#[test]
fn years_go_by_in_these_steps() {
    let mut world = World::new();
    while world.now.duration_since(START) < DAY * (365 * 4) {
        world.pass(minutes(30));
    }
    let rotations = world
        .steps
        .windows(3)
        .filter(|steps| *steps == [Step::Announce, Step::Switch, Step::Retire]);
    assert_eq!(rotations.count(), 2);
    assert!(!world.steps.contains(&Step::Mint), "{:?}", world.steps);
    assert!(world.steps.len() < 40, "{:?}", world.steps);
}

#[test]
fn nothing_is_signed_by_an_authority_that_is_not_published() {
    let mut world = World::new();
    while world.stored.next.is_none() {
        world.pass(DAY);
    }
    let later = world.now + DAY;
    assert_eq!(due(Some(&world.stored), true, later), Some(Step::Switch));
    assert_eq!(due(Some(&world.stored), false, later), None);
    let much_later = world.stored.leaf.valid.until - DAY;
    assert_eq!(due(Some(&world.stored), false, much_later), Some(Step::Renew));
}

#[test]
fn leaf_for_other_names_is_renewed_at_once() {
    let mut state = after(None, Step::Mint, "0", START);
    state.leaf.fits = false;
    assert_eq!(due(Some(&state), true, START), Some(Step::Renew));
}
