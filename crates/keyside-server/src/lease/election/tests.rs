use super::*;

const RENEW: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);

fn election(me: &str) -> Election {
    Election::new(me, Pace::default())
}

/// A Lease as the API server would show it: `at` stands for version and renewal.
fn held(holder: &str, at: i64) -> Record {
    let record = Record {
        holder: Some(holder.to_owned()),
        renewed: Some(Timestamp::from_second(at).unwrap()),
        ..Record::default()
    };
    record.at(&at.to_string())
}

fn challenged(holder: &str, at: i64, by: &str) -> Record {
    Record {
        challenger: Some(by.to_owned()),
        ..held(holder, at)
    }
    .at(&format!("{at}-challenged"))
}

/// Work that has been waiting since then.
fn due(since: Instant, changes: u64) -> Option<Due> {
    Some(Due { since, changes })
}

fn takes(step: &Step, me: &str) -> bool {
    matches!(step, Step::Write(record) if record.holder.as_deref() == Some(me))
}

fn challenges(step: &Step, me: &str, holder: &str) -> bool {
    matches!(step, Step::Write(record)
        if record.holder.as_deref() == Some(holder) && record.challenger.as_deref() == Some(me))
}

#[test]
fn lease_that_does_not_exist_or_was_given_back_is_taken_at_once() {
    let mut election = election("b");
    let now = Instant::now();
    assert!(takes(&election.step(now, None, false), "b"));
    election.see(
        Some(Record {
            holder: None,
            ..held("a", 1)
        }),
        now,
    );
    let step = election.step(now, None, false);
    assert!(takes(&step, "b"));
    let Step::Write(record) = step else {
        panic!("{step:?}")
    };
    assert_eq!((record.version(), record.transitions), (Some("1"), 1));
}

#[test]
fn holder_renews_in_time_and_believes_itself_no_longer_than_others_do() {
    let mut election = election("a");
    let now = Instant::now();
    election.wrote(held("a", 1), now);
    assert_eq!(election.step(now, None, false), Step::Wait(now + RENEW));
    assert!(takes(&election.step(now + RENEW, None, false), "a"));
    let until = election.leads_until().unwrap();
    assert!(until < now + Pace::default().expire);
}

#[test]
fn at_rest_a_holder_writes_no_more_than_180_times_an_hour() {
    let mut election = election("a");
    let start = Instant::now();
    let (mut now, mut writes) = (start, 0);
    election.wrote(held("a", 0), now);
    while now < start + SECOND * 3600 {
        match election.step(now, None, false) {
            Step::Wait(until) => now = until,
            Step::Write(record) => {
                writes += 1;
                election.wrote(record, now);
            }
        }
    }
    assert!((170..=180).contains(&writes), "{writes}");
}

#[test]
fn holder_that_is_silent_at_rest_is_replaced_when_its_lease_has_run_out() {
    let mut election = election("b");
    let now = Instant::now();
    election.see(Some(held("a", 1)), now);
    let expire = Pace::default().expire;
    assert_eq!(election.step(now, None, false), Step::Wait(now + expire));
    election.see(Some(held("a", 2)), now + RENEW);
    assert_eq!(
        election.step(now + expire, None, false),
        Step::Wait(now + RENEW + expire)
    );
    assert!(takes(&election.step(now + RENEW + expire, None, false), "b"));
}

/// A holder that dies at any moment of a period, with work waiting from then on, is replaced within 20 s.
#[test]
fn holder_that_dies_while_work_waits_is_replaced_in_time() {
    for died_after in 0..20 {
        let mut election = election("b");
        let renewed = Instant::now();
        election.see(Some(held("a", 1)), renewed);
        let died = renewed + SECOND * died_after;
        let mut now = died;
        let taken = loop {
            match election.step(now, due(died, 0), false) {
                Step::Wait(until) => now = until,
                step if takes(&step, "b") => break now,
                step => {
                    assert!(challenges(&step, "b", "a"), "{step:?}");
                    election.see(Some(challenged("a", 1, "b")), now);
                }
            }
        };
        assert!(
            taken - died <= SECOND * 10,
            "{:?} after {died_after} s",
            taken - died
        );
    }
}

#[test]
fn holder_that_lives_answers_a_challenge_at_once_and_stays() {
    let mut holder = election("a");
    let mut candidate = election("b");
    let now = Instant::now();
    holder.wrote(held("a", 1), now);
    candidate.see(Some(held("a", 1)), now);
    let later = now + SECOND * 4;
    assert!(challenges(&candidate.step(later, due(now, 0), false), "b", "a"));
    for one in [&mut holder, &mut candidate] {
        one.see(Some(challenged("a", 1, "b")), later);
    }
    let step = holder.step(later, None, false);
    let Step::Write(renewal) = &step else {
        panic!("{step:?}")
    };
    assert_eq!(
        (renewal.challenger.as_deref(), renewal.holder.as_deref()),
        (None, Some("a"))
    );
    candidate.see(Some(held("a", 2)), later + SECOND);
    let until = candidate.step(later + SECOND * 6, due(now, 1), false);
    assert!(!takes(&until, "b"), "{until:?}");
}

#[test]
fn work_that_nobody_can_do_is_no_reason_to_ask_for_ever() {
    let mut election = election("b");
    let start = Instant::now();
    let (mut now, mut asked, mut at) = (start, 0, 0);
    let mut renewal = start;
    while now < start + SECOND * 3600 {
        if now >= renewal {
            // The holder lives.
            at += 1;
            election.see(Some(held("a", at)), now);
            renewal = now + RENEW;
        }
        match election.step(now, due(start, 7), false) {
            Step::Wait(until) => now = until.min(renewal),
            step => {
                assert!(challenges(&step, "b", "a"), "{step:?}");
                election.see(Some(challenged("a", at, "b")), now);
                asked += 1;
                renewal = now;
            }
        }
    }
    assert_eq!(asked, CHALLENGES);
}

#[test]
fn process_that_stood_still_looks_before_it_leads_on() {
    let mut election = election("a");
    let now = Instant::now();
    election.wrote(held("a", 1), now);
    let step = election.step(now + SECOND * 5, None, true);
    let Step::Write(record) = &step else {
        panic!("{step:?}")
    };
    assert_eq!(
        record.version(),
        Some("1"),
        "a renewal that fails if somebody else was there"
    );
    election.see(Some(held("b", 2)), now + SECOND * 5);
    assert_eq!(election.leads_until(), None);
    assert!(!takes(&election.step(now + SECOND * 5, None, true), "a"));
}

#[test]
fn clocks_of_others_do_not_matter() {
    let mut election = election("b");
    let now = Instant::now();
    for renewed in [0, 4_000_000_000, 1] {
        election.see(Some(held("a", renewed)), now);
        assert_eq!(
            election.step(now, None, false),
            Step::Wait(now + Pace::default().expire)
        );
    }
}

#[test]
fn only_the_holder_has_something_to_give_back() {
    let mut election = election("a");
    assert_eq!(election.release(), None);
    election.see(Some(held("b", 1)), Instant::now());
    assert_eq!(election.release(), None);
    election.wrote(held("a", 2), Instant::now());
    let record = election.release().unwrap();
    assert_eq!((record.holder.as_deref(), record.version()), (None, Some("2")));
}
