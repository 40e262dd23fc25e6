//! What the settings say.

use super::Lang;

impl Lang {
    pub(crate) fn used_by_credentials(self, number: usize) -> String {
        match (self, number) {
            (Self::En, 1) => "1 credential uses it.".to_owned(),
            (Self::En, _) => format!("{number} credentials use it."),
            (Self::Zh, _) => format!("{number} 个凭证使用此方式。"),
        }
    }

    pub(crate) fn injection_mode(self) -> &'static str {
        self.pick("Injection", "注入方式")
    }

    pub(crate) fn injection_unknown(self) -> &'static str {
        self.pick("Your account may not read the admission configuration, so it cannot be said here. keyside check says it to those who may.", "您的账户无权读取准入配置，此处无法说明。有权限者可通过 keyside check 查看。")
    }

    pub(crate) fn injection_both(self) -> &'static str {
        self.pick("The API server adds the pull secrets by keyside's policy; the webhook serves the pods that the policy gave nothing.", "API server 按 keyside 的策略添加拉取密文；策略未覆盖的 Pod 由 webhook 处理。")
    }

    pub(crate) fn injection_webhook(self) -> &'static str {
        self.pick("keyside's webhook adds the pull secrets when a pod is created. With keyside down, pods are still created.", "创建 Pod 时由 keyside 的 webhook 添加拉取密文。keyside 停止时，Pod 仍可创建。")
    }

    pub(crate) fn injection_policy(self) -> &'static str {
        self.pick(
            "The API server adds the pull secrets by itself, by keyside's policy and tables.",
            "API server 按 keyside 的策略和表自行添加拉取密文。",
        )
    }

    pub(crate) fn injection_none(self) -> &'static str {
        self.pick("Nothing is added to pods: they name their pull secrets themselves, or their ServiceAccount does.", "不会向 Pod 添加任何内容：由 Pod 或其 ServiceAccount 自行引用拉取密文。")
    }

    pub(crate) fn node_plugin(self) -> &'static str {
        self.pick("Node plugin", "节点插件")
    }

    pub(crate) fn no_node_plugin(self) -> &'static str {
        self.pick("None: this version of keyside brings no credential provider for kubelets. What is delivered on the node reaches no pod yet.", "无：此版本的 keyside 不提供 kubelet 凭证提供程序。以节点方式下发的凭证暂不会到达任何 Pod。")
    }

    pub(crate) fn expiry_warnings(self) -> &'static str {
        self.pick("Expiry warnings", "过期提醒")
    }

    pub(crate) fn expiry_warnings_means(self) -> &'static str {
        self.pick("keyside warns a week before a credential ends, and of short-lived ones when three quarters of their life are over. Here stands what ends within 14 days.", "keyside 在凭证到期前一周提醒；短期凭证在有效期过去四分之三时提醒。此处列出 14 天内到期的凭证。")
    }

    pub(crate) fn nothing_ends(self) -> &'static str {
        self.pick("Nothing that is known to end.", "没有已知即将到期的凭证。")
    }

    pub(crate) fn private_authorities(self) -> &'static str {
        self.pick("Private certificate authorities", "私有证书颁发机构")
    }

    pub(crate) fn private_authority(self) -> &'static str {
        self.pick("Certificate authority", "证书颁发机构")
    }

    pub(crate) fn private_authorities_means(self) -> &'static str {
        self.pick("keyside uses them to verify and to diagnose. Nodes need the authority in their own configuration.", "keyside 在验证和诊断时使用。节点需在自身配置中信任该机构。")
    }

    pub(crate) fn no_authorities(self) -> &'static str {
        self.pick("No credential carries one.", "没有凭证使用私有证书颁发机构。")
    }

    pub(crate) fn who_may(self) -> &'static str {
        self.pick("Who may do what", "谁可以做什么")
    }

    pub(crate) fn who_may_use(self) -> &'static str {
        self.pick("Whoever may create pods in a namespace that a credential reaches can use it, and whoever may read Secrets there can read its copy. Who may see and edit credentials, as roles say:", "凡可在凭证到达的命名空间中创建 Pod 的人都能使用该凭证，可读取其中密文的人能读取副本。根据角色，可查看和编辑凭证的有：")
    }

    pub(crate) fn nobody_by_roles(self) -> &'static str {
        self.pick("Nobody by roles.", "没有任何角色授予权限。")
    }

    pub(crate) fn access_unknown(self) -> &'static str {
        self.pick(
            "Your account may not read roles; only the API server knows.",
            "您的账户无权读取角色，仅 API server 知晓。",
        )
    }

    pub(crate) fn subject(self) -> &'static str {
        self.pick("Who", "主体")
    }

    pub(crate) fn may_edit(self) -> &'static str {
        self.pick("edit", "编辑")
    }

    pub(crate) fn may_see(self) -> &'static str {
        self.pick("see", "查看")
    }
}
