//! What the pages ask of the API server: the same few questions, however many namespaces there are.

#[path = "cost/world.rs"]
mod world;

use std::collections::BTreeMap;
use world::{ADMIN, OWNER, World};

const PAGES: [&str; 16] = [
    "/credentials",
    "/credentials?project=large",
    "/credentials/project-large/pull-1",
    "/credentials/project-large/pull-1?tab=used-by",
    "/ask/used",
    "/credentials/add",
    "/ask/scope?scope=project&in-project=large&name=new",
    "/ask/image?namespace=team-00001&image=registry-1.example.com/shop/web:1",
    "/workloads",
    "/workloads/deploy",
    "/explain",
    "/events",
    "/projects",
    "/projects?free=1",
    "/projects/large",
    "/settings",
];

/// The questions of every page.
async fn questions(world: &World, token: &str, pages: &[&str]) -> String {
    let reader = world.reader(token).await;
    let mut out = String::new();
    for page in pages {
        // Rights are asked for in requests that look alike.
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for question in reader.asks(page).await {
            *counted.entry(question).or_default() += 1;
        }
        out.push_str(&format!("{page}\n"));
        for (question, count) in counted {
            out.push_str(&format!("  {count} × {question}\n"));
        }
    }
    out
}

#[tokio::test]
async fn pages_ask_the_same_in_a_small_and_in_a_large_cluster() {
    let (small, large) = (World::of(20, 3).await, World::of(1_000, 3).await);
    let asked = questions(&large, ADMIN, &PAGES).await;
    assert_eq!(asked, questions(&small, ADMIN, &PAGES).await);
    insta::assert_snapshot!(asked, @r"
    /credentials
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /credentials?project=large
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /credentials/project-large/pull-1
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials/pull-1
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      2 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /credentials/project-large/pull-1?tab=used-by
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials/pull-1
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      2 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /ask/used
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
    /credentials/add
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /ask/scope?scope=project&in-project=large&name=new
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/secrets?fieldSelector=metadata.name%3Dnew as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
    /ask/image?namespace=team-00001&image=registry-1.example.com/shop/web:1
      1 × GET /api/v1/namespaces/project-large as PartialObjectMetadata
      1 × GET /api/v1/namespaces/project-large/secrets?fieldSelector=type%3Dkubernetes.io%2Fbasic-auth&limit=500
      1 × GET /api/v1/namespaces/project-large/secrets?fieldSelector=type%3Dkubernetes.io%2Fdockercfg&limit=500
      1 × GET /api/v1/namespaces/project-large/secrets?fieldSelector=type%3Dkubernetes.io%2Fdockerconfigjson&limit=500
      1 × GET /api/v1/namespaces/team-00001 as PartialObjectMetadata
      1 × GET /api/v1/namespaces/team-00001/secrets?fieldSelector=type%3Dkubernetes.io%2Fbasic-auth&limit=500
      1 × GET /api/v1/namespaces/team-00001/secrets?fieldSelector=type%3Dkubernetes.io%2Fdockercfg&limit=500
      1 × GET /api/v1/namespaces/team-00001/secrets?fieldSelector=type%3Dkubernetes.io%2Fdockerconfigjson&limit=500
      1 × GET /api/v1/namespaces/team-00001/serviceaccounts/default
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00001/registrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500
    /workloads
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/pods?limit=200
      1 × GET /apis/apps/v1/daemonsets?limit=200
      1 × GET /apis/apps/v1/deployments?limit=200
      1 × GET /apis/apps/v1/statefulsets?limit=200
      1 × GET /apis/batch/v1/cronjobs?limit=200
      1 × GET /apis/batch/v1/jobs?limit=200
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /workloads/deploy
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
    /explain
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/pods?fieldSelector=status.phase%21%3DPending%2Cstatus.phase%21%3DSucceeded&limit=500
      1 × GET /api/v1/pods?fieldSelector=status.phase%3DPending&limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
    /events
      1 × GET /api/v1/events?limit=500
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
    /projects
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /projects?free=1
      2 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /projects/large
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials?limit=100
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /settings
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/keyside-injection as PartialObjectMetadata
      1 × GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/keyside as PartialObjectMetadata
      1 × GET /apis/admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies/keyside-injection as PartialObjectMetadata
      1 × GET /apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies/keyside-injection as PartialObjectMetadata
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      1 × GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings?limit=500
      1 × GET /apis/rbac.authorization.k8s.io/v1/clusterroles?limit=500
      1 × GET /version
      8 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    ");
    // Whoever may look into a few namespaces only has them looked into one by one, and not more of them.
    let pages = [
        "/credentials",
        "/credentials/project-large/pull-1?project=large",
        "/ask/used",
        "/events",
        "/projects",
    ];
    let asked = questions(&large, OWNER, &pages).await;
    assert_eq!(asked, questions(&small, OWNER, &pages).await);
    insta::assert_snapshot!(asked, @r"
    /credentials
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00001/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00002/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00003/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00004/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00005/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00006/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00007/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00008/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00009/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      2 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /credentials/project-large/pull-1?project=large
      1 × GET /api/v1/namespaces/team-00001/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00002/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00003/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00004/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00005/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00006/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00007/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00008/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00009/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces/team-00010/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/secrets?labelSelector=keyside.dev%2Fcredential%3DRegistryCredential.project-large.pull-1&limit=100 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials/pull-1
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      2 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    /ask/used
      1 × GET /api/v1/namespaces/project-large/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00001/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00002/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00003/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00004/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00005/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00006/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00007/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00008/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces/team-00009/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00001/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00002/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00003/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00004/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00005/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00006/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00007/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00008/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00009/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
    /events
      1 × GET /api/v1/namespaces/project-large/events?limit=500
      1 × GET /api/v1/namespaces/team-00001/events?limit=500
      1 × GET /api/v1/namespaces/team-00002/events?limit=500
      1 × GET /api/v1/namespaces/team-00003/events?limit=500
      1 × GET /api/v1/namespaces/team-00004/events?limit=500
      1 × GET /api/v1/namespaces/team-00005/events?limit=500
      1 × GET /api/v1/namespaces/team-00006/events?limit=500
      1 × GET /api/v1/namespaces/team-00007/events?limit=500
      1 × GET /api/v1/namespaces/team-00008/events?limit=500
      1 × GET /api/v1/namespaces/team-00009/events?limit=500
      1 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
    /projects
      2 × GET /api/v1/namespaces?limit=200 as PartialObjectMetadataList
      1 × GET /apis/keyside.dev/v1alpha1/clusterregistrycredentials?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/project-large/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00001/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00002/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00003/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00004/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00005/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00006/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00007/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00008/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/namespaces/team-00009/registrycredentials
      1 × GET /apis/keyside.dev/v1alpha1/projects/large
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500
      1 × GET /apis/keyside.dev/v1alpha1/projects?limit=500&includeObject=None as Table
      1 × GET /apis/keyside.dev/v1alpha1/registrycredentials?limit=500
      1 × POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews
    ");
    let (few, many) = (small.reader(OWNER).await, large.reader(OWNER).await);
    let page = "/workloads?project=large";
    assert_eq!(few.asks(page).await, many.asks(page).await);
}

#[tokio::test]
async fn a_project_is_looked_into_a_few_namespaces_at_a_time() {
    let world = World::of(100, 3).await;
    let reader = world.reader(ADMIN).await;
    let asked = |list: &[String]| {
        let lists = list.iter().filter(|one| one.contains("/deployments"));
        lists
            .filter_map(|one| one.split('/').nth(5).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let first = asked(&reader.asks("/workloads?project=large").await);
    let second = asked(&reader.asks("/workloads?project=large&from=10").await);
    assert_eq!((first.len(), second.len()), (10, 10));
    assert!(
        first.contains(&"project-large".to_owned()) && first.contains(&"team-00009".to_owned()),
        "{first:?}"
    );
    assert!(
        second.contains(&"team-00010".to_owned()) && !second.iter().any(|name| first.contains(name)),
        "{second:?}"
    );
}

/// The benchmark measures pages without the API server's own time: they must be the pages.
#[tokio::test]
async fn a_page_is_the_same_with_answers_that_are_at_hand() {
    let world = World::of(20, 3).await;
    let reader = world.reader(ADMIN).await;
    let before = reader.look("/projects/large").await;
    world.answer_from_memory(true);
    assert_eq!(reader.look("/projects/large").await, before);
}
