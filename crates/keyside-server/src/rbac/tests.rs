use super::*;

/// One line for each rule: group/resources (names): verbs.
fn table(rules: &[PolicyRule]) -> Vec<String> {
    let joined = |list: &Option<Vec<String>>| list.as_deref().unwrap_or_default().join(",");
    let line = |rule: &PolicyRule| {
        let (group, resources) = (joined(&rule.api_groups), joined(&rule.resources));
        let names = rule
            .resource_names
            .as_ref()
            .map(|names| format!(" ({})", names.join(",")));
        let names = names.unwrap_or_default();
        format!("{group}/{resources}{names}: {}", rule.verbs.join(" "))
    };
    rules.iter().map(line).collect()
}

#[test]
fn rights_are_these_and_no_others() {
    let rbac = rbac(&Options::default());
    let cluster = table(&rbac.cluster_role.unwrap().rules.unwrap());
    insta::assert_snapshot!(cluster.join("\n"), @r"
    keyside.dev/projects,registrycredentials,clusterregistrycredentials: get list watch
    keyside.dev/projects/status,registrycredentials/status,clusterregistrycredentials/status: patch
    /namespaces: get list watch
    /serviceaccounts: list watch
    /events: list watch create patch
    /pods: get
    /secrets: get list watch create patch delete
    /configmaps: get
    /namespaces: create
    admissionregistration.k8s.io/mutatingwebhookconfigurations,validatingwebhookconfigurations (keyside): get list watch patch create
    admissionregistration.k8s.io/mutatingadmissionpolicies,mutatingadmissionpolicybindings (keyside-injection): delete
    ");
    let own = table(&rbac.role.rules.unwrap());
    insta::assert_snapshot!(own.join("\n"), @r"
    /secrets: get list watch create patch delete
    coordination.k8s.io/leases: create
    coordination.k8s.io/leases (keyside): get list watch update
    ");
}

#[test]
fn options_add_and_take_away_whole_rules() {
    let rules = |options: &Options| table(&rbac(options).cluster_role.unwrap().rules.unwrap());
    let usual = rules(&Options::default());
    let more = rules(&Options {
        on_demand_removal: true,
        restart_stuck: true,
        ..Options::default()
    });
    assert_eq!(more[..usual.len()], usual);
    assert_eq!(more[usual.len()..], ["/pods: list", "/pods/eviction: create"]);
    let less = rules(&Options {
        webhook: false,
        ..Options::default()
    });
    assert!(
        less.iter().all(|line| !line.contains("mutating"))
            && less.iter().any(|line| line.contains("validating")),
        "{less:?}"
    );
    let least = rules(&Options {
        webhook: false,
        validation: false,
        ..Options::default()
    });
    assert!(
        least.iter().all(|line| !line.contains("webhookconfigurations")),
        "{least:?}"
    );
}

#[test]
fn nothing_that_gives_more_than_it_says_is_ever_among_them() {
    let options = Options {
        on_demand_removal: true,
        restart_stuck: true,
        ..Options::default()
    };
    let Rbac {
        cluster_role, role, ..
    } = rbac(&options);
    for rule in cluster_role
        .unwrap()
        .rules
        .unwrap()
        .iter()
        .chain(&role.rules.unwrap())
    {
        for verb in ["*", "escalate", "bind", "impersonate", "deletecollection"] {
            assert!(!rule.verbs.iter().any(|one| one == verb), "{rule:?}");
        }
        for resource in ["*", "nodes/proxy", "pods/exec", "serviceaccounts/token"] {
            let resources = rule.resources.as_deref().unwrap_or_default();
            assert!(!resources.iter().any(|one| one == resource), "{rule:?}");
        }
    }
}

/// Rights on Secrets: everywhere, in keyside's namespace, and in each that is named.
fn on_secrets(mode: Mode) -> String {
    let options = Options {
        rights: Rights {
            mode,
            namespaces: ["kept", SYSTEM_NAMESPACE, "kept"].map(str::to_owned).to_vec(),
        },
        ..Options::default()
    };
    let given = rbac(&options);
    let everywhere = given.cluster_role.into_iter();
    let mut places: Vec<_> = everywhere
        .map(|role| ("everywhere".to_owned(), role.rules))
        .collect();
    places.push(("own".to_owned(), given.role.rules));
    let readers = given.readers.into_iter();
    places.extend(readers.map(|(role, _)| (role.metadata.namespace.unwrap(), role.rules)));
    let lines = places.into_iter().flat_map(|(place, rules)| {
        let table = table(&rules.unwrap());
        let about = table
            .into_iter()
            .filter(|line| line.contains("secrets") || line.contains("configmaps"));
        about
            .map(move |line| format!("{place}: {line}"))
            .collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_mode_gives_what_it_says_on_secrets_and_no_more() {
    insta::assert_snapshot!(on_secrets(Mode::Inject), @r"
    own: /secrets: get list watch create patch delete
    own: /configmaps: get
    kept: /secrets: get list watch
    kept: /configmaps: get
    ");
    insta::assert_snapshot!(on_secrets(Mode::Blind), @r"
    everywhere: /secrets: create patch delete
    own: /secrets: get list watch create patch delete
    own: /configmaps: get
    kept: /secrets: get list watch
    kept: /configmaps: get
    ");
    insta::assert_snapshot!(on_secrets(Mode::Namespaced), @r"
    own: /secrets: get list watch create patch delete
    own: /configmaps: get
    kept: /secrets: get list watch create patch delete
    kept: /configmaps: get
    ");
    insta::assert_snapshot!(on_secrets(Mode::Repair), @r"
    everywhere: /secrets: get list watch create patch delete
    everywhere: /configmaps: get
    own: /secrets: get list watch create patch delete
    ");
}
