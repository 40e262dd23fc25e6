//! Sentences with something in them.

use super::Lang;
use crate::badge::Tone;
use keyside_core::sentence::Sentence;
use keyside_oci::verify::Name;

impl Lang {
    /// `3 min ago`.
    pub(crate) fn ago(self, seconds: i64) -> String {
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
    pub(crate) fn ahead(self, seconds: i64) -> String {
        let (number, unit) = unit(seconds);
        match self {
            Self::En => format!("in {number} {}", unit.0),
            Self::Zh => format!("还有 {number} {}", unit.1),
        }
    }

    /// What has just been done, by the code in a link.
    pub(crate) fn done(self, code: &str) -> &'static str {
        match code {
            "saved" => self.pick("Saved.", "已保存。"),
            "deleted" => self.pick("Deleted.", "已删除。"),
            "rolled-back" => self.pick("Rolled back.", "已回滚。"),
            "forgotten" => self.pick("The older contents are forgotten.", "历史版本已清除。"),
            "moved" => self.pick("The scope was changed.", "范围已更改。"),
            "deployed" => self.pick(
                "Running. The pull is followed below.",
                "已运行。下面显示拉取进度。",
            ),
            "opened" => self.pick("Opened.", "已打开。"),
            _ => "",
        }
    }

    pub(crate) fn failure_title(self, status: u16) -> String {
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

    pub(crate) fn missing_right(self, verb: &str, resource: &str, namespace: &str) -> String {
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

    pub(crate) fn shown_of(self, shown: usize, matching: usize, total: usize) -> String {
        let is_all = matching == total;
        match self {
            Self::En if is_all => format!("{shown} of {total}"),
            Self::En => format!("{shown} of {matching} that match, {total} in all"),
            Self::Zh if is_all => format!("显示 {shown} 个，共 {total} 个"),
            Self::Zh => format!("显示 {shown} 个，符合条件 {matching} 个，共 {total} 个"),
        }
    }

    pub(crate) fn new_is_refused(self, reason: &str) -> String {
        match self {
            Self::En => {
                format!("The registry refuses the new password ({reason}). Pods would not pull with it.")
            }
            Self::Zh => format!("镜像库拒绝新密码（{reason}）。使用它将无法拉取镜像。"),
        }
    }

    pub(crate) fn not_all_pods(self, number: usize) -> String {
        match self {
            Self::En => format!("Only the first {number} pods were looked at; others may use it."),
            Self::Zh => format!("仅查看了前 {number} 个 Pod；可能还有其他 Pod 在使用它。"),
        }
    }

    pub(crate) fn and_more(self, number: usize) -> String {
        match self {
            Self::En => format!("and {number} more"),
            Self::Zh => format!("还有 {number} 个"),
        }
    }

    pub(crate) fn address_help(self, example: &str) -> String {
        match self {
            Self::En => format!(
                "Such as {example}. An image, a URL, a docker login line, a kubectl line or a config.json can be pasted too."
            ),
            Self::Zh => format!(
                "例如 {example}。也可以粘贴镜像、URL、docker login 命令、kubectl 命令或 config.json。"
            ),
        }
    }

    pub(crate) fn understood_url(self, registry: &str) -> String {
        match self {
            Self::En => format!("Understood as {registry}: scheme and version path were removed."),
            Self::Zh => format!("识别为 {registry}：已去除协议和版本路径。"),
        }
    }

    pub(crate) fn understood_image(self, registry: &str) -> String {
        match self {
            Self::En => format!("Understood as an image of {registry}."),
            Self::Zh => format!("识别为 {registry} 的镜像。"),
        }
    }

    pub(crate) fn understood_line(self, line: &str, registry: &str) -> String {
        match self {
            Self::En => format!(
                "Understood as a {line} line for {registry}. The password was not taken over: enter it below."
            ),
            Self::Zh => format!("识别为 {registry} 的 {line} 命令。未采用其中的密码：请在下方输入。"),
        }
    }

    pub(crate) fn understood_config(self, entries: usize) -> String {
        match self {
            Self::En => {
                format!("Understood as a docker config with {entries} registries. Paste it below once more.")
            }
            Self::Zh => format!("识别为包含 {entries} 个镜像库的 Docker 配置。请在下方重新粘贴。"),
        }
    }

    pub(crate) fn name_taken(self, name: &str, namespace: &str) -> String {
        match self {
            Self::En => format!(
                "The name {name} is taken: a Secret {name} is in namespace {namespace} already. It would not be overwritten; choose another name."
            ),
            Self::Zh => format!(
                "名称 {name} 已被占用：命名空间 {namespace} 中已有密文 {name}。不会覆盖它，请使用其他名称。"
            ),
        }
    }

    pub(crate) fn project_exists(self, name: &str) -> String {
        match self {
            Self::En => format!("There is a project {name} already."),
            Self::Zh => format!("项目 {name} 已存在。"),
        }
    }

    pub(crate) fn workload_exists(self, name: &str, namespace: &str) -> String {
        match self {
            Self::En => format!("There is a deployment {name} in namespace {namespace} already."),
            Self::Zh => format!("命名空间 {namespace} 中已有部署 {name}。"),
        }
    }

    pub(crate) fn no_such_namespace(self, namespace: &str) -> String {
        match self {
            Self::En => format!("There is no namespace {namespace}."),
            Self::Zh => format!("没有命名空间 {namespace}。"),
        }
    }

    pub(crate) fn not_found(self, what: &str, namespace: &str) -> String {
        match self {
            Self::En => format!("There is no {what} in namespace {namespace}."),
            Self::Zh => format!("命名空间 {namespace} 中没有 {what}。"),
        }
    }

    pub(crate) fn reach_namespace(self, namespace: &str) -> String {
        match self {
            Self::En => format!("Only the namespace {namespace}."),
            Self::Zh => format!("仅命名空间 {namespace}。"),
        }
    }

    pub(crate) fn reach_project(self, number: usize) -> String {
        match self {
            Self::En if number == 1 => "1 namespace now, and every new one in the project:".to_owned(),
            Self::En => format!("{number} namespaces now, and every new one in the project:"),
            Self::Zh => format!("现有 {number} 个命名空间，以及项目中所有新的命名空间："),
        }
    }

    /// `is_cut`: there are more pods than were looked at.
    pub(crate) fn matched_workloads(self, number: usize, is_cut: bool) -> String {
        match (self, number) {
            (Self::En, 0) if is_cut => {
                "None of the workloads that were looked at has an image this is for.".to_owned()
            }
            (Self::En, 0) => "No workload there has an image this is for.".to_owned(),
            (Self::En, 1) if !is_cut => "1 workload there has an image this is for:".to_owned(),
            (Self::En, _) if is_cut => {
                format!("At least {number} there, of those that were looked at, have an image this is for:")
            }
            (Self::En, _) => format!("{number} workloads there have an image this is for:"),
            (Self::Zh, 0) if is_cut => "已查看的工作负载中没有适用的镜像。".to_owned(),
            (Self::Zh, 0) => "其中没有工作负载使用适用的镜像。".to_owned(),
            (Self::Zh, _) if is_cut => format!("在已查看的范围内，至少 {number} 个工作负载使用适用的镜像："),
            (Self::Zh, _) => format!("其中 {number} 个工作负载使用适用的镜像："),
        }
    }

    pub(crate) fn reach_cluster(self, number: usize) -> String {
        match self {
            Self::En => {
                format!("{number} namespaces now, and every new one. System namespaces are left out.")
            }
            Self::Zh => format!("现有 {number} 个命名空间，以及所有新的命名空间。不包括系统命名空间。"),
        }
    }

    pub(crate) fn delivered_to(self, delivered: i64, desired: i64, conflicts: i64) -> String {
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

    pub(crate) fn saved_bytes(self, bytes: usize) -> String {
        match self {
            Self::En => format!("Saved ({bytes} bytes). Empty keeps it."),
            Self::Zh => format!("已保存（{bytes} 字节）。留空则保持不变。"),
        }
    }

    /// After the words of a button, for those who hear it alone.
    pub(crate) fn to_number(self, number: usize) -> String {
        match self {
            Self::En => format!("to number {number}"),
            Self::Zh => format!("到版本 {number}"),
        }
    }

    /// A step of a verification; in English as the command line says it.
    pub(crate) fn step(self, name: Name) -> &'static str {
        let zh = match name {
            Name::Resolve => "名称解析",
            Name::Connect => "连接与 TLS",
            Name::Registry => "/v2/ 是镜像库",
            Name::Login => "登录",
            Name::Pull => "拉取权限",
        };
        self.pick(name.title(), zh)
    }

    /// Why a step took no time.
    pub(crate) fn took_nothing(self, name: Name) -> &'static str {
        match name {
            Name::Resolve => self.pick("no lookup", "无需解析"),
            _ => self.pick("reused", "复用连接"),
        }
    }

    pub(crate) fn edit_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Edit {name}"),
            Self::Zh => format!("编辑 {name}"),
        }
    }

    pub(crate) fn move_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Change the scope of {name}"),
            Self::Zh => format!("更改 {name} 的范围"),
        }
    }

    pub(crate) fn delete_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Delete {name}"),
            Self::Zh => format!("删除 {name}"),
        }
    }

    pub(crate) fn delete_used(self, number: usize) -> String {
        match self {
            Self::En if number == 1 => {
                "1 running pod uses it. It could not be started again on another node:".to_owned()
            }
            Self::En => {
                format!("{number} running pods use it. They could not be started again on another node:")
            }
            Self::Zh => format!("{number} 个运行中的 Pod 正在使用它。它们将无法在其他节点上重新启动："),
        }
    }

    pub(crate) fn type_name(self, name: &str) -> String {
        match self {
            Self::En => format!("Type {name} to delete it nevertheless"),
            Self::Zh => format!("如仍要删除，请输入 {name}"),
        }
    }

    pub(crate) fn gains(self, number: usize, names: &str) -> String {
        match self {
            Self::En => format!("gains {number} credentials of the project: {names}"),
            Self::Zh => format!("获得项目的 {number} 个凭证：{names}"),
        }
    }

    pub(crate) fn loses(self, number: usize, names: &str) -> String {
        match self {
            Self::En => format!("loses {number} credentials of the project: {names}"),
            Self::Zh => format!("失去项目的 {number} 个凭证：{names}"),
        }
    }

    /// `is_cut`: there are more than were looked at.
    pub(crate) fn all_pods_pull(self, number: usize, is_cut: bool) -> String {
        match self {
            Self::En if number == 0 => "No pods yet".to_owned(),
            Self::En if is_cut => format!("The {number} pods that were looked at pull fine"),
            Self::En => format!("All {number} pods pull fine"),
            Self::Zh if number == 0 => "还没有 Pod".to_owned(),
            Self::Zh if is_cut => format!("已查看的 {number} 个 Pod 拉取正常"),
            Self::Zh => format!("全部 {number} 个 Pod 拉取正常"),
        }
    }

    pub(crate) fn failing_pods(self, number: usize) -> String {
        match self {
            Self::En if number == 1 => "1 pod cannot pull".to_owned(),
            Self::En => format!("{number} pods cannot pull"),
            Self::Zh => format!("{number} 个 Pod 拉取失败"),
        }
    }

    /// The word of a state that the registry itself has settled.
    pub(crate) fn ask_word(self, tone: Tone) -> &'static str {
        match tone {
            Tone::Good => self.pullable(),
            Tone::Bad => self.pull_failed(),
            Tone::Warn | Tone::Quiet => self.not_certain(),
        }
    }

    /// What the registry said of a credential, asked for this image.
    pub(crate) fn asked_registry(self, name: &str, reason: &str) -> String {
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

    /// What a decision says, as the command line says it.
    pub(crate) fn sentence(self, sentence: &Sentence) -> String {
        let text = sentence.text(self.core());
        match self {
            Self::En => format!("{text}."),
            Self::Zh => format!("{}。", text.trim_end_matches('。')),
        }
    }

    /// A line of evidence.
    pub(crate) fn evidence_line(self, source: &str, sentence: &Sentence) -> String {
        let text = sentence.text(self.core());
        match (self, source) {
            (Self::En, "node") => format!("Seen by the node: {text}"),
            (Self::En, "registry") => format!("Seen by the registry: {text}"),
            (Self::En, _) => format!("By the decision: {text}"),
            (Self::Zh, "node") => format!("节点：{text}"),
            (Self::Zh, "registry") => format!("镜像库：{text}"),
            (Self::Zh, _) => format!("判定：{text}"),
        }
    }

    /// Why a credential is not used.
    pub(crate) fn not_used(self, sentence: &Sentence) -> String {
        let text = sentence.text(self.core());
        match self {
            Self::En => format!("not used: {text}"),
            Self::Zh => format!("未使用：{text}"),
        }
    }

    pub(crate) fn scope_code(self, code: &str) -> &'static str {
        match code {
            "namespace" => self.pick("namespace", "命名空间"),
            "project" => self.pick("project", "项目"),
            "cluster" => self.pick("cluster", "集群"),
            "plain" => self.pick("plain Secret", "普通密文"),
            _ => self.pick("pod's own", "Pod 自带"),
        }
    }

    pub(crate) fn delivery_code(self, code: &str) -> &'static str {
        match code {
            "copy" => self.pick("copy", "副本"),
            "on-demand" => self.pick("on demand", "按需"),
            "node" => self.pick("node", "节点"),
            "inject" => self.pick("injected", "注入"),
            _ => self.pick("–", "–"),
        }
    }

    pub(crate) fn result_code(self, code: &str) -> &'static str {
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
