//! `WWW-Authenticate` lines, as registries send them. Where a challenge sends a credential is the most dangerous thing that
//! a stranger decides, so the verification that follows is watched too: nothing may go to another origin.
#![no_main]

use keyside_fuzz::{answer, headers, question};
use keyside_oci::verify::{Step, begin, next};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let question = question();
    let Step::Ask(state, _) = begin(&question) else { panic!("there is a first question") };
    let asked = answer(401, headers("www-authenticate", bytes), &[]);
    let Step::Ask(_, call) = next(&question, &state, &Ok(asked)) else { return };
    if call.secret_kind().is_some() {
        let own = question.registry().origin().to_string();
        assert_eq!(call.url().origin().ascii_serialization(), own, "{}", call.url());
    }
});
