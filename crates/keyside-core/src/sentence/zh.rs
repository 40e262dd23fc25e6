//! 简体中文。

use super::{About, Sentence, Standing};
use crate::index::Outside;
use crate::page;
use keyside_api::Cause;
use keyside_keychain::keychain::Miss;

pub(super) fn text(sentence: &Sentence) -> String {
    match sentence {
        Sentence::Because { cause, about } => because(*cause, about),
        Sentence::Advice { cause, about } => advice(*cause, about),
        Sentence::AdviceAddress { cause, host, meant } => address(*cause, host, meant.as_deref()),
        Sentence::AdviceRenew => "重建 Pod，使其得到凭证：".into(),
        Sentence::Unparsable { error } => format!("镜像地址无法解析：{error}"),
        Sentence::Pulled => "节点上已有此镜像，Pod 可以使用".into(),
        Sentence::Answers {
            name,
            pattern,
            standing,
        } => match standing {
            Standing::Accepted => format!("{name} 适用于 {pattern}，镜像仓库接受它"),
            Standing::NotAsked => format!("{name} 适用于 {pattern}；未询问镜像仓库"),
            Standing::Unclear => format!("{name} 适用于 {pattern}；镜像仓库的回答不足以判断它是否有效"),
        },
        Sentence::AnswersBehind { name, refused, cause } => {
            format!("{name} 有效，但排在它前面的 {refused} 被拒绝（{cause}）")
        }
        Sentence::AnswersInVain { name, pattern } => {
            format!("{name} 适用于 {pattern}，但节点用它拉取失败")
        }
        Sentence::AllRefused {
            name,
            registry,
            cause,
        } => {
            format!("{registry} 拒绝了 {name}，也没有其他凭证可用：{}", what(*cause))
        }
        Sentence::Public { registry } => format!("{registry} 上的此镜像是公开的，不需要凭证"),
        Sentence::NodeProvider { name } => format!("节点的凭证插件会拿到 {name}"),
        Sentence::NothingAnswers {
            namespace,
            repository,
        } => {
            format!("命名空间 {namespace} 中没有适用于 {repository} 的凭证，只能拉取公开镜像")
        }
        Sentence::CreatedWithout { name } => {
            format!("{name} 适用，但 Pod 创建时还没有它，而 Pod 的列表不会再改变")
        }
        Sentence::SecretMissing { name, namespace } => {
            format!("命名空间 {namespace} 中没有密文 (Secret) {name}")
        }
        Sentence::SecretBroken { name, error } => {
            format!("kubelet 无法读取密文 (Secret) {name}，因此该 Pod 的所有拉取都会失败：{error}")
        }
        Sentence::NotAPullSecret => "它不是镜像拉取密文，kubelet 会忽略它".into(),
        Sentence::HiddenDefault { key, by } => {
            format!("只有没有其他键匹配时 kubelet 才会看 {key}，而 {by} 匹配")
        }
        Sentence::RefusedBefore { cause } => format!("镜像仓库曾拒绝它：{}", what(*cause)),
        Sentence::Suspended => "它的目标被改动而没有重新输入密码，因此已暂停".into(),
        Sentence::Unserved => "它的密文 (Secret) 不存在或无法使用".into(),
        Sentence::Outside(outside) => self::outside(outside).into(),
        Sentence::Spelling { name } => format!("{name} 属于这个镜像仓库，但地址的写法 kubelet 匹配不到"),
        Sentence::SourceOf(id) => format!("它是 {id} 的来源，由后者生效"),
        Sentence::AskedByNode => "由节点索取；它不在任何密文 (Secret) 中".into(),
        Sentence::ComesLater { first } => format!("它也适用，但 {first} 优先"),
        Sentence::NotInjected => "它适用，但这个命名空间的 Pod 不会被添加任何凭证".into(),
        Sentence::ElsewhereManaged { id, outside } => {
            format!("{id} 适用于此镜像，但{}", self::outside(outside))
        }
        Sentence::ElsewherePlain { name, namespace } => format!(
            "密文 (Secret) {name} 适用于此镜像，但在命名空间 {namespace} 中；Pod 只能使用本命名空间的密文"
        ),
        Sentence::Near {
            name,
            pattern,
            repository,
            miss,
        } => format!(
            "{name} 适用于 {pattern}，此镜像是 {repository}：{}",
            self::miss(*miss)
        ),
        Sentence::Tries(0) => "kubelet 没有可尝试的凭证，匿名拉取".into(),
        Sentence::Tries(many) => format!("kubelet 按此顺序尝试 {many} 个凭证"),
        Sentence::Waits { reason } => format!("容器在等待：{reason}"),
        Sentence::NodeSays { cause, by, times: 1 } => format!("{cause}（{by}）"),
        Sentence::NodeSays { cause, by, times } => format!("{cause}（{by}，{times} 次）"),
        Sentence::RegistrySays { name, reason, detail } => {
            let name = name.as_deref().unwrap_or("匿名");
            let detail = if detail.is_empty() {
                String::new()
            } else {
                format!("（{detail}）")
            };
            format!("{name}：{reason}{detail}")
        }
        Sentence::Recovered => "障碍已消除：下一次尝试就能拉取".into(),
    }
}

