//! Labels and explanations of forms.

use super::Lang;

impl Lang {
    pub(crate) fn token(self) -> &'static str {
        self.pick("Token", "令牌")
    }

    pub(crate) fn token_help(self) -> &'static str {
        self.pick("A token of a ServiceAccount or user of this cluster. What you may do here is what the token may do.", "此集群中 ServiceAccount 或用户的令牌。令牌拥有的权限就是您在此处的权限。")
    }

    pub(crate) fn code(self) -> &'static str {
        self.pick("One-time code", "一次性代码")
    }

    pub(crate) fn code_help(self) -> &'static str {
        self.pick(
            "The part of the link after #. It works once, for five minutes.",
            "链接中 # 之后的部分。仅可使用一次，五分钟内有效。",
        )
    }

    pub(crate) fn sandbox_sign_in(self) -> &'static str {
        self.pick(
            "Open the one-time link that keyside up printed, or print a new one:",
            "请打开 keyside up 打印的一次性链接，或重新打印一个：",
        )
    }

    pub(crate) fn group_registry(self) -> &'static str {
        self.pick("Registry", "镜像库")
    }

    pub(crate) fn group_credential(self) -> &'static str {
        self.pick("Credentials", "凭据")
    }

    pub(crate) fn group_scope(self) -> &'static str {
        self.pick("Name and scope", "名称和范围")
    }

    pub(crate) fn registry_kind(self) -> &'static str {
        self.pick("Kind of registry", "镜像库类型")
    }

    pub(crate) fn config_text(self) -> &'static str {
        self.pick("Docker config (config.json)", "Docker 配置（config.json）")
    }

    pub(crate) fn config_help(self) -> &'static str {
        self.pick(
            "Every registry in it is kept. Nothing is sent back to this page.",
            "其中的每个镜像库都会保留。内容不会再发回此页面。",
        )
    }

    pub(crate) fn config_file(self) -> &'static str {
        self.pick("Or choose a file", "或选择文件")
    }

    pub(crate) fn config_advice(self) -> &'static str {
        self.pick(
            "Upload docker's own config file: all its registries become one credential.",
            "上传 Docker 的配置文件：其中所有镜像库合为一个凭证。",
        )
    }

    pub(crate) fn config_missing(self) -> &'static str {
        self.pick(
            "Paste a docker config or choose a file.",
            "请粘贴 Docker 配置或选择文件。",
        )
    }

    pub(crate) fn password_help(self) -> &'static str {
        self.pick(
            " Kept exactly as typed, and never shown again.",
            "按输入原样保存，之后不再显示。",
        )
    }

    pub(crate) fn password_again(self) -> &'static str {
        self.pick(
            "Enter the password again: it is never sent back to this page.",
            "请重新输入密码：密码不会发回此页面。",
        )
    }

    pub(crate) fn look_again(self) -> &'static str {
        self.pick("Please look again before saving:", "保存前请再次确认：")
    }

    pub(crate) fn name_help(self) -> &'static str {
        self.pick(
            "Unique among all Secrets of the namespaces it reaches.",
            "在其到达的所有命名空间的密文中必须唯一。",
        )
    }

    pub(crate) fn name_missing(self) -> &'static str {
        self.pick("The name is missing.", "缺少名称。")
    }

    pub(crate) fn address_missing(self) -> &'static str {
        self.pick("The address is missing.", "缺少地址。")
    }

    pub(crate) fn username_missing(self) -> &'static str {
        self.pick("The username is missing.", "缺少用户名。")
    }

    pub(crate) fn password_missing(self) -> &'static str {
        self.pick("The password is missing.", "缺少密码。")
    }

    pub(crate) fn all_fields_needed(self) -> &'static str {
        self.pick(
            "Name, namespace and image are needed.",
            "名称、命名空间和镜像均为必填项。",
        )
    }

    pub(crate) fn choose_scope(self) -> &'static str {
        self.pick("Choose where the credential applies.", "请选择凭证的范围。")
    }

    pub(crate) fn only_repositories(self) -> &'static str {
        self.pick("Only for repositories", "仅用于仓库")
    }

    pub(crate) fn repositories_help(self) -> &'static str {
        self.pick(
            "Path prefixes such as quay.io/shop, separated by commas. Empty: all of the registry.",
            "路径前缀，例如 quay.io/shop，以逗号分隔。留空表示整个镜像库。",
        )
    }

    pub(crate) fn test_repository(self) -> &'static str {
        self.pick("Repository to test", "用于验证的仓库")
    }

    pub(crate) fn test_repository_help(self) -> &'static str {
        self.pick(
            "A repository the credential must be able to pull, such as quay.io/shop/web.",
            "凭证必须能够拉取的仓库，例如 quay.io/shop/web。",
        )
    }

    pub(crate) fn destination_needs_password(self) -> &'static str {
        self.pick(
            "Changing what the credential may be sent to needs its password again.",
            "更改凭证的用途范围需要重新输入密码。",
        )
    }

    pub(crate) fn secret_becomes(self) -> &'static str {
        self.pick("The Secret this becomes:", "将创建的密文 (Secret)：")
    }

    pub(crate) fn new_scope(self) -> &'static str {
        self.pick("New scope", "新的范围")
    }

    pub(crate) fn gained(self) -> &'static str {
        self.pick("Gain it:", "将获得：")
    }

    pub(crate) fn lost(self) -> &'static str {
        self.pick("Lose it:", "将失去：")
    }

    pub(crate) fn new_ones_follow(self) -> &'static str {
        self.pick("New namespaces follow by themselves.", "新的命名空间会自动包含。")
    }

    pub(crate) fn move_needs_password(self) -> &'static str {
        self.pick(
            "Another scope hands the credential to other pods, so its password is needed again.",
            "更改范围会将凭证提供给其他 Pod，因此需要重新输入密码。",
        )
    }

    pub(crate) fn already_there(self) -> &'static str {
        self.pick("The credential is there already.", "凭证已在此范围内。")
    }

    pub(crate) fn several_registries(self) -> &'static str {
        self.pick("The credential has several registries with different passwords: change its scope on the command line.", "此凭证包含密码不同的多个镜像库：请在命令行中更改范围。")
    }

    pub(crate) fn image_help(self) -> &'static str {
        self.pick(
            "Image address, such as quay.io/shop/web:1.2",
            "镜像地址，例如 quay.io/shop/web:1.2",
        )
    }

    pub(crate) fn answer_appears(self) -> &'static str {
        self.pick(
            "Here appears which credential will be used.",
            "此处将显示会使用哪个凭证。",
        )
    }

    pub(crate) fn project_name_help(self) -> &'static str {
        self.pick(
            "Lower-case letters, digits and hyphens. Its credentials live in the namespace project-NAME.",
            "小写字母、数字和连字符。其凭证位于命名空间 project-名称 中。",
        )
    }

    pub(crate) fn members_help(self) -> &'static str {
        self.pick(
            "Names separated by commas. One that does not exist yet joins when it is created.",
            "名称以逗号分隔。尚不存在的命名空间会在创建后加入。",
        )
    }

    pub(crate) fn open_namespace(self) -> &'static str {
        self.pick("Open a namespace", "打开命名空间")
    }

    pub(crate) fn open_namespace_help(self) -> &'static str {
        self.pick(
            "Your account may not list namespaces. Name one that you work in.",
            "您的账户无权列出命名空间。请输入您所使用的命名空间名称。",
        )
    }

    pub(crate) fn explain_what(self) -> &'static str {
        self.pick("Pod, workload or image", "Pod、工作负载或镜像")
    }
}
