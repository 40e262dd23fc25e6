//! Answers of token services.
#![no_main]

use keyside_fuzz::{answer, asking_for_a_token};
use keyside_oci::verify::{Standing, Step, next};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (question, state) = asking_for_a_token();
    let (status, body) = input;
    match next(&question, &state, &Ok(answer(status % 600, http::HeaderMap::new(), body))) {
        // A token goes to the registry that it was issued for.
        Step::Ask(_, call) => {
            let own = question.registry().origin().to_string();
            assert_eq!(call.url().origin().ascii_serialization(), own);
        }
        Step::Done(verdict) => assert_ne!(verdict.reason.standing(), Standing::True, "{verdict:?}"),
    }
});
