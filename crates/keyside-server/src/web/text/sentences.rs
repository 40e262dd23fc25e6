//! Sentences with something in them.

use super::Lang;
use crate::web::badge::Tone;
use keyside_core::explain::{Explanation, Verdict};

impl Lang {
    /// `3 min ago`.
    pub(in crate::web) fn ago(self, seconds: i64) -> String {
        if seconds < 5 {
            return self.pick("just now", "刚刚").to_owned();
        }
        let (number, unit) = unit(seconds);
        match self {
            Self::En => format!("{number} {} ago", unit.0),
            Self::Zh => format!("{number} {}前", unit.1),
        }
    }

    /// `in 12 days`.
    pub(in crate::web) fn ahead(self, seconds: i64) -> String {
        let (number, unit) = unit(seconds);
        match self {
            Self::En => format!("in {number} {}", unit.0),
            Self::Zh => format!("还有 {number} {}", unit.1),
        }
    }

    /// What has just been done, by the code in a link.
    pub(in crate::web) fn done(self, code: &str) -> &'static str {
        match code {
            "saved" => self.pick("Saved.", "已保存。"),
            "deleted" => self.pick("Deleted.", "已删除。"),
            "moved" => self.pick("The scope was changed.", "范围已更改。"),
            "deployed" => self.pick(
                "Running. The pull is followed below.",
                "已运行。下面显示拉取进度。",
            ),
            "opened" => self.pick("Opened.", "已打开。"),
            _ => "",
        }
    }

    pub(in crate::web) fn failure_title(self, status: u16) -> String {
        match status {
            403 => self.pick("Not allowed", "没有权限"),
            404 => self.pick("Not found", "未找到"),
            409 => self.pick("Conflict", "冲突"),
            413 => self.pick("Too large", "内容过大"),
            503 => self.pick("No connection", "无法连接"),
            500 => self.pick("An error", "错误"),
            _ => self.pick("Not accepted", "未被接受"),
        }
        .to_owned()
    }

    pub(in crate::web) fn missing_right(self, verb: &str, resource: &str, namespace: &str) -> String {
        match (self, namespace) {
            (Self::En, "") => format!("Your account lacks the right to {verb} {resource}."),
            (Self::Zh, "") => format!("您的账户缺少权限：{verb} {resource}。"),
            (Self::En, namespace) => {
                format!("Your account lacks the right to {verb} {resource} in namespace {namespace}.")
            }
            (Self::Zh, namespace) => {
                format!("您的账户在命名空间 {namespace} 中缺少权限：{verb} {resource}。")
            }
        }
    }

    pub(in crate::web) fn shown_of(self, shown: usize, matching: usize, total: usize) -> String {
        let is_all = matching == total;
        match self {
            Self::En if is_all => format!("{shown} of {total}"),
            Self::En => format!("{shown} of {matching} that match, {total} in all"),
            Self::Zh if is_all => format!("显示 {shown} 个，共 {total} 个"),
            Self::Zh => format!("显示 {shown} 个，符合条件 {matching} 个，共 {total} 个"),
        }
    }

    pub(in crate::web) fn and_more(self, number: usize) -> String {
        match self {
            Self::En => format!("and {number} more"),
            Self::Zh => format!("还有 {number} 个"),
        }
    }

    pub(in crate::web) fn address_help(self, example: &str) -> String {
        match self {
            Self::En => format!(
                "Such as {example}. An image, a URL, a docker login line, a kubectl line or a config.json can be pasted too."
            ),
            Self::Zh => format!(
                "例如 {example}。也可以粘贴镜像、URL、docker login 命令、kubectl 命令或 config.json。"
            ),
        }
    }

    pub(in crate::web) fn understood_url(self, registry: &str) -> String {
        match self {
            Self::En => format!("Understood as {registry}: scheme and version path were removed."),
            Self::Zh => format!("识别为 {registry}：已去除协议和版本路径。"),
        }
    }

    pub(in crate::web) fn understood_image(self, registry: &str) -> String {
        match self {
            Self::En => format!("Understood as an image of {registry}."),
            Self::Zh => format!("识别为 {registry} 的镜像。"),
        }
    }

    pub(in crate::web) fn understood_line(self, line: &str, registry: &str) -> String {
        match self {
            Self::En => format!(
                "Understood as a {line} line for {registry}. The password was not taken over: enter it below."
            ),
            Self::Zh => format!("识别为 {registry} 的 {line} 命令。未采用其中的密码：请在下方输入。"),
        }
    }

    pub(in crate::web) fn understood_config(self, entries: usize) -> String {
        match self {
            Self::En => {
                format!("Understood as a docker config with {entries} registries. Paste it below once more.")
            }
            Self::Zh => format!("识别为包含 {entries} 个镜像库的 Docker 配置。请在下方重新粘贴。"),
        }
    }

    pub(in crate::web) fn name_taken(self, name: &str, namespace: &str) -> String {
        match self {
            Self::En => format!(
                "The name {name} is taken: a Secret {name} is in namespace {namespace} already. It would not be overwritten; choose another name."
            ),
            Self::Zh => format!(
                "名称 {name} 已被占用：命名空间 {namespace} 中已有密文 {name}。不会覆盖它，请使用其他名称。"
            ),
        }
    }

    pub(in crate::web) fn project_exists(self, name: &str) -> String {
        match self {
            Self::En => format!("There is a project {name} already."),
            Self::Zh => format!("项目 {name} 已存在。"),
        }
    }

    pub(in crate::web) fn workload_exists(self, name: &str, namespace: &str) -> String {
        match self {
            Self::En => format!("There is a deployment {name} in namespace {namespace} already."),
            Self::Zh => format!("命名空间 {namespace} 中已有部署 {name}。"),
        }
    }

    pub(in crate::web) fn no_such_namespace(self, namespace: &str) -> String {
        match self {
            Self::En => format!("There is no namespace {namespace}."),
            Self::Zh => format!("没有命名空间 {namespace}。"),
        }
    }

    pub(in crate::web) fn not_found(self, what: &str, namespace: &str) -> String {
        match self {
            Self::En => format!("There is no {what} in namespace {namespace}."),
            Self::Zh => format!("命名空间 {namespace} 中没有 {what}。"),
        }
    }

    pub(in crate::web) fn reach_namespace(self, namespace: &str) -> String {
        match self {
            Self::En => format!("Only the namespace {namespace}."),
            Self::Zh => format!("仅命名空间 {namespace}。"),
        }
    }

    pub(in crate::web) fn reach_project(self, number: usize) -> String {
        match self {
            Self::En if number == 1 => "1 namespace now, and every new one in the project:".to_owned(),
            Self::En => format!("{number} namespaces now, and every new one in the project:"),
            Self::Zh => format!("现有 {number} 个命名空间，以及项目中所有新的命名空间："),
        }
    }

    pub(in crate::web) fn reach_cluster(self, number: usize, is_cut: bool) -> String {
        let more = if is_cut { "+" } else { "" };
        match self {
            Self::En => {
                format!("{number}{more} namespaces now, and every new one. System namespaces are left out.")
            }
            Self::Zh => format!("现有 {number}{more} 个命名空间，以及所有新的命名空间。不包括系统命名空间。"),
        }
    }

    pub(in crate::web) fn delivered_to(self, delivered: i64, desired: i64, conflicts: i64) -> String {
        let conflicts = match (self, conflicts) {
            (_, 0) => String::new(),
            (Self::En, number) => format!(" In {number} of them the name was taken and another one is used."),
            (Self::Zh, number) => format!("其中 {number} 个命名空间的名称已被占用，使用了其他名称。"),
        };
        match self {
            Self::En => format!("{delivered} of {desired} namespaces have it.{conflicts}"),
            Self::Zh => format!("{desired} 个命名空间中的 {delivered} 个已有此凭证。{conflicts}"),
        }
    }

    pub(in crate::web) fn saved_bytes(self, bytes: usize) -> String {
        match self {
            Self::En => format!("Saved ({bytes} bytes). Empty keeps it."),
            Self::Zh => format!("已保存（{bytes} 字节）。留空则保持不变。"),
        }
    }

    pub(in crate::web) fn edit_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Edit {name}"),
            Self::Zh => format!("编辑 {name}"),
        }
    }

    pub(in crate::web) fn move_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Change the scope of {name}"),
            Self::Zh => format!("更改 {name} 的范围"),
        }
    }

    pub(in crate::web) fn delete_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Delete {name}"),
            Self::Zh => format!("删除 {name}"),
        }
    }

    pub(in crate::web) fn delete_used(self, number: usize) -> String {
        match self {
            Self::En => {
                format!("{number} running pods use it. They could not be started again on another node:")
            }
            Self::Zh => format!("{number} 个运行中的 Pod 正在使用它。它们将无法在其他节点上重新启动："),
        }
    }

    pub(in crate::web) fn type_name(self, name: &str) -> String {
        match self {
            Self::En => format!("Type {name} to delete it nevertheless"),
            Self::Zh => format!("如仍要删除，请输入 {name}"),
        }
    }

    pub(in crate::web) fn gains(self, number: usize, names: &str) -> String {
        match self {
            Self::En => format!("gains {number} credentials of the project: {names}"),
            Self::Zh => format!("获得项目的 {number} 个凭证：{names}"),
        }
    }

    pub(in crate::web) fn loses(self, number: usize, names: &str) -> String {
        match self {
            Self::En => format!("loses {number} credentials of the project: {names}"),
            Self::Zh => format!("失去项目的 {number} 个凭证：{names}"),
        }
    }

    pub(in crate::web) fn all_pods_pull(self, number: usize) -> String {
        match self {
            Self::En if number == 0 => "No pods yet".to_owned(),
            Self::En => format!("All {number} pods pull fine"),
            Self::Zh if number == 0 => "还没有 Pod".to_owned(),
            Self::Zh => format!("全部 {number} 个 Pod 拉取正常"),
        }
    }

    pub(in crate::web) fn failing_pods(self, number: usize) -> String {
        match self {
            Self::En if number == 1 => "1 pod cannot pull".to_owned(),
            Self::En => format!("{number} pods cannot pull"),
            Self::Zh => format!("{number} 个 Pod 拉取失败"),
        }
    }

    /// The word of a state that the registry itself has settled.
    pub(in crate::web) fn ask_word(self, tone: Tone) -> &'static str {
        match tone {
            Tone::Good => self.pullable(),
            Tone::Bad => self.pull_failed(),
            Tone::Warn | Tone::Quiet => self.not_certain(),
        }
    }

    /// What the registry said of a credential, asked for this image.
    pub(in crate::web) fn asked_registry(self, name: &str, reason: &str) -> String {
        match (self, reason) {
            (Self::En, "PullAllowed") => {
                format!("{name} will be used, and the registry lets it pull this image.")
            }
            (Self::Zh, "PullAllowed") => format!("将使用 {name}，镜像库允许其拉取此镜像。"),
            (Self::En, _) => format!(
                "{name} will be used. The registry was asked: {}",
                self.reason_sentence(reason)
            ),
            (Self::Zh, _) => format!("将使用 {name}。镜像库的答复：{}", self.reason_sentence(reason)),
        }
    }

    /// An explanation in one sentence.
    pub(in crate::web) fn answer(self, answer: &Explanation, namespace: &str) -> String {
        if self == Self::En {
            let mut text = answer.message.clone();
            if let Some(first) = text.get_mut(..1) {
                // Names keep their case; sentences that begin with a word of ours do not.
                if answer.credentials.is_empty() {
                    first.make_ascii_uppercase();
                }
            }
            return format!("{text}.");
        }
        let best = answer.credentials.iter().find(|one| one.result != "refused");
        match (answer.verdict, best) {
            (Verdict::Pullable, Some(best)) if best.result == "verified" => {
                format!(
                    "将使用 {}（匹配 {}），镜像库接受该凭证。",
                    best.name, best.pattern
                )
            }
            (Verdict::Pullable, Some(best)) => {
                format!("将使用 {}（匹配 {}），尚未询问镜像库。", best.name, best.pattern)
            }
            (Verdict::Pullable, None) => "节点已有该镜像，并允许此 Pod 使用。".to_owned(),
            (Verdict::Unknown, _) if answer.reason == "NoCredentials" => {
                format!("命名空间 {namespace} 中没有用于此镜像的凭证，因此只能拉取公开镜像。")
            }
            (Verdict::Unknown | Verdict::Failing, _) => self.reason_sentence(&answer.reason).to_owned(),
        }
    }

    /// A line of evidence.
    pub(in crate::web) fn evidence_line(self, source: &str, message: &str, tries: usize) -> String {
        if self == Self::En {
            return match source {
                "node" => format!("Seen by the node: {message}"),
                "decision" => format!("By the decision: {message}"),
                other => format!("{other}: {message}"),
            };
        }
        match source {
            "decision" if tries == 0 => "判定：kubelet 没有可尝试的凭证，将匿名拉取。".to_owned(),
            "decision" => format!("判定：kubelet 有 {tries} 个凭证可尝试，按此顺序。"),
            "node" if message == "the image was pulled" => "节点：镜像已拉取。".to_owned(),
            "node" => format!(
                "节点：{}",
                message.replace("the container waits: ", "容器等待中：")
            ),
            other => format!("{other}：{message}"),
        }
    }

    /// Why a credential is not used.
    pub(in crate::web) fn not_used(self, message: &str, reason: &str) -> String {
        match self {
            Self::En => format!("not used: {message}"),
            Self::Zh => format!("未使用：{}", self.reason(reason)),
        }
    }

    pub(in crate::web) fn scope_code(self, code: &str) -> &'static str {
        match code {
            "namespace" => self.pick("namespace", "命名空间"),
            "project" => self.pick("project", "项目"),
            "cluster" => self.pick("cluster", "集群"),
            "plain" => self.pick("plain Secret", "普通密文"),
            _ => self.pick("pod's own", "Pod 自带"),
        }
    }

    pub(in crate::web) fn delivery_code(self, code: &str) -> &'static str {
        match code {
            "copy" => self.pick("copy", "副本"),
            "on-demand" => self.pick("on demand", "按需"),
            "node" => self.pick("node", "节点"),
            "inject" => self.pick("injected", "注入"),
            _ => self.pick("–", "–"),
        }
    }

    pub(in crate::web) fn result_code(self, code: &str) -> &'static str {
        match code {
            "verified" => self.pick("√ verified", "√ 有效"),
            "refused" => self.pick("× refused", "× 被拒绝"),
            _ => self.pick("untested", "未验证"),
        }
    }
}

/// A number of the largest unit that fits, with its names.
fn unit(seconds: i64) -> (i64, (&'static str, &'static str)) {
    match seconds.max(0) {
        s @ ..60 => (s, ("s", "秒")),
        s @ ..3_600 => (s / 60, ("min", "分钟")),
        s @ ..172_800 => (s / 3_600, ("h", "小时")),
        s => (s / 86_400, ("days", "天")),
    }
}
