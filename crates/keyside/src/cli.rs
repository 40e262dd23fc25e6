//! The verbs and flags. Objects are noun verb (`credential add`), tasks are bare (`up`, `explain`); flags that kubectl
//! has keep kubectl's names and meaning.

mod install;

pub(crate) use install::{Install, Place, Uninstall};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;

/// One place for image pull credentials on Kubernetes: store once, reach every pod, and know why a pull fails.
#[derive(Debug, Parser)]
#[command(
    name = "keyside",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit status: 0 fine, 1 looked and found a problem, 2 could not look, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Flags every verb takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Kubeconfig to use.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Talk to the running embedded cluster (also `KEYSIDE_SANDBOX=1`).
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// Folder of the embedded cluster.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// User to act as.
    #[arg(long, global = true, value_name = "USER")]
    pub(crate) r#as: Option<String>,
    /// Group to act as; may be repeated.
    #[arg(long, global = true, value_name = "GROUP")]
    pub(crate) as_group: Vec<String>,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Language of tables and notes, such as zh-CN [default: that of the locale]
    #[arg(long, global = true, value_name = "LANG")]
    pub(crate) lang: Option<String>,
    /// Say more: -v steps, -vv details.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only results and errors.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Table,
    /// More columns.
    Wide,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
    /// TYPE/name, one a line.
    Name,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start the embedded cluster: API server, private registry, a node that really pulls, and keyside itself.
    Up(Up),
    /// Stop the running embedded cluster.
    Down,
    /// Delete the embedded cluster's data.
    Reset(Confirm),
    /// Store registry credentials and say where they apply.
    #[command(subcommand, visible_alias = "cred")]
    Credential(Credential),
    /// Group namespaces that share credentials.
    #[command(subcommand)]
    Project(Project),
    /// Say which credentials answer for an image or a pod, in the order the kubelet tries them.
    Explain(Explain),
    /// Look at the cluster and say what is wrong; all checks always run.
    Check(Check),
    /// See what pull secrets there are, and take them over.
    #[command(subcommand)]
    Import(Import),
    /// Show what happened, newest last.
    Events(Events),
    /// Put keyside into a cluster, or print what that takes.
    Install(Install),
    /// Take keyside out of a cluster; credentials and copies stay unless asked otherwise.
    Uninstall(Uninstall),
    /// Run keyside in a cluster: controllers, webhook, probes and metrics.
    Serve(Serve),
    /// Print the custom resource definitions.
    Crds,
    /// Print a completion script.
    Completion(Completion),
    /// Print the version.
    Version,
}

