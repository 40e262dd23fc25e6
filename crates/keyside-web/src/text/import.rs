//! What the import says.

use super::Lang;
use keyside_core::adopt::Refusal;
use keyside_core::inventory::Advice;

impl Lang {
    pub(crate) fn import(self) -> &'static str {
        self.pick("Import", "导入")
    }

    pub(crate) fn import_title(self) -> &'static str {
        self.pick("Import credentials", "导入凭证")
    }

    pub(crate) fn paste_or_upload(self) -> &'static str {
        self.pick("Paste or upload it", "粘贴或上传")
    }

    pub(crate) fn existing_secrets(self) -> &'static str {
        self.pick("Pull secrets that exist", "已有的拉取密文")
    }

    pub(crate) fn existing_secrets_lead(self) -> &'static str {
        self.pick(
            "As far as you may read them, grouped by what they hold. Choose one to see what would come of it.",
            "您有权读取的拉取密文，按内容分组。选择其中一个以查看结果。",
        )
    }

    pub(crate) fn no_secrets(self) -> &'static str {
        self.pick("No pull secrets", "没有拉取密文")
    }

    pub(crate) fn no_secrets_hint(self) -> &'static str {
        self.pick(
            "There are none that you may read and keyside did not make. Name a namespace to look into it.",
            "没有您可读取且并非由 keyside 创建的拉取密文。请输入命名空间以查看其中的内容。",
        )
    }

    pub(crate) fn noticed(self) -> &'static str {
        self.pick("What was noticed", "检查结果")
    }

    pub(crate) fn nothing_noticed(self) -> &'static str {
        self.pick("Nothing is wrong with it.", "没有发现问题。")
    }

    pub(crate) fn taken_over(self) -> &'static str {
        self.pick("taken over", "已接管")
    }

    pub(crate) fn take_over(self) -> &'static str {
        self.pick("Take over", "接管")
    }

    pub(crate) fn take_over_title(self, name: &str) -> String {
        match self {
            Self::En => format!("Take over {name}"),
            Self::Zh => format!("接管 {name}"),
        }
    }

    pub(crate) fn taking_over_means(self, namespace: &str) -> String {
        match self {
            Self::En => format!(
                "It becomes a credential of the same name for the namespace {namespace}. The Secret stays where it is, and pods that name it go on. A wider scope can be given afterwards, with the password."
            ),
            Self::Zh => format!(
                "它将成为命名空间 {namespace} 中的同名凭证。密文保留在原处，引用它的 Pod 不受影响。之后可凭密码扩大范围。"
            ),
        }
    }

    pub(crate) fn rewritten_key(self, old: &str, new: &str) -> String {
        match self {
            Self::En => format!("{old} will be written {new}, which every reader finds."),
            Self::Zh => format!("{old} 将改写为 {new}，所有读取方都能找到。"),
        }
    }

    pub(crate) fn immutable_secret(self) -> &'static str {
        self.pick(
            "The Secret is immutable, and its key cannot be corrected. Delete it and add the credential anew.",
            "该密文不可变，无法更正其中的键。请删除后重新添加凭证。",
        )
    }

    pub(crate) fn credential_exists(self, name: &str) -> String {
        match self {
            Self::En => format!("There is a credential {name} in this namespace already."),
            Self::Zh => format!("此命名空间中已有凭证 {name}。"),
        }
    }

    /// Why there is nothing to take over.
    pub(crate) fn not_adopted(self, refusal: &Refusal) -> String {
        match (self, refusal) {
            (Self::En, Refusal::Copy) => "This is a copy that keyside delivered.".to_owned(),
            (Self::Zh, Refusal::Copy) => "这是 keyside 下发的副本。".to_owned(),
            (Self::En, Refusal::Kind(kind)) => {
                format!(
                    "The Secret has the type {kind}; a pull secret has the type kubernetes.io/dockerconfigjson."
                )
            }
            (Self::Zh, Refusal::Kind(kind)) => {
                format!("该密文的类型是 {kind}；拉取密文的类型是 kubernetes.io/dockerconfigjson。")
            }
            (Self::En, Refusal::Unreadable(error)) => {
                format!("The Secret cannot be read, and every pull that names it fails: {error}")
            }
            (Self::Zh, Refusal::Unreadable(error)) => {
                format!("该密文无法读取，引用它的拉取都会失败：{error}")
            }
        }
    }

    /// What would be better for so many Secrets that hold the same.
    pub(crate) fn advice(self, advice: Advice, secrets: usize) -> String {
        match (self, advice) {
            (_, Advice::Managed | Advice::Adopt) => String::new(),
            (Self::En, Advice::Repair) => "No kubelet can use it.".to_owned(),
            (Self::Zh, Advice::Repair) => "kubelet 无法使用它。".to_owned(),
            (Self::En, Advice::Unused) => "No pod or ServiceAccount names it.".to_owned(),
            (Self::Zh, Advice::Unused) => "没有 Pod 或 ServiceAccount 引用它。".to_owned(),
            (Self::En, Advice::StoreOnce) => {
                format!(
                    "{secrets} Secrets hold the same: one credential for all of these namespaces is enough."
                )
            }
            (Self::Zh, Advice::StoreOnce) => {
                format!("{secrets} 个密文内容相同：为这些命名空间保存一个凭证即可。")
            }
        }
    }
}
