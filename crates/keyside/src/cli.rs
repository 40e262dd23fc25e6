//! The verbs and flags. Objects are noun verb (`credential add`), tasks are bare (`up`, `explain`); flags that kubectl
//! has keep kubectl's names and meaning.

use clap::{Args, Parser, Subcommand, ValueEnum};
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
    /// Show what happened, newest last.
    Events(Events),
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
    /// Print a new one-time link to the web UI of the running one, and end.
    #[arg(long)]
    pub(crate) print_link: bool,
    /// `json`: one line on stdout when everything is ready.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
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
    /// Replace the password; every copy follows within a second.
    SetPassword(SetPassword),
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
    /// Registry host, with a path to serve only what is below it.
    #[arg(long, value_name = "HOST[/PATH]", required_unless_present_any = ["preset", "from_file"])]
    pub(crate) registry: Option<String>,
    /// A known registry: dockerhub, quay, ghcr, gitlab, ecr, acr, gar, harbor, artifactory, nexus.
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Option<String>,
    /// Take the entries of a docker config file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "username", "password", "password_stdin"])]
    pub(crate) from_file: Option<PathBuf>,
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
    /// Return only when every copy is current.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub(crate) timeout: String,
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
    /// `pod/NAME`, `pod NAME`, or `image REF`.
    #[arg(required = true, num_args = 1..=2, value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    /// Namespace [default: the context's]
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// Service account the pod would run as.
    #[arg(long, value_name = "NAME")]
    pub(crate) service_account: Option<String>,
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
