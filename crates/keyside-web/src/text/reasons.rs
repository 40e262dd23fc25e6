//! Reasons in words. The code always stands beside them.

use super::Lang;
use keyside_api::Cause;
use keyside_core::noticed;
use keyside_keychain::lint::Finding;

impl Lang {
    /// A reason in a word or two.
    pub(crate) fn reason(self, code: &str) -> &'static str {
        if let Some(cause) = Cause::parse(code) {
            return self.cause_word_of(cause);
        }
        match code {
            "PullAllowed" => self.pick("Pull allowed", "允许拉取"),
            "LoggedIn" => self.pick("Login works", "登录成功"),
            "Unverified" => self.unverified(),
            "SourceMissing" => self.pick("No Secret", "没有密文"),
            "TokenServiceUnconfirmed" => self.pick("Token service not confirmed", "令牌服务未确认"),
            "AllCopiesCurrent" | "Delivered" => self.pick("Delivered", "已下发"),
            "Progressing" => self.pick("Being delivered", "正在下发"),
            "NameTaken" => self.pick("Conflict", "冲突"),
            "NamespaceTerminating" => self.pick("A namespace is being deleted", "命名空间正在删除"),
            "Forbidden" => self.pick("A namespace refuses the copy", "命名空间拒绝副本"),
            "NotProjectHome" => self.pick("Not in a project's home", "不在项目的主命名空间中"),
            "SourceInvalid" => self.pick("Secret cannot be used", "密文不可用"),
            "DestinationChanged" => self.pick("Destination changed", "目标已更改"),
            "NodeDelivery" => self.pick("Delivered on the node", "由节点下发"),
            "NamespaceClaimed" => self.pick("A namespace belongs to another project", "命名空间属于其他项目"),
            "NamespaceRecreated" => self.pick("A namespace was made anew", "命名空间已重新创建"),
            "HomeNamespaceTaken" => self.pick("Home namespace is taken", "主命名空间已被占用"),
            "HomeNamespaceMissing" => self.pick("Home namespace is missing", "缺少主命名空间"),
            _ => self.pick("Needs attention", "需要处理"),
        }
    }

    /// A reason in a sentence.
    pub(crate) fn reason_sentence(self, code: &str) -> &'static str {
        if let Some(cause) = Cause::parse(code) {
            return self.cause(cause);
        }
        match code {
            "PullAllowed" => self.pick("A manifest could be read.", "可以读取镜像清单。"),
            "LoggedIn" => self.pick(
                "The login works; no repository is known to test the pull with.",
                "登录成功；没有可用于测试拉取的仓库。",
            ),
            "Unverified" | "" => self.pick("The registry was not asked yet.", "尚未询问镜像库。"),
            "SourceMissing" => self.pick("There is no Secret to verify.", "没有可验证的密文。"),
            "TokenServiceUnconfirmed" => self.pick(
                "The registry names a token service that nobody has confirmed; nothing was sent.",
                "镜像库指定了未经确认的令牌服务；未发送任何内容。",
            ),
            "NodeDelivery" => self.pick(
                "A credential answers when the node's credential provider asks.",
                "节点的凭证提供程序询问时会得到凭证。",
            ),
            _ => self.pick("A human must look at it.", "需要人工处理。"),
        }
    }

    fn cause_word_of(self, cause: Cause) -> &'static str {
        match cause {
            Cause::BadCredentials => self.pick("Wrong user name or password", "用户名或密码错误"),
            Cause::NoPullScope => self.pick("No right to pull", "无拉取权限"),
            Cause::Expired => self.pick("Expired", "已过期"),
            Cause::AccessDenied => self.pick("Access denied", "访问被拒绝"),
            Cause::NotFound => self.pick("Not found", "未找到"),
            Cause::RateLimited => self.pick("Too many requests", "请求过多"),
            Cause::PolicyBlocked => self.pick("Blocked by the registry's policy", "被镜像库策略阻止"),
            Cause::BlobDenied => self.pick("A layer is refused", "镜像层被拒绝"),
            Cause::ContentMissing => self.pick("Content is missing", "内容缺失"),
            Cause::ContentCorrupt => self.pick("Content is corrupt", "内容损坏"),
            Cause::NoMatchingPlatform => self.pick("Not for this platform", "没有匹配的平台"),
            Cause::UnsupportedManifest => self.pick("Unknown image format", "不支持的镜像格式"),
            Cause::NotARegistry => self.pick("Not a registry", "不是镜像库"),
            Cause::RegistryError => self.pick("The registry fails", "镜像库出错"),
            Cause::DnsFailure => self.pick("Name does not resolve", "域名无法解析"),
            Cause::ConnectionRefused => self.pick("Connection refused", "连接被拒绝"),
            Cause::NetworkUnreachable => self.pick("Network unreachable", "网络不可达"),
            Cause::Timeout => self.pick("No answer in time", "超时"),
            Cause::Interrupted => self.pick("Connection broke off", "连接中断"),
            Cause::ProxyError => self.pick("Proxy refuses", "代理拒绝"),
            Cause::AddressBlocked => self.pick("Address blocked", "地址被阻止"),
            Cause::UntrustedCA => self.pick("Authority not trusted", "证书颁发机构不受信任"),
            Cause::CertificateInvalid => self.pick("Certificate invalid", "证书无效"),
            Cause::HttpOnlyRegistry => self.pick("Registry speaks HTTP only", "镜像库仅支持 HTTP"),
            Cause::TlsProtocolError => self.pick("No TLS", "TLS 协议错误"),
            Cause::NoCredentials => self.pick("No credential", "没有凭证"),
            Cause::MissingPullSecret => self.pick("Secret is missing", "缺少密文"),
            Cause::BrokenPullSecret => self.pick("Secret cannot be read", "密文无法读取"),
            Cause::InvalidReference => self.pick("Not an image", "镜像地址无效"),
            Cause::NeverPull => self.pick("Pull policy Never", "拉取策略为 Never"),
            Cause::PullQpsExceeded => self.pick("Node pulls too much", "节点拉取过于频繁"),
            Cause::DiskFull => self.pick("Disk full", "磁盘已满"),
            Cause::SignatureInvalid => self.pick("Signature refused", "签名无效"),
            Cause::ReverificationRefused => self.pick("Not proven to be allowed", "未能重新验证权限"),
            Cause::NoMatchingCredential => self.pick("No credential for this image", "没有匹配的凭证"),
            Cause::SecretInWrongNamespace => {
                self.pick("Credential in another namespace", "凭证在其他命名空间")
            }
            Cause::HostSpelling => self.pick("Registry spelled differently", "镜像库写法不一致"),
        }
    }

    /// What a cause means.
    pub(crate) fn cause(self, cause: Cause) -> &'static str {
        let zh = match cause {
            Cause::BadCredentials => "镜像库或其令牌服务拒绝了用户名和密码。",
            Cause::NoPullScope => "登录成功，但无权读取此仓库。",
            Cause::Expired => "镜像库表示凭证已过期。",
            Cause::AccessDenied => "镜像库拒绝访问，且未说明是私有、不存在还是账号错误。",
            Cause::NotFound => "仓库、标签或摘要不存在，或镜像库将其隐藏。",
            Cause::RateLimited => "镜像库或其令牌服务要求减少请求。",
            Cause::PolicyBlocked => "镜像库自身的策略禁止此镜像；凭证没有问题。",
            Cause::BlobDenied => "清单允许读取，但某一层被拒绝：存储、路径或缓存问题。",
            Cause::ContentMissing => "镜像库列出的内容并不存在。",
            Cause::ContentCorrupt => "收到的内容与承诺的摘要不符。",
            Cause::NoMatchingPlatform => "镜像没有适用于该节点平台的版本。",
            Cause::UnsupportedManifest => "节点不支持该清单格式。",
            Cause::NotARegistry => "有应答，但不是镜像库。",
            Cause::RegistryError => "镜像库自身出错（5xx）。",
            Cause::DnsFailure => "主机名无法解析。",
            Cause::ConnectionRefused => "该地址没有服务监听。",
            Cause::NetworkUnreachable => "没有到该地址的路由。",
            Cause::Timeout => "未能及时得到应答。",
            Cause::Interrupted => "连接中断。",
            Cause::ProxyError => "节点与镜像库之间的代理拒绝了请求。",
            Cause::AddressBlocked => "镜像库不为请求方的地址提供服务。",
            Cause::UntrustedCA => "证书的颁发机构不受信任。",
            Cause::CertificateInvalid => "证书已过期或不适用于该名称。",
            Cause::HttpOnlyRegistry => "镜像库使用明文 HTTP，而请求使用 HTTPS。",
            Cause::TlsProtocolError => "对方不支持 TLS。",
            Cause::NoCredentials => "镜像库需要凭证，但未提供任何凭证。",
            Cause::MissingPullSecret => "Pod 引用的密文在其命名空间中不存在。",
            Cause::BrokenPullSecret => "Pod 引用的密文无法读取，这会导致该 Pod 的所有拉取失败。",
            Cause::InvalidReference => "镜像地址无法解析。",
            Cause::NeverPull => "节点上没有该镜像，且其拉取策略为 Never。",
            Cause::PullQpsExceeded => "节点同时拉取过多。",
            Cause::DiskFull => "节点没有剩余空间。",
            Cause::SignatureInvalid => "节点策略拒绝了镜像的签名。",
            Cause::ReverificationRefused => "镜像在节点上，但此 Pod 尚未证明可以使用它。",
            Cause::NoMatchingCredential => "此处有凭证，但没有一个用于此镜像。",
            Cause::SecretInWrongNamespace => "用于此镜像的凭证仅存在于其他命名空间。",
            Cause::HostSpelling => "有此镜像库的凭证，但其写法无法被 kubelet 匹配。",
        };
        self.pick(cause.meaning(), zh)
    }

    /// What the lint noticed, and what follows.
    pub(crate) fn finding(self, finding: &Finding) -> String {
        match self {
            Self::En => format!("{} ({})", finding.message(), finding.rule.consequence()),
            Self::Zh => noticed::zh(finding),
        }
    }
}
