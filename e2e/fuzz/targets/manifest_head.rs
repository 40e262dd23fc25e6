//! Heads of manifests: status and headers after the token was shown.
#![no_main]

use keyside_fuzz::{answer, asking_for_a_manifest, headers};
use keyside_oci::verify::{Standing, Step, next};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (question, state) = asking_for_a_manifest();
    let (status, bytes) = (input.0 % 600, input.1);
    let answered = answer(status, headers("docker-content-digest", bytes), bytes);
    match next(&question, &state, &Ok(answered)) {
        Step::Ask(_, call) => assert_eq!(call.method(), http::Method::GET, "a HEAD is repeated at most once, as GET"),
        Step::Done(verdict) => {
            let limited = status == 429 || status >= 500;
            assert!(!limited || verdict.reason.standing() == Standing::Unknown, "{verdict:?}");
        }
    }
});
