//! A registry with a certificate of a private authority: the pages ask it as the controllers do.

use crate::http::Http;
use crate::registry::{Authority, Own, PASSWORD, Presented, USER};
use crate::world::up_with;

#[test]
fn the_private_authority_of_a_credential_counts_for_what_the_pages_ask() {
    let authority = Authority::new();
    let registry = Own::start_tls(&Presented::new(authority.certify("private.test", false)));
    registry.push("team/app", "1");
    let world = up_with(&["--add-host", &format!("private.test={}", registry.address)]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, authority.pem()).expect("a file");
    let credential = |namespace: &str, more: &str| {
        world.ok(&format!("create namespace {namespace}"));
        world.ok(&format!(
            "create secret docker-registry own -n {namespace} --docker-server=private.test --docker-username={USER} --docker-password={PASSWORD}"
        ));
        world.ok(&format!(
            "create configmap ca -n {namespace} --from-file=ca.crt={}",
            file.display()
        ));
        world.apply(&format!(
            "apiVersion: keyside.dev/v1alpha1\nkind: RegistryCredential\nmetadata: {{name: own, namespace: {namespace}}}\nspec:\n  source: {{secret: {{name: own}}}}\n  verification: {{repository: private.test/team/app}}\n{more}"
        ));
    };
    credential("bare", "");
    credential(
        "trusting",
        "  certificateAuthority: {configMapRef: {name: ca, key: ca.crt}}\n",
    );
    credential(
        "broken",
        "  certificateAuthority: {configMapRef: {name: ca, key: none}}\n",
    );
    let mut http = Http::signed_in(&world);
    for (namespace, expected) in [("bare", "UntrustedCA"), ("trusting", "PullAllowed")] {
        let page = http
            .post(&format!("/credentials/{namespace}/own/verify"), &[])
            .text;
        let checked = page.split("id=\"from-here\"").nth(1);
        let checked = checked.and_then(|rest| rest.split("</section>").next());
        let checked = checked.expect("what was asked from here");
        assert!(checked.contains(&format!("<code>{expected}</code>")), "{checked}");
        let answer = http
            .get(&format!(
                "/ask/image?namespace={namespace}&image=private.test/team/app:1"
            ))
            .text;
        assert!(answer.contains(expected), "{namespace}: {answer}");
    }
    let page = http.post("/credentials/broken/own/verify", &[]).text;
    assert!(page.contains("the controllers were asked"), "{page}");
}
