//! 简体中文。

use super::{Grade, Language, Said, meaning};

pub(super) fn text(said: &Said) -> String {
    match said {
        Said::TooOld { version, oldest } => format!("Kubernetes {version} 低于 1.{oldest}"),
        Said::MayNot { verb, resource } => format!("该用户没有权限：{verb} {resource}"),
        Said::NotServed { kind } => format!("集群没有提供 {kind}"),
        Said::NoWebhook => "没有注册 webhook，因此不会给新的 Pod 添加任何凭证".to_owned(),
        Said::NotHeard => "webhook 没有回应：Pod 创建时得不到所需的凭证".to_owned(),
        Said::NotReached => "API Server 无法访问 webhook".to_owned(),
        Said::NoAnswer => "API Server 没有回应".to_owned(),
        Said::MayNotTry => "该用户连试创建凭证也没有权限，因此没有询问 webhook".to_owned(),
        Said::HolderSilent { holder, seconds } => {
            format!("{holder} 负责 keyside 的写入，已 {seconds} 秒没有动静")
        }
        Said::NoHolder => "没有 keyside 副本在写入".to_owned(),
        Said::NotSeen { object } => format!("{object}：最近的改动还没有被看到"),
        Said::Condition { object, message } => format!("{object}：{message}"),
        Said::Taken { object, count } => format!("{object}：名称在 {count} 个命名空间中已被占用"),
        Said::Refused {
            object,
            reason,
            registries,
        } => {
            let place = match registries.as_str() {
                "" => String::new(),
                some => format!("{some} 上 "),
            };
            format!("{object}：{place}{reason}：{}", meaning(reason, Language::Zh))
        }
        Said::Expired { object, span } => format!("{object} 已过期 {span}"),
        Said::Expires { object, span } => format!("{object} 将在 {span} 后到期"),
        Said::Missing { namespace, name } => format!("{namespace}：引用的密文 (Secret) {name} 不存在"),
        Said::Unreadable { namespace, name } => format!("{namespace}：kubelet 无法读取密文 (Secret) {name}"),
        Said::Several { count, registries } => {
            format!("{count} 个密文 (Secret) 保存了 {registries} 的同一个凭证")
        }
        Said::PolicySilent { image, namespace } => {
            format!(
                "策略没有给命名空间 {namespace} 中使用 {image} 的 Pod 添加任何内容：Pod 创建时得不到所需的凭证"
            )
        }
        Said::PolicyFailed { count } => {
            format!("API Server 启动以来，策略失败了 {count} 次：这些 Pod 创建时可能没有得到所需的凭证")
        }
        Said::NamesOnly => "keyside 无权使用其他命名空间的密文 (`inject`)：它不复制任何内容，只把同一命名空间的 RegistryCredential 所引用的密文名称加到 Pod".to_owned(),
        Said::Blind => "keyside 只写副本而看不到副本 (`blind`)：被改动或删除的副本要到下次轮换或启动时才恢复，手工创建的密文不会提供给 Pod，keyside 停止期间删除的凭证的副本会保留".to_owned(),
        Said::Confined => "keyside 只在部分命名空间中工作 (`namespaced`)：不处理项目和 ClusterRegistryCredential，写入有误的对象时也不会被拒绝".to_owned(),
        Said::Missed {
            namespace,
            pod,
            lacking,
        } => {
            format!("{namespace}：Pod {pod} 在等待镜像，创建时没有得到 {lacking}")
        }
        Said::Annotated { namespace, name } => {
            format!("{namespace}：密文 (Secret) {name} 的 kubectl apply 注解含有密码")
        }
        Said::Readable { by, who, namespace } => match namespace {
            Some(namespace) => format!("{by} 允许 {who} 读取 {namespace} 的密文 (Secret)"),
            None => format!("{by} 允许 {who} 读取集群的所有密文 (Secret)"),
        },
        Said::Category { count, all, worst } => match worst {
            Grade::Success => format!("{all} 项检查"),
            Grade::Warning => format!("{all} 项中 {count} 项警告"),
            Grade::Error => format!("{all} 项中 {count} 项失败"),
        },
        Said::Total {
            all,
            fine,
            warnings,
            failed,
        } => format!("{all} 项检查：{fine} 项正常，{warnings} 项警告，{failed} 项失败"),
        Said::Written { path } => format!("已写入 {path}，不含名称"),
        Said::Fix => "解决：".to_owned(),
    }
}
