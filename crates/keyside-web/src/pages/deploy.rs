//! 部署服务: name, namespace, image; under the image the live answer which credential will be used; 运行.

use super::explain::{Answered, answer};
use super::{Copy, workloads};
use crate::call::Call;
use crate::command::quote;
use crate::credential::{MANAGER, whole, yaml};
use crate::failure::{Failure, go, page_with};
use crate::form::Form;
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::route::Answer;
use crate::text::Lang;
use askama::Template;
use http::StatusCode;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

#[derive(Template)]
#[template(path = "deploy.html")]
struct Page {
    frame: Frame,
    t: Lang,
    problem: String,
    detail: String,
    name: String,
    namespace: String,
    namespaces: Vec<String>,
    image: String,
    answer: Option<Answered>,
    copy: Copy,
}

/// The form; a link may fill it.
pub(crate) async fn show(call: Call) -> Answer {
    let seen = Seen::read(&call).await?;
    form_page(&call, &seen, &call.query, StatusCode::OK, None).await
}

/// Asks about the image, or runs it.
pub(crate) async fn run(call: Call) -> Answer {
    let seen = Seen::read(&call).await?;
    if !call.form.has("run") {
        return form_page(&call, &seen, &call.form, StatusCode::OK, None).await;
    }
    let (name, namespace) = (call.form.get("name"), call.form.get("namespace"));
    let failure = match create(&call, name, namespace, call.form.get("image")).await {
        Ok(()) => {
            let link = workloads::link(namespace, "Deployment", name);
            return go(&format!("{link}{}", call.query.query_with("done", "deployed")));
        }
        Err(failure) => failure,
    };
    let status = match failure {
        Failure::Forbidden(_) => StatusCode::FORBIDDEN,
        Failure::Conflict(_) => StatusCode::CONFLICT,
        Failure::Refused(_) | Failure::NoObject => StatusCode::UNPROCESSABLE_ENTITY,
        other => return Err(other),
    };
    form_page(&call, &seen, &call.form, status, Some(&failure)).await
}

async fn create(call: &Call, name: &str, namespace: &str, image: &str) -> Result<(), Failure> {
    if name.is_empty() || namespace.is_empty() || image.is_empty() {
        return Err(Failure::Refused(call.t().all_fields_needed().to_owned()));
    }
    let api: Api<Deployment> = Api::namespaced(call.client()?, namespace);
    let parameters = PostParams {
        dry_run: false,
        field_manager: Some(MANAGER.to_owned()),
    };
    api.create(&parameters, &deployment(name, namespace, image)?)
        .await?;
    Ok(())
}

/// What `kubectl create deployment` would make.
fn deployment(name: &str, namespace: &str, image: &str) -> Result<Deployment, Failure> {
    let labels = json!({"app": name});
    serde_json::from_value(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": container(image), "image": image}]},
            },
        },
    }))
    .map_err(|error| Failure::Ours(error.to_string()))
}

/// The last part of the repository, as far as a container may be called that.
fn container(image: &str) -> String {
    let path = image.split('@').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let name: String = last
        .split(':')
        .next()
        .unwrap_or_default()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(63)
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "app" } else { name }.to_owned()
}

async fn form_page(
    call: &Call,
    seen: &Seen,
    fields: &Form,
    status: StatusCode,
    failure: Option<&Failure>,
) -> Answer {
    let t = call.t();
    let project = call.project().and_then(|name| seen.project(name));
    let namespace = match fields.get("namespace") {
        "" => project
            .and_then(|project| project.spec.namespaces.first().cloned())
            .or_else(|| seen.namespaces.iter().find(|name| *name == "default").cloned())
            .or_else(|| seen.namespaces.first().cloned())
            .unwrap_or_default(),
        namespace => namespace.to_owned(),
    };
    let (name, image) = (fields.get("name"), fields.get("image"));
    let answer = answer(call, &namespace, image).await?;
    let or = |text: &str, example: &str| {
        if text.is_empty() {
            example.to_owned()
        } else {
            quote(text)
        }
    };
    let object = deployment(&or(name, "NAME"), &or(&namespace, "default"), &or(image, "IMAGE"))?;
    let result = Page {
        frame: Frame::page(call, Area::Workloads, t.deploy())
            .crumb(
                t.workloads(),
                format!("/workloads{}", call.query.query_with("", "")),
            )
            .crumb(t.deploy(), ""),
        t,
        problem: failure.map_or_else(String::new, |failure| match failure {
            Failure::NoObject => t.no_such_namespace(&namespace),
            Failure::Conflict(_) => t.workload_exists(name, &namespace),
            other => other.sentence(t),
        }),
        detail: failure.map_or_else(String::new, |failure| failure.detail().to_owned()),
        name: name.to_owned(),
        namespaces: seen.namespaces.clone(),
        image: image.to_owned(),
        answer,
        copy: Copy {
            command: format!(
                "kubectl create deployment {} --image={} -n {}",
                or(name, "NAME"),
                or(image, "IMAGE"),
                or(&namespace, "NAMESPACE")
            ),
            yaml: yaml(&whole(&object)?)?,
        },
        namespace,
    };
    page_with(status, &result)
}

#[cfg(test)]
mod tests {
    use super::container;

    #[test]
    fn a_container_is_called_like_its_repository() {
        assert_eq!(container("quay.io/Shop/Web_app:1.2"), "web-app");
        assert_eq!(container("127.0.0.1:5050/demo/hello@sha256:00"), "hello");
        assert_eq!(container(""), "app");
    }
}