/// The meaning of a cause inside another sentence.
fn what(cause: Cause) -> &'static str {
    page::zh::cause(cause).meaning.trim_end_matches('。')
}

fn outside(outside: &Outside) -> &'static str {
    match outside {
        Outside::NoNamespace => "没有这个命名空间",
        Outside::Terminating => "命名空间正在删除",
        Outside::Ignored => "命名空间标记了 keyside.dev/ignore",
        Outside::OtherNamespace => "它只适用于自己的命名空间",
        Outside::NotProjectHome => "它要求项目范围，但不在任何项目的主命名空间中",
        Outside::NotMember => "这个命名空间不属于它的项目",
        Outside::SystemNamespace => "它不适用于系统命名空间",
        Outside::Excluded => "它排除了这个命名空间",
        Outside::NotSelected => "它的选择器没有选中这个命名空间",
        Outside::NoRight => "它需要副本，而 keyside 没有写副本的权限",
    }
}

fn miss(miss: Miss) -> &'static str {
    match miss {
        Miss::HostSpelling => "同一镜像仓库的另一种写法",
        Miss::OtherPort => "同一主机的另一个端口",
        Miss::Neighbour => "路径只是开头相同",
        Miss::OtherPath => "同一镜像仓库的另一个路径",
        Miss::OtherDepth => "不包括子域名；一个通配符只代表一段",
        Miss::OtherRegistry => "另一个镜像仓库",
    }
}

fn because(cause: Cause, about: &About) -> String {
    let About {
        registry,
        repository,
        version,
        credential,
        host,
    } = about;
    let host = host.as_deref().unwrap_or(registry);
    let name = credential.as_deref().unwrap_or("该凭证");
    match cause {
        Cause::BadCredentials => format!("{registry} 拒绝了 {name} 的用户名和密码"),
        Cause::NoPullScope => format!("{name} 能登录 {registry}，但不能读取 {repository}（或该仓库不存在）"),
        Cause::Expired => format!("{registry} 说 {name} 已过期"),
        Cause::AccessDenied => {
            format!("{registry} 拒绝访问 {repository}，没有说明它是私有、不存在，还是 {name} 账号不对")
        }
        Cause::NotFound => format!("{registry} 上没有 {repository} 的 {version}，或者它被隐藏"),
        Cause::RateLimited => format!("{registry} 要求减少请求；与凭证无关"),
        Cause::PolicyBlocked => format!("{registry} 的策略禁止此镜像；凭证没有问题"),
        Cause::BlobDenied => {
            format!("{registry} 允许了 {repository} 的清单，却拒绝了某一层：存储、路径或缓存")
        }
        Cause::ContentMissing => format!("{registry} 列出了 {repository} 的内容，却没有这些内容"),
        Cause::ContentCorrupt => format!("{registry} 发来的 {repository} 内容与摘要不符"),
        Cause::NoMatchingPlatform => format!("{repository} 的 {version} 没有适合该节点平台的版本"),
        Cause::UnsupportedManifest => format!("{repository} 的清单格式节点不支持"),
        Cause::NotARegistry => format!("{host} 有回应，但不是镜像仓库"),
        Cause::RegistryError => format!("{host} 自身出错 (5xx)"),
        Cause::DnsFailure => format!("域名 {host} 无法解析"),
        Cause::ConnectionRefused => format!("{host} 没有服务在监听"),
        Cause::NetworkUnreachable => format!("没有到 {host} 的路由"),
        Cause::Timeout => format!("{host} 没有及时回应"),
        Cause::Interrupted => format!("与 {host} 的连接中断"),
        Cause::ProxyError => format!("到 {host} 途中的代理拒绝了请求"),
        Cause::AddressBlocked => format!("{registry} 不向发出请求的地址提供服务"),
        Cause::UntrustedCA => format!("{host} 的证书由不受信任的机构签发"),
        Cause::CertificateInvalid => format!("{host} 的证书已过期或属于另一个名称"),
        Cause::HttpOnlyRegistry => format!("{host} 只提供明文 HTTP，而请求的是 HTTPS"),
        Cause::TlsProtocolError => format!("{host} 不使用 TLS"),
        Cause::NoCredentials => format!("{registry} 要求 {repository} 的凭证，但没有提供任何凭证"),
        Cause::MissingPullSecret => "Pod 引用的密文 (Secret) 不存在".into(),
        Cause::BrokenPullSecret => "Pod 引用的密文 (Secret) 无法读取，因此该 Pod 的所有拉取都会失败".into(),
        Cause::InvalidReference => "镜像地址无法解析".into(),
        Cause::NeverPull => "节点上没有此镜像，而拉取策略是 Never".into(),
        Cause::PullQpsExceeded => "节点同时拉取过多，超过了自身限制".into(),
        Cause::DiskFull => "节点没有足够的磁盘空间".into(),
        Cause::SignatureInvalid => "节点的策略拒绝了镜像签名".into(),
        Cause::ReverificationRefused => "节点上有此镜像，但该 Pod 没有证明自己可以使用它".into(),
        Cause::NoMatchingCredential => format!("这里有凭证，但没有一个适用于 {repository}"),
        Cause::SecretInWrongNamespace => format!("适用于 {repository} 的凭证只在另一个命名空间中"),
        Cause::HostSpelling => format!("有 {registry} 的凭证，但地址的写法 kubelet 匹配不到"),
    }
}

