//! 简体中文。

use super::Label;

pub(super) fn text(label: Label<'_>) -> String {
    match label {
        Label::Pod => "Pod".into(),
        Label::Image => "镜像".into(),
        Label::Namespace => "命名空间".into(),
        Label::Workload => "工作负载".into(),
        Label::Verdict => "诊断".into(),
        Label::Fix => "修复方法".into(),
        Label::More => "更多".into(),
        Label::PodPlace { account, node } => {
            format!("ServiceAccount {account}，节点 {}", node.unwrap_or("尚无"))
        }
        Label::InNamespace { namespace } => format!("命名空间 {namespace}"),
        Label::CannotPull { failing, total } => format!("{total} 个镜像中有 {failing} 个无法拉取"),
        Label::NoImages => "该 Pod 没有镜像".into(),
        Label::NamespaceFine => "命名空间中没有等待镜像的 Pod".into(),
        Label::PodsFailing { failing } => format!("{failing} 个 Pod 无法拉取镜像"),
        Label::FailingFor { span } => format!("已失败 {span}"),
        Label::RetriesIn { span } => format!("kubelet 约 {span} 后重试"),
        Label::RetriesByItself => "kubelet 会自行重试".into(),
        Label::RestartHint => "加上 --restart-stuck 可立即替换等待中的 Pod".into(),
        Label::PulledLine => "已拉取".into(),
        Label::NotUsed { why } => format!("未使用：{why}"),
        Label::SeenBy { source } => match source {
            "decision" => "依据决策：".into(),
            "registry" => "依据镜像仓库：".into(),
            "node" => "依据节点：".into(),
            other => format!("依据 {other}："),
        },
        Label::Ago { span } => format!("{span} 前"),
        Label::RawWords => "原文：".into(),
        Label::Meaning => "含义".into(),
        Label::WhatToDo => "处理".into(),
        Label::Replaced { pod } => format!("pod/{pod} 已替换"),
        Label::CauseStays { pod } => format!("pod/{pod} 未替换：原因仍然存在"),
        Label::NoController { pod } => {
            format!("pod/{pod} 未替换：没有控制器会重新创建它；kubelet 会自行重试")
        }
        Label::BudgetForbids { pod } => format!("pod/{pod} 未替换：PodDisruptionBudget 目前不允许"),
        Label::OverBudget { left } => format!("还有 {left} 个 Pod 在等待；再次运行，或提高 --max-restarts"),
        Label::NoPullSecrets => "没有镜像拉取密文".into(),
        Label::SameContent { secrets: 1 } => "1 个密文 (Secret) 有此内容".into(),
        Label::SameContent { secrets } => format!("{secrets} 个密文 (Secret) 内容相同"),
        Label::NobodyNames { command } => {
            format!("没有 Pod 或 ServiceAccount 引用它；如果不再需要：{command}")
        }
        Label::StoreOnce { command } => format!("只保存一次：{command}"),
    }
}
