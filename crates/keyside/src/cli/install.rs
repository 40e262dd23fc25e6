//! Flags of `install` and `uninstall`.

use super::{DryRun, Format};
use crate::install::Mode;
use clap::Args;
use std::path::PathBuf;

/// Which installation is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Namespace keyside lives in.
    #[arg(short, long, default_value = keyside_api::SYSTEM_NAMESPACE, value_name = "NS")]
    pub(crate) namespace: String,
    /// Name of the release.
    #[arg(long, default_value = "keyside", value_name = "NAME")]
    pub(crate) name: String,
    /// Values file, in the chart's form; may be repeated, the last one wins.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) values: Vec<PathBuf>,
}

/// `keyside install`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Install {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Image of keyside, with a tag or a digest (value `image`).
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Pull secret of keyside's own pods; may be repeated (value `imagePullSecrets`).
    #[arg(long, value_name = "SECRET")]
    pub(crate) image_pull_secret: Vec<String>,
    /// How many replicas run (value `replicaCount`).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) replicas: Option<u8>,
    /// The widest way of delivery, which decides the rights (value `delivery.mode`).
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) delivery: Option<Mode>,
    /// Do not install the custom resource definitions (value `crds.enabled`).
    #[arg(long)]
    pub(crate) skip_crds: bool,
    /// Print the namespace too, so that the output can be applied to a bare cluster; without --dry-run it is always made.
    #[arg(long)]
    pub(crate) create_namespace: bool,
    /// Print the objects (client), or let the API server check them without storing them (server).
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(crate) dry_run: Option<DryRun>,
    /// Return only when all replicas are ready.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait.
    #[arg(long, default_value = "120s", value_name = "DURATION")]
    pub(crate) timeout: String,
    /// Output format of --dry-run: yaml or json.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// `keyside uninstall`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Uninstall {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Leave the delivered pull secrets, so that pods go on pulling (the default).
    #[arg(long)]
    pub(crate) keep_copies: bool,
    /// Also delete the delivered pull secrets; never one that keyside did not write.
    #[arg(long, conflicts_with = "keep_copies")]
    pub(crate) delete_copies: bool,
    /// Also delete the custom resource definitions, and with them all credentials.
    #[arg(long)]
    pub(crate) delete_crds: bool,
    /// Remove only what keyside itself made while it ran (webhooks, certificates, lease); for when its objects are already gone.
    #[arg(long, conflicts_with_all = ["delete_copies", "delete_crds"])]
    pub(crate) leftovers: bool,
    /// How long to wait until keyside has stopped.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    pub(crate) timeout: String,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}