fn address(cause: Cause, host: &str, meant: Option<&str>) -> String {
    let Some(meant) = meant else {
        return match cause {
            Cause::DnsFailure => format!(
                "把 HOST 换成正确的主机名；如果 {host} 没有写错，则要让节点能解析它，之后 kubelet 会自行继续："
            ),
            _ => format!(
                "把 HOST 换成正确的主机和端口；如果 {host} 没有写错，则那里是别的服务，移除之后 kubelet 会自行继续："
            ),
        };
    };
    let otherwise = match cause {
        Cause::DnsFailure => "要让节点能解析它",
        Cause::ConnectionRefused => "要启动该镜像仓库",
        Cause::HttpOnlyRegistry | Cause::TlsProtocolError => "要为它启用 TLS",
        _ => "要移除那里的别的服务",
    };
    format!(
        "这里有 {meant} 的凭证：如果指的是它，就改正镜像地址；如果 {host} 没有写错，则{otherwise}，之后 kubelet 会自行继续："
    )
}

fn advice(cause: Cause, about: &About) -> String {
    let About {
        registry,
        repository,
        host,
        ..
    } = about;
    let host = host.as_deref().unwrap_or(registry);
    match cause {
        Cause::BadCredentials => format!("重新输入密码，或在 {registry} 新建令牌："),
        Cause::NoPullScope => format!(
            "在 {registry} 上给该账号 {repository} 的拉取权限（例如 read_registry），或输入另一个令牌："
        ),
        Cause::Expired => format!("在 {registry} 新建令牌并保存："),
        Cause::AccessDenied => format!("确认 {repository} 存在且该账号可以拉取，然后重新输入密码："),
        Cause::NotFound => "改用存在的标签：".into(),
        Cause::RateLimited => "等待，或使用限额更高的账号拉取；然后：".into(),
        Cause::PolicyBlocked => format!("询问 {repository} 的所有者是哪条规则（漏洞、签名、隔离）；然后："),
        Cause::BlobDenied | Cause::ContentMissing | Cause::ContentCorrupt => {
            format!("重新把镜像推送到 {registry}，或清除它与节点之间的缓存；然后：")
        }
        Cause::NoMatchingPlatform => "改用为该节点平台构建的镜像，或选择其他节点：".into(),
        Cause::UnsupportedManifest => {
            "用可以推送的账号 (skopeo login) 转换镜像，或用新的工具重新推送：".into()
        }
        Cause::NotARegistry => format!("修复 {host}：它有回应，但内容不对；然后："),
        Cause::RegistryError => format!("这里无事可做：等 {host} 恢复；然后："),
        Cause::DnsFailure => format!("让节点能解析 {host}；然后："),
        Cause::ConnectionRefused | Cause::NetworkUnreachable | Cause::Timeout | Cause::Interrupted => {
            format!("让节点能够访问 {host}（主机、端口、防火墙）；然后：")
        }
        Cause::ProxyError => format!("让节点的代理放行 {host}，或不经代理访问 {host}；然后："),
        Cause::AddressBlocked => format!("在 {registry} 上允许节点的地址；然后："),
        Cause::UntrustedCA => {
            format!("让节点信任 {host} 的签发机构（containerd：certs.d/{registry}/ca.crt）；然后：")
        }
        Cause::CertificateInvalid => format!("更新 {host} 的证书；然后："),
        Cause::HttpOnlyRegistry => format!(
            "为 {host} 启用 TLS，或让每个节点对它使用明文 HTTP（做法见 keyside explain HttpOnlyRegistry）；然后："
        ),
        Cause::TlsProtocolError => format!("让 {host} 使用 TLS，或移除在那里监听的别的服务；然后："),
        Cause::NoCredentials | Cause::NoMatchingCredential => format!("添加 {registry} 的凭证："),
        Cause::SecretInWrongNamespace => "让凭证覆盖这个命名空间，或在这里也添加：".into(),
        Cause::HostSpelling => "让 keyside 接管这个密文 (Secret)，改成有效的写法：".into(),
        Cause::MissingPullSecret => "创建这个密文 (Secret)：".into(),
        Cause::BrokenPullSecret => "替换这个密文 (Secret)：".into(),
        Cause::InvalidReference => "改正镜像地址：".into(),
        Cause::NeverPull => "允许节点拉取镜像：".into(),
        Cause::ReverificationRefused => format!("让 Pod 使用 {registry} 的凭证拉取："),
        Cause::PullQpsExceeded => "等待，或提高 kubelet 的 registryPullQPS；然后：".into(),
        Cause::DiskFull => "清理节点的磁盘空间；然后：".into(),
        Cause::SignatureInvalid => "用节点策略认可的密钥签名镜像；然后：".into(),
    }
}