/// `keyside up`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Up {
    /// Port of the API server; 0 takes any free one [default: 7443]
    #[arg(long, value_name = "PORT")]
    pub(crate) api_port: Option<u16>,
    /// Port of the registry; 0 takes any free one [default: 5050]
    #[arg(long, value_name = "PORT")]
    pub(crate) registry_port: Option<u16>,
    /// Port of the web UI; 0 takes any free one [default: 7080]
    #[arg(long, value_name = "PORT")]
    pub(crate) ui_port: Option<u16>,
    /// Keep everything in memory and leave nothing behind.
    #[arg(long)]
    pub(crate) ephemeral: bool,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Print a new one-time link to the web UI of the running one, and end.
    #[arg(long)]
    pub(crate) print_link: bool,
    /// `json`: one line on stdout when everything is ready.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside serve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// Namespace keyside lives in.
    #[arg(short, long, env = "POD_NAMESPACE", default_value = keyside_api::SYSTEM_NAMESPACE, value_name = "NS")]
    pub(crate) namespace: String,
    /// Name of this replica; made unique by the time it started [default: the host's name]
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub(crate) pod_name: Option<String>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0", value_name = "ADDRESS")]
    pub(crate) listen: IpAddr,
    /// Port of the webhook, over TLS; 0 takes any free one, as for the other ports.
    #[arg(long, default_value_t = 9443, value_name = "PORT")]
    pub(crate) webhook_port: u16,
    /// Port of `/livez` and `/readyz`.
    #[arg(long, default_value_t = 8081, value_name = "PORT")]
    pub(crate) health_port: u16,
    /// Port of `/metrics`.
    #[arg(long, default_value_t = 9090, value_name = "PORT")]
    pub(crate) metrics_port: u16,
    /// The web UI's port, over TLS; without one it is not served.
    #[arg(long, value_name = "PORT")]
    pub(crate) ui_port: Option<u16>,
    /// A name that browsers call the web UI by, besides localhost and the name of its Service; may be given several times.
    #[arg(long, value_name = "NAME[:PORT]", requires = "ui_port")]
    pub(crate) ui_host: Vec<String>,
    /// The folder of the web UI's certificate, as a Secret of the type kubernetes.io/tls is mounted: tls.crt and tls.key, read
    /// again when they change [default: the webhook's certificate, which browsers do not trust by themselves]
    #[arg(long, value_name = "DIR", requires = "ui_port")]
    pub(crate) ui_certificate: Option<PathBuf>,
    /// Service by which the API server reaches the webhook.
    #[arg(long, default_value = keyside_server::SERVICE, value_name = "NAME", conflicts_with = "webhook_url")]
    pub(crate) webhook_service: String,
    /// Address by which the API server reaches the webhook, where it runs outside of the cluster.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// How pods get the names of their pull secrets: by the webhook, by a policy that the API server follows itself, or by both;
    /// `auto` is what the API server serves and keyside has the rights for.
    #[arg(long, value_enum, default_value_t = Injection::Auto, value_name = "MODE")]
    pub(crate) injection: Injection,
    /// What keyside may do with Secrets outside of its own namespace; it asks for nothing else.
    #[arg(long, value_enum, default_value_t = Rights::Repair, value_name = "RIGHTS")]
    pub(crate) rights: Rights,
    /// Namespaces whose Secrets keyside may read besides its own, with `inject` and `blind`: there credentials can be kept. With
    /// `namespaced` those it works in. Separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NS")]
    pub(crate) readable_namespaces: Vec<String>,
    /// Neither serve nor register the webhook.
    #[arg(long)]
    pub(crate) no_webhook: bool,
    /// Whether replicas agree on one that writes; `false` only if there is one.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) leader_elect: bool,
    /// Remove on-demand copies that no pod uses any more; for that, keyside must be allowed to list pods.
    #[arg(long)]
    pub(crate) on_demand_removal: bool,
    /// Evict pods that wait although a new one would get its image, so many at most every ten seconds; for that, keyside must be
    /// allowed to create evictions. Disruption budgets are honoured [default: none]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000), value_name = "N")]
    pub(crate) restart_stuck: Option<u16>,
    /// How long an on-demand copy stays without a new pod that needs it.
    #[arg(long, default_value = "24h", value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) idle_for: SignedDuration,
    /// How long a copy stays after its reason is gone.
    #[arg(long, default_value = "5s", value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) grace: SignedDuration,
    /// How often at most a status is written for changes of mere numbers.
    #[arg(long, default_value = "1s", value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) status_every: SignedDuration,
    /// Writes under way at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024), value_name = "N")]
    pub(crate) in_flight: u16,
    /// How long reviews are still taken after SIGTERM, until the API server has learnt that this replica leaves.
    #[arg(long, default_value = "3s", value_parser = parse_duration, value_name = "DURATION")]
    pub(crate) drain: SignedDuration,
    /// How logs are written to stderr.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

/// How pods get the names of their pull secrets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Injection {
    /// Both where the API server can follow a policy, otherwise the webhook.
    #[default]
    Auto,
    /// A policy, and behind it the webhook for pods that it gave nothing, such as the first of a new namespace.
    Both,
    /// A webhook: keyside is asked about each new pod.
    Webhook,
    /// A `MutatingAdmissionPolicy`: the API server adds them by itself (Kubernetes 1.36 and later).
    Policy,
}

/// What keyside may do with Secrets outside of its own namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rights {
    /// Nothing: it only gives pods the names of Secrets that are there already.
    Inject,
    /// Write copies without seeing them: what others change stays so until the next rotation.
    Blind,
    /// See and write them.
    #[default]
    Repair,
    /// See and write them in --readable-namespaces, and work nowhere else; the policy that serves pods is part of the installation.
    Namespaced,
}

