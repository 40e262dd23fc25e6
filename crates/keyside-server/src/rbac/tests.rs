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
    let cluster = table(&rbac.cluster_role.rules.unwrap());
    insta::assert_snapshot!(cluster.join("\n"), @r"
    keyside.dev/projects,registrycredentials,clusterregistrycredentials: get list watch
    keyside.dev/projects/status,registrycredentials/status,clusterregistrycredentials/status: patch
    /secrets: get list watch create patch delete
    /configmaps: get
    /namespaces: get list watch create
    /serviceaccounts: list watch
    /events: list watch create patch
    /pods: get
    admissionregistration.k8s.io/mutatingwebhookconfigurations,validatingwebhookconfigurations (keyside): get list watch patch create
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
    let rules = |options: &Options| table(&rbac(options).cluster_role.rules.unwrap());
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
        less.iter().all(|line| !line.contains("webhookconfigurations")),
        "{less:?}"
    );
    assert_eq!(less.len() + 1, usual.len());
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
    for rule in cluster_role.rules.unwrap().iter().chain(&role.rules.unwrap()) {
        for verb in ["*", "escalate", "bind", "impersonate", "deletecollection"] {
            assert!(!rule.verbs.iter().any(|one| one == verb), "{rule:?}");
        }
        for resource in ["*", "nodes/proxy", "pods/exec", "serviceaccounts/token"] {
            let resources = rule.resources.as_deref().unwrap_or_default();
            assert!(!resources.iter().any(|one| one == resource), "{rule:?}");
        }
    }
}
