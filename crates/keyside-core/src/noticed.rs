//! What the lint noticed about a credential, in the reader's language. English is the lint's own.

use crate::language::Language;
use keyside_keychain::lint::{Finding, Level, Rule};
use keyside_keychain::pattern::Warning;

/// What was noticed, about which key, and what follows from it.
pub fn sentence(finding: &Finding, language: Language) -> String {
    match language {
        Language::En => finding.to_string(),
        Language::Zh => zh(finding),
    }
}

/// How much it matters, in a word.
pub fn level(level: Level, language: Language) -> &'static str {
    match (level, language) {
        (Level::Accept, Language::En) => "info",
        (Level::Warn, Language::En) => "warning",
        (Level::Reject, Language::En) => "error",
        (Level::Accept, Language::Zh) => "提示",
        (Level::Warn, Language::Zh) => "警告",
        (Level::Reject, Language::Zh) => "错误",
    }
}

/// The sentence in Chinese.
pub fn zh(finding: &Finding) -> String {
    match &finding.key {
        Some(key) => format!("{key}：{}", rule(finding.rule)),
        None => rule(finding.rule).to_owned(),
    }
}

fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::BrokenForKubelet => "kubelet 无法读取此文档，引用它的 Pod 的所有拉取都会失败。",
        Rule::RefusedByApiServer => "API server 不接受此文档。",
        Rule::PointsToStore => "此文件仅指向凭证存储，其中没有密码。请在不使用凭证存储的情况下重新登录。",
        Rule::NoCredential => "其中没有凭证。",
        Rule::EmptyEntry => "条目没有用户名和密码，kubelet 会以空凭证尝试拉取。",
        Rule::EmptyUser => "用户名为空，运行时会视为没有凭证。",
        Rule::EmptyPassword => "密码为空，containerd 会视为没有凭证。",
        Rule::AuthContradicts => "auth 与用户名/密码不一致，以 auth 为准。",
        Rule::AuthMissing => "缺少 auth 字段，保存时会补上。",
        Rule::AuthUnpadded => "auth 缺少填充字符，Docker CLI 会拒绝。",
        Rule::ColonInUser => "用户名包含冒号，无法写入 auth。",
        Rule::BlankEdge => "值的首尾有空格、换行或 NUL 字符，将原样发送给镜像库，通常并非本意。",
        Rule::NotText => "值不是 UTF-8 文本。",
        Rule::ReplacedText => "无效的 UTF-8 字符已被替换。",
        Rule::DuplicateNames => "同一名称出现两次，以最后一个为准。",
        Rule::TokenIgnored => "kubelet 会忽略 identitytoken，请改用用户名和密码。",
        Rule::EatenByShell => "用户名似乎缺少美元符号之后的部分，在命令行中请用单引号括住。",
        Rule::LegacyForm => "使用旧格式。",
        Rule::KeyRewritten => "镜像库地址中的协议、版本、端口或大小写已规范化。",
        Rule::KeyUnreachable => "kubelet 永远不会在此键下找到凭证。",
        Rule::KeyRefused => "这不是镜像库地址。",
        Rule::SameRegistryTwice => "同一镜像库出现两次。",
        Rule::Trap(Warning::OfferedToEveryHost) => "通配符主机：密码会发送给任何匹配的主机。",
        Rule::Trap(Warning::IncludesDockerHub) => "通配符也匹配 Docker Hub。",
        Rule::Trap(Warning::HidesHubDefault) => "会遮盖 Docker Hub 的默认凭证。",
        Rule::Trap(Warning::OfferedToNeighbours) => "kubelet 也会将其用于仅以此路径开头的仓库。",
        Rule::Trap(Warning::AddressWithoutPort) => "没有端口的 IPv6 地址无法使用拉取密文。",
        Rule::Trap(Warning::ReadAsHubUser) => "没有点和端口的主机名会被视为 Docker Hub 用户。",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyside_keychain::lint;
    use keyside_keychain::{Credential, Form};

    #[test]
    fn same_finding_is_said_in_both_languages_and_without_the_value() {
        let credential = Credential::new("canary-user", "canary-word\n");
        let (findings, _) = lint::entry("quay.io/team", &credential);
        let edge = findings
            .iter()
            .find(|finding| finding.rule == Rule::BlankEdge)
            .expect("it ends in a line break");
        let said = |language| format!("{}: {}", level(edge.level, language), sentence(edge, language));
        let (english, chinese) = (said(Language::En), said(Language::Zh));
        assert!(
            english.starts_with("warning: ") && english.contains("blank, newline or NUL at the edge"),
            "{english}"
        );
        assert!(
            chinese.starts_with("警告: ") && chinese.contains("值的首尾有空格"),
            "{chinese}"
        );
        assert!(!english.contains("canary") && !chinese.contains("canary"));
        let broken = lint::document(Form::ConfigJson, br#"{"auths":{"x.example":{"auth":"%%%"}}}"#);
        assert!(sentence(&broken[0], Language::Zh).contains("kubelet 无法读取此文档"));
    }
}