impl Rights {
    /// As the server knows it.
    pub(crate) fn mode(self) -> keyside_server::rbac::Mode {
        use keyside_server::rbac::Mode;
        match self {
            Self::Inject => Mode::Inject,
            Self::Blind => Mode::Blind,
            Self::Repair => Mode::Repair,
            Self::Namespaced => Mode::Namespaced,
        }
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A time with its unit: `500ms`, `3s`, `24h`.
fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let duration: SignedDuration = text
        .parse()
        .map_err(|_| "expected a time with its unit, such as 3s".to_owned())?;
    if duration.is_negative() {
        return Err("a time cannot be negative".to_owned());
    }
    Ok(duration)
}

/// A question that a flag answers.
#[derive(Debug, Clone, Args)]
pub(crate) struct Confirm {
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Where a credential is, or applies.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Scope {
    /// One namespace.
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// All namespaces of a project.
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// The whole cluster.
    #[arg(long)]
    pub(crate) cluster: bool,
}

/// Where the password comes from. Without any of these it is asked for on the terminal.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PasswordSource {
    /// Read the password from stdin; one final newline is removed.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The password itself; visible to every user of this machine, so prefer --password-stdin.
    #[arg(long, value_name = "PASSWORD", conflicts_with = "password_stdin")]
    pub(crate) password: Option<String>,
}

/// Whether a change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Print what would be sent.
    Client,
    /// Let the API server check it without storing it.
    Server,
}

/// `keyside credential …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Credential {
    /// Store a credential.
    Add(CredentialAdd),
    /// List credentials.
    List(CredentialList),
    /// Show one credential; never its password.
    Get(CredentialGet),
    /// Show a credential to its registries, step by step.
    Verify(CredentialVerify),
    /// Replace the password; every copy follows within a second.
    SetPassword(SetPassword),
    /// Show the older contents that were kept, or forget them; never a password.
    History(CredentialHistory),
    /// Put an older content back in place; every copy follows within a second.
    Rollback(CredentialRollback),
    /// Change where a credential applies; asks for the password again when that widens.
    Move(CredentialMove),
    /// Delete a credential; refused while pods use it.
    Delete(CredentialDelete),
}

/// `keyside credential add`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialAdd {
    /// Name; unique among all Secrets of the namespaces it applies to.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Registry host, with a path to serve only what is below it.
    #[arg(long, value_name = "HOST[/PATH]", required_unless_present_any = ["preset", "from_file", "from_docker"])]
    pub(crate) registry: Option<String>,
    /// A known registry: dockerhub, quay, ghcr, gitlab, ecr, acr, gar, harbor, artifactory, nexus.
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Option<String>,
    /// Take the entries of a docker config file; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "username", "password", "password_stdin"])]
    pub(crate) from_file: Option<PathBuf>,
    /// Take what docker has logged in to, and ask its credential helpers; only --registry's, if given.
    #[arg(long, conflicts_with_all = ["preset", "from_file", "username", "password", "password_stdin"])]
    pub(crate) from_docker: bool,
    /// User name at the registry.
    #[arg(long, value_name = "USER")]
    pub(crate) username: Option<String>,
    #[command(flatten)]
    pub(crate) secret: PasswordSource,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// How pods get it.
    #[arg(long, value_enum, default_value_t = Delivery::Copy, value_name = "WAY")]
    pub(crate) delivery: Delivery,
    /// Serve only images under this path; may be repeated.
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) repository: Vec<String>,
    /// Do not ask the registry whether the credential works.
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Print the plan instead of storing.
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) dry_run: Option<DryRun>,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// How pods get a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Delivery {
    /// A copy in every namespace of the scope.
    Copy,
    /// A copy where a pod needs it.
    OnDemand,
    /// Through the kubelet, without a copy.
    Node,
}

/// `keyside credential list`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialList {
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// All namespaces (the default when no scope is given).
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "project", "cluster"])]
    pub(crate) all_namespaces: bool,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside credential get`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialGet {
    /// Name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside credential verify`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit status: 0 it works, 1 it does not or something is wrong with the registry, 2 the registry could not be asked."
)]
pub(crate) struct CredentialVerify {
    /// Name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside credential set-password`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SetPassword {
    /// Name.
    pub(crate) name: String,
    /// Also replace the user name.
    #[arg(long, value_name = "USER")]
    pub(crate) username: Option<String>,
    /// Which entry, where the credential has several registries.
    #[arg(long, value_name = "HOST[/PATH]")]
    pub(crate) registry: Option<String>,
    #[command(flatten)]
    pub(crate) secret: PasswordSource,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Keep no older content: neither the one that is replaced nor those before it.
    #[arg(long)]
    pub(crate) forget: bool,
    /// Do not ask the registry whether the new password works.
    #[arg(long)]
    pub(crate) no_verify: bool,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// Whether to wait until every copy is current.
#[derive(Debug, Clone, Args)]
pub(crate) struct Wait {
    /// Return only when every copy is current.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub(crate) timeout: String,
}

/// `keyside credential history`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialHistory {
    /// Name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Forget the older contents.
    #[arg(long)]
    pub(crate) forget: bool,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside credential rollback`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialRollback {
    /// Name.
    pub(crate) name: String,
    /// Which older content, as `credential history` numbers them; 1 is the one that was replaced last.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) to: usize,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Do not ask the registry whether the older content still works.
    #[arg(long)]
    pub(crate) no_verify: bool,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside credential move`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialMove {
    /// Name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// New scope: one namespace.
    #[arg(long, value_name = "NS", group = "to")]
    pub(crate) to_namespace: Option<String>,
    /// New scope: a project.
    #[arg(long, value_name = "PROJECT", group = "to")]
    pub(crate) to_project: Option<String>,
    /// New scope: the whole cluster.
    #[arg(long, group = "to")]
    pub(crate) to_cluster: bool,
    #[command(flatten)]
    pub(crate) secret: PasswordSource,
    /// Print the namespaces gained and lost instead of moving.
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) dry_run: Option<DryRun>,
}

