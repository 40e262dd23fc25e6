//! 简体中文。

use super::{Page, Reason};
use keyside_api::Cause;

/// The page of a cause.
pub fn cause(cause: Cause) -> Page {
    let (meaning, advice) = match cause {
        Cause::BadCredentials => (
            "镜像仓库或其令牌服务拒绝了用户名和密码。",
            "镜像仓库明确拒绝：密码输错、已更改或已吊销，账号被锁定，或者 shell 吞掉了一部分（美元符号、末尾换行）。用 `keyside credential set-password NAME --password-stdin` 重新输入。",
        ),
        Cause::NoPullScope => (
            "能登录，但不能读取这个仓库。",
            "密码正确，但没有拉取权限，或者仓库不存在：多数镜像仓库不说明是哪一种。给账号读取权限，或保存有权限的令牌。GHCR 对错误或过期的令牌也这样回答。",
        ),
        Cause::Expired => (
            "镜像仓库说凭证已过期。",
            "新建令牌，用 `keyside credential set-password` 保存。`spec.expiryTime` 让 keyside 在下次到期前提醒。",
        ),
        Cause::AccessDenied => (
            "镜像仓库拒绝访问，不说明仓库是私有、不存在，还是账号不对。",
            "Docker Hub、Quay、Harbor 对匿名者、错误账号和不存在的仓库都这样回答。`keyside explain` 会直接询问镜像仓库，尽量说明是哪一种。",
        ),
        Cause::NotFound => (
            "仓库、标签或摘要不存在，或被镜像仓库隐藏。",
            "检查仓库和标签的拼写，以及标签是否已删除。ECR、GHCR、GitLab、ACR 用这种方式隐藏私有仓库。",
        ),
        Cause::RateLimited => (
            "镜像仓库或其令牌服务要求减少请求。",
            "与凭证无关，凭证不会被标为无效。Docker Hub 按地址限制匿名拉取，登录账号的限额更高。kubelet 会自行重试。",
        ),
        Cause::PolicyBlocked => (
            "镜像仓库自身的策略禁止此镜像；凭证没有问题。",
            "镜像仓库会扫描或隔离镜像，或要求签名。请询问其所有者。",
        ),
        Cause::BlobDenied => (
            "清单可以读取，但某一层被拒绝：存储、路径或缓存。",
            "镜像仓库后面的存储、前面的路径或缓存拒绝了请求。凭证足以读取清单。",
        ),
        Cause::ContentMissing => (
            "镜像仓库列出了它没有的内容。",
            "某一层丢失、垃圾回收出错或缓存过时。重新推送镜像。",
        ),
        Cause::ContentCorrupt => (
            "收到的内容与承诺的摘要不符。",
            "途中的代理、缓存或磁盘改动了字节。重新推送镜像，并检查镜像仓库与节点之间的设备。",
        ),
        Cause::NoMatchingPlatform => (
            "镜像没有适合该节点平台的版本。",
            "也为该节点的处理器构建镜像，改用有该平台的标签，或用 `nodeSelector: {kubernetes.io/arch: ...}` 选择其他节点。",
        ),
        Cause::UnsupportedManifest => (
            "清单的格式节点不支持。",
            "旧镜像仓库的 schema 1 清单已没有运行时支持。用新的工具把镜像复制到自身一次，例如以可以推送的账号运行 `skopeo copy --format oci docker://IMAGE docker://IMAGE`，然后重建 Pod。",
        ),
        Cause::NotARegistry => (
            "有回应，但不是镜像仓库。",
            "回应的是网页或代理。检查镜像中的主机和端口，以及途中是否有认证门户或网关。",
        ),
        Cause::RegistryError => (
            "镜像仓库自身出错 (5xx)。",
            "凭证上一次的结论仍然有效。kubelet 会自行重试。",
        ),
        Cause::DnsFailure => (
            "主机名无法解析。",
            "检查主机名的拼写。如果别处能解析，是节点的域名解析不同：节点不使用集群 DNS。该名称也可能属于令牌服务或存储。",
        ),
        Cause::ConnectionRefused => (
            "该地址没有服务在监听。",
            "镜像仓库没有运行，或在另一个端口监听。如果这里有另一个端口的凭证，`keyside explain` 会给出改正镜像地址的命令；否则在镜像仓库启动之后再检查一次。",
        ),
        Cause::NetworkUnreachable => (
            "没有到该地址的路由。",
            "节点与镜像仓库之间缺少路由或被防火墙阻断。这无法用一条命令在这里修复：`keyside explain` 给出的命令会再检查一次，并在修好之后重建 Pod。",
        ),
        Cause::Timeout => (
            "没有及时得到回应。",
            "丢弃数据包的防火墙或过载的镜像仓库都会这样。",
        ),
        Cause::Interrupted => (
            "连接中断。",
            "代理、负载均衡或空闲限制过早结束连接。kubelet 会自行重试。",
        ),
        Cause::ProxyError => (
            "节点与镜像仓库之间的代理拒绝了请求。",
            "节点的运行时使用代理，而代理拒绝。检查 containerd 或 CRI-O 的 HTTPS_PROXY 和 NO_PROXY。这无法用一条命令在这里修改：`keyside explain` 给出的命令会再检查一次，并在改好之后重建 Pod。",
        ),
        Cause::AddressBlocked => (
            "镜像仓库不向发出请求的地址提供服务。",
            "镜像仓库限定了服务的网段。节点与 keyside 的地址可能不同，因此一个能通过，另一个不能。",
        ),
        Cause::UntrustedCA => (
            "证书的签发机构不受信任。",
            "把签发机构交给节点（containerd：/etc/containerd/certs.d/HOST/ca.crt）。检查 TLS 的代理也会这样。验证时在 `spec.certificateAuthority` 中指定。",
        ),
        Cause::CertificateInvalid => (
            "证书已过期或属于另一个名称。",
            "更新证书，或使用证书中的名称。节点时钟错误也会这样。",
        ),
        Cause::HttpOnlyRegistry => (
            "镜像仓库只提供明文 HTTP，而请求的是 HTTPS。",
            "为镜像仓库启用 TLS。做不到时，要在每个节点上说明该主机使用明文 HTTP：containerd 在 /etc/containerd/certs.d/HOST/hosts.toml 中写 server = \"http://HOST\"，CRI-O 在 registries.conf 中为它写 insecure = true。这无法用一条命令在这里完成：`keyside explain` 给出的命令会再检查一次，并在改好之后重建 Pod。",
        ),
        Cause::TlsProtocolError => (
            "对方不使用 TLS。",
            "通常是端口属于别的服务，要在镜像地址中写正确的端口。如果端口没有写错，则是镜像仓库自己的 TLS 配置有误，只能在那里修复。",
        ),
        Cause::NoCredentials => (
            "镜像仓库要求凭证，但没有提供任何凭证。",
            "用 `keyside credential add` 添加凭证。Pod 的拉取密文列表不会改变，比凭证更早的 Pod 需要重建。",
        ),
        Cause::MissingPullSecret => (
            "Pod 引用的密文 (Secret) 在其命名空间中不存在。",
            "kubelet 会静默跳过。在 Pod 的命名空间中创建它，或从列表中去掉。对公开镜像没有影响。",
        ),
        Cause::BrokenPullSecret => (
            "Pod 引用的密文 (Secret) 无法读取，该 Pod 的所有拉取都会失败。",
            "一个无法解码的字段就足够：引用它的所有 Pod 的所有拉取都失败，包括公开镜像。请替换它；keyside 写出的格式所有程序都能读取。",
        ),
        Cause::InvalidReference => (
            "镜像地址无法解析。",
            "仓库名用小写，标签最多 128 个字符，前面不带协议。",
        ),
        Cause::NeverPull => (
            "节点上没有此镜像，而拉取策略是 Never。",
            "修改 `imagePullPolicy`，或先把镜像放到节点上。",
        ),
        Cause::PullQpsExceeded => (
            "节点同时拉取过多。",
            "kubelet 自我限制 (registryPullQPS, registryBurst)，会自行继续。",
        ),
        Cause::DiskFull => (
            "节点没有剩余空间。",
            "删除不用的镜像或扩大磁盘。kubelet 的垃圾回收可能没跟上。",
        ),
        Cause::SignatureInvalid => (
            "节点的策略拒绝了镜像的签名。",
            "用策略认可的密钥签名，或修改策略。",
        ),
        Cause::ReverificationRefused => (
            "节点上有此镜像，但该 Pod 没有证明自己可以使用它。",
            "从 Kubernetes 1.35 起，已有的镜像只给能证明可以拉取的 Pod。给 Pod 一个有效的凭证，以及允许节点询问的拉取策略。",
        ),
        Cause::NoMatchingCredential => (
            "这里有凭证，但没有一个适用于此镜像。",
            "路径以斜线为界：quay.io/team 不适用于 quay.io/team-b。`keyside explain` 会说出最接近的凭证及其不匹配的原因。放宽它，或为此路径另存一个。",
        ),
        Cause::SecretInWrongNamespace => (
            "适用于此镜像的凭证只在另一个命名空间中。",
            "Pod 只能使用本命名空间的密文。让凭证覆盖项目或集群，把命名空间加入项目，或在这里也添加。",
        ),
        Cause::HostSpelling => (
            "有该镜像仓库的凭证，但地址的写法 kubelet 匹配不到。",
            "对 Docker Hub，kubelet 认识 docker.io 和 https://index.docker.io/v1/，不认识 hub.docker.com 或 registry-1.docker.io；大写和 :443 也有区别。让 keyside 接管这个密文，它会改成有效的写法。",
        ),
    };
    Page { meaning, advice }
}

