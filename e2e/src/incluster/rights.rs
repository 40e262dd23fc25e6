//! What keyside's account may do, and what a thief of its token may not.

#[path = "../../../crates/keyside/tests/program/rights.rs"]
mod table;

use super::{Client, NAMESPACE};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    compare(
        client,
        &["everywhere with `webhook`", "everywhere with `webhook` or `both`"],
    )?;
    fence(client)?;
    Ok(String::new())
}

/// The account may do what the page says, and no more; `served` is the part of it about how pods are served.
pub(super) fn compare(client: &Client<'_>, served: &[&str]) -> Result<()> {
    let page = std::fs::read_to_string(crate::root().join("docs/install.md"))?;
    let everywhere = [&["everywhere", "everywhere with `repair`"], served].concat();
    for (namespace, places) in [
        ("default", &everywhere[..]),
        (NAMESPACE, &[&everywhere[..], &["own namespace"]].concat()),
    ] {
        let list = client.kubectl(&format!(
            "auth can-i --list --no-headers --namespace={namespace} --as=system:serviceaccount:{NAMESPACE}:keyside"
        ))?;
        let (listed, published) = (table::listed(&list), table::published(&page, places));
        if published.len() < 8 || listed != published {
            bail!("in {namespace} the account may {listed:?}, and the documentation says {published:?}");
        }
    }
    Ok(())
}

/// With the real token of the account.
fn fence(client: &Client<'_>) -> Result<()> {
    let thief = kubeconfig(client)?;
    let own = format!("--kubeconfig={}", thief.path().display());
    let before = data(client)?;
    let plant = r#"{"data":{".dockerconfigjson":"e30="}}"#;
    for line in [
        format!("patch secret testquay --namespace=page --type=merge --patch={plant}"),
        "delete secret testquay --namespace=page".to_owned(),
        "create secret generic planted --namespace=page".to_owned(),
        "create secret generic planted --namespace=kube-system".to_owned(),
    ] {
        let output = client.tried(&format!("{own} {line}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || !said.contains("keyside-fence") {
            bail!("{line}: the fence did not refuse it: {said}");
        }
    }
    if data(client)? != before {
        bail!("a foreign Secret was changed");
    }
    // The same change of one of keyside's own copies is what it is there for.
    client.kubectl(&format!(
        "{own} patch secret team --namespace=shop-web --type=merge --patch={plant} --dry-run=server"
    ))?;
    Ok(())
}

fn data(client: &Client<'_>) -> Result<Value> {
    Ok(client.json("get secret testquay --namespace=page --output=json")?["data"].take())
}

/// The administrator's, with the token instead of the administrator; only its owner may read it.
fn kubeconfig(client: &Client<'_>) -> Result<tempfile::NamedTempFile> {
    let token = client.kubectl(&format!("create token keyside --namespace={NAMESPACE}"))?;
    let mut config: Value = serde_json::from_slice(&std::fs::read(client.bed.kubeconfig())?)?;
    config["users"][0]["user"] = json!({"token": token.trim()});
    let mut file = tempfile::NamedTempFile::new().context("cannot make a file")?;
    std::io::Write::write_all(&mut file, config.to_string().as_bytes())?;
    Ok(file)
}