/// `keyside credential delete`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CredentialDelete {
    /// Name.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) scope: Scope,
    /// Delete although pods use it.
    #[arg(long)]
    pub(crate) force: bool,
    /// Print what would be deleted.
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) dry_run: Option<DryRun>,
}

/// `keyside project …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Project {
    /// Create a project, or add namespaces to one.
    Add(ProjectAdd),
    /// List projects.
    List(ProjectList),
    /// Take namespaces out of a project, or delete it when none are named.
    Remove(ProjectRemove),
}

/// `keyside project add`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProjectAdd {
    /// Name.
    pub(crate) name: String,
    /// Namespace of the project; may be repeated. It need not exist yet.
    #[arg(short, long, value_name = "NS", required = true)]
    pub(crate) namespace: Vec<String>,
    /// Name for people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,
    /// Print the plan instead of storing.
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) dry_run: Option<DryRun>,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside project list`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProjectList {
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside project remove`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProjectRemove {
    /// Name.
    pub(crate) name: String,
    /// Namespace to take out; may be repeated. Without any, the project itself is deleted.
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Vec<String>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// `keyside explain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Explain {
    /// `pod/NAME`, `deploy/NAME` (also sts, ds, job, rs), `image REF`, `namespace/NAME`, or a code such as `NoPullScope`.
    #[arg(required = true, num_args = 1..=2, value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    /// Namespace [default: the context's]
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// Service account the pod would run as.
    #[arg(long, value_name = "NAME")]
    pub(crate) service_account: Option<String>,
    /// Do not ask the registry.
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Replace pods that wait although what was in their way is gone; disruption budgets are honoured.
    #[arg(long)]
    pub(crate) restart_stuck: bool,
    /// How many pods may be replaced at once.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) max_restarts: usize,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// How registries are reached from here.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Network {
    /// Address of a registry's name, instead of asking the resolver; may be repeated.
    #[arg(
        long,
        value_name = "NAME=IP:PORT",
        env = "KEYSIDE_ADD_HOST",
        value_delimiter = ','
    )]
    pub(crate) add_host: Vec<String>,
    /// Certificates, in PEM, that registries may be signed by, besides those the system trusts.
    #[arg(long, value_name = "FILE", env = "KEYSIDE_REGISTRY_CA")]
    pub(crate) registry_ca: Option<PathBuf>,
}

/// `keyside check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Check {
    /// Only what must hold before keyside is installed.
    #[arg(long)]
    pub(crate) pre: bool,
    /// Only this namespace.
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// Check again until everything is fine.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub(crate) timeout: String,
    /// Also write a report without names, for a bug report.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Output format: table, short (only what is not fine) or json.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<CheckFormat>,
}

/// How the result of checks is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Every category.
    Table,
    /// Only what is not fine.
    Short,
    /// One JSON document.
    Json,
}

/// `keyside import …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Pull secrets: with --dry-run all of them as they are; with a name, that one becomes a credential.
    Secrets(ImportSecrets),
}

/// `keyside import secrets`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImportSecrets {
    /// The Secret to take over.
    pub(crate) name: Option<String>,
    /// Namespace [default: the context's; for the inventory all of them]
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// Change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside events`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Events {
    /// Namespace [default: the context's]
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// All namespaces.
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// Only about this object: `pod/NAME`, `credential/NAME`.
    #[arg(long = "for", value_name = "TYPE/NAME")]
    pub(crate) about: Option<String>,
    /// Go on showing new ones.
    #[arg(short, long)]
    pub(crate) watch: bool,
    /// Output format.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside completion`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Completion {
    /// Shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