/// The page of another code.
pub fn reason(reason: Reason) -> Page {
    let (meaning, advice) = match reason {
        Reason::PullAllowed => ("镜像仓库允许用此凭证读取清单。", "无需操作。"),
        Reason::LoggedIn => (
            "能登录；没有已知的仓库可用来测试拉取。",
            "在 `spec.verification.repository` 中指定一个，就会同时测试拉取。",
        ),
        Reason::Unverified => (
            "还没有询问镜像仓库，或其回答不足以判断。",
            "用 `keyside credential verify NAME` 询问。",
        ),
        Reason::SourceMissing => ("没有可验证的密文 (Secret)。", "创建 `spec.source` 指定的密文。"),
        Reason::TokenServiceUnconfirmed => (
            "镜像仓库让客户端去另一台主机上的令牌服务，还没有人确认密码可以发往那里。",
            "如果那台主机是你们的，在 `spec.tokenService` 中确认。什么都没有发送。",
        ),
        Reason::Delivered => ("凭证已下发到所有适用的地方。", "无需操作。"),
        Reason::AllCopiesCurrent => ("范围内每个命名空间都有当前内容。", "无需操作。"),
        Reason::Progressing => ("正在写入副本。", "稍等。"),
        Reason::NameTaken => (
            "某个命名空间中有同名而不属于 keyside 的密文 (Secret)。",
            "它不会被改动，那里的 Pod 使用另一个名称。改其中一个的名称即可恢复原名。",
        ),
        Reason::NamespaceTerminating => ("范围内的一个命名空间正在删除，不会得到副本。", "无需操作。"),
        Reason::Forbidden => (
            "不被允许：某个命名空间因权限、配额或策略拒绝了副本，或者 `keyside check` 的用户无权查看。",
            "查看凭证的事件，其中写明命名空间和原因；`kubectl auth can-i` 显示用户的权限。",
        ),
        Reason::NotProjectHome => (
            "凭证要求项目范围，但不在项目的主命名空间中。",
            "用 `keyside credential move NAME --to-project PROJECT` 移动。",
        ),
        Reason::SourceInvalid => (
            "凭证的密文 (Secret) 不存在或无法使用；副本保持上一次的有效内容。",
            "创建或改正 `spec.source` 指定的密文。",
        ),
        Reason::DestinationChanged => (
            "凭证的目标被改动而没有重新输入密码，因此已暂停。",
            "用 `keyside credential set-password NAME` 重新输入，或撤销改动。",
        ),
        Reason::NodeDelivery => ("不复制：由每个节点上的凭证插件提供。", "无需操作。"),
        Reason::NameGiven => (
            "同一命名空间的 Pod 会得到这个密文的名称；keyside 无权读取该密文，因此不知道它是否存在、是否有效。",
            "无需操作；拉取失败的 Pod 会在事件中说明。",
        ),
        Reason::Accepted => ("所列且存在的命名空间都是项目成员。", "无需操作。"),
        Reason::NamespaceClaimed => ("所列的命名空间属于更早的项目。", "从其中一个项目中去掉。"),
        Reason::NamespaceRecreated => (
            "所列的命名空间被删除后重建，可能已属于别人。",
            "如果仍应是成员，在项目中重新列出。",
        ),
        Reason::HomeNamespaceTaken => (
            "主命名空间属于更早的项目，或是系统命名空间。",
            "在新项目的 `spec.homeNamespace` 中换一个。",
        ),
        Reason::HomeNamespaceMissing => (
            "主命名空间无法创建，或正在删除。",
            "创建它，或允许 keyside 创建命名空间。",
        ),
        Reason::DeliveryConflict => (
            "某个命名空间中有同名而不属于 keyside 的密文 (Secret)。",
            "见 NameTaken。",
        ),
        Reason::DeliveryFailed => ("某个命名空间拒绝了副本。", "见 Forbidden。"),
        Reason::Verified => ("已询问镜像仓库，它接受此凭证。", "无需操作。"),
        Reason::VerificationFailed => (
            "已询问镜像仓库，它拒绝此凭证。",
            "事件写明原因；`keyside explain CAUSE` 显示其说明。",
        ),
        Reason::Rotated => ("所有副本都已换成新内容。", "无需操作。"),
        Reason::RolledBack => ("已恢复之前的内容。", "无需操作。"),
        Reason::Expiring => (
            "凭证即将到期。",
            "新建一个，用 `keyside credential set-password` 保存。",
        ),
        Reason::PullDiagnosed => (
            "keyside 查明了 Pod 的镜像为何无法拉取。",
            "事件写明原因和下一步。",
        ),
        Reason::BackOff => (
            "kubelet 在等待下一次尝试；原因在更早的消息中。",
            "无需操作：查看之前的消息。",
        ),
        Reason::HiddenHubDefault => (
            "Docker Hub 的默认凭证没有被查看，因为 Pod 的密文中有别的键匹配。",
            "以 docker.io 保存；keyside 会写两种写法。",
        ),
        Reason::NotAPullSecret => (
            "Pod 引用的密文 (Secret) 不是镜像拉取密文，kubelet 会忽略它。",
            "类型必须是 kubernetes.io/dockerconfigjson。",
        ),
        Reason::OutOfScope => (
            "凭证不适用于这个命名空间。",
            "用 `keyside credential move` 改变范围。",
        ),
        Reason::NotNeeded => ("它也适用，但另一个优先。", "无需操作。"),
        Reason::NotInjected => (
            "它适用，但这里的 Pod 不会被添加任何凭证。",
            "去掉命名空间上的标签 keyside.dev/inject。",
        ),
        Reason::SourceOf => ("它是某个凭证的来源，由该凭证生效。", "无需操作。"),
        Reason::Unreachable => (
            "API Server 没有回应。",
            "用 `kubectl cluster-info` 检查上下文中的地址和证书。",
        ),
        Reason::TooOld => ("API Server 的版本低于 keyside 支持的版本。", "升级集群。"),
        Reason::KindMissing => (
            "集群没有提供 keyside 的某个资源类型。",
            "用 `keyside crds | kubectl apply -f -` 安装定义。",
        ),
        Reason::WebhookMissing => (
            "没有注册 keyside 的 webhook，因此不会给新的 Pod 添加任何凭证。",
            "keyside 就绪后会自行注册：查看其 Pod 和日志。",
        ),
        Reason::WebhookSilent => (
            "API Server 无法访问 keyside 的 webhook，因此 Pod 创建时得不到所需的凭证。",
            "查看 keyside 命名空间中的 Pod、Service 和网络策略。",
        ),
        Reason::PullSecretNotAdded => (
            "Pod 在等待镜像，创建时没有得到已有的拉取密文：当时 keyside 不在运行，或凭证尚不存在。",
            "Pod 的拉取密文不能更改：用 `keyside explain pod/NAME --restart-stuck` 让其控制器新建一个。",
        ),
        Reason::PolicySilent => (
            "负责添加拉取密文的准入策略没有添加任何内容，也没有任何提示。",
            "查看 API Server 的指标 `apiserver_mutating_admission_policy_check_duration_seconds`，以及策略、绑定和表是否存在；`injection.mode: webhook` 不需要它们。",
        ),
        Reason::FewerRights => (
            "安装时给 keyside 的权限少于它可用的权限，因此它做得更少。",
            "如果这是有意的，无需操作；安装参数 `rbac.mode` 说明有哪些权限，docs/install.md 说明每种权限的用处。",
        ),
        Reason::NotFresh => (
            "没有 keyside 副本在写入，或改动没有被看到。",
            "查看 keyside 命名空间中的 Pod 和日志；已下发的拉取密文保持不变。",
        ),
        Reason::NotDelivered => (
            "凭证范围内的某个命名空间没有得到它。",
            "条件 `Delivered` 写明原因；`keyside explain REASON` 显示其说明。",
        ),
        Reason::Stalled => (
            "凭证在等待人工处理。",
            "条件 `Stalled` 写明等待什么；通常需要用 `keyside credential set-password NAME` 重新输入密码。",
        ),
        Reason::Duplicate => (
            "同一个凭证被手工保存在多个命名空间中。",
            "只保存一次，供全部使用：`keyside import secrets --dry-run` 显示做法。",
        ),
        Reason::PasswordInAnnotation => (
            "kubectl apply 把密码写进了密文 (Secret) 的注解。",
            "删除该注解，并用 `kubectl apply --server-side` 或 `kubectl create` 写入密文。",
        ),
        Reason::WorldReadable => (
            "任何有账号的人都能读取密文 (Secret)。",
            "修改绑定：不应把这个角色授予包含所有用户的组。",
        ),
    };
    Page { meaning, advice }
}
