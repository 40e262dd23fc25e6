//! Sentences of pages.

use super::Lang;

impl Lang {
    pub(crate) fn signed_out(self) -> &'static str {
        self.pick("You are signed out.", "您已退出登录。")
    }

    pub(crate) fn signed_in_as(self) -> &'static str {
        self.pick("Signed in as", "登录身份")
    }

    pub(crate) fn no_such_page(self) -> &'static str {
        self.pick("There is no such page.", "没有此页面。")
    }

    pub(crate) fn no_such_object(self) -> &'static str {
        self.pick("It does not exist, or no longer.", "对象不存在或已被删除。")
    }

    pub(crate) fn too_large(self) -> &'static str {
        self.pick("The form is larger than 1 MiB.", "表单超过 1 MiB。")
    }

    pub(crate) fn api_unreachable(self) -> &'static str {
        self.pick(
            "The API server cannot be asked right now.",
            "目前无法连接 API server。",
        )
    }

    pub(crate) fn api_said(self) -> &'static str {
        self.pick("The API server said:", "API server 返回：")
    }

    pub(crate) fn forbidden(self) -> &'static str {
        self.pick("Your account may not do this.", "您的账户无权执行此操作。")
    }

    pub(crate) fn refused_by_api(self) -> &'static str {
        self.pick(
            "The API server does not accept this.",
            "API server 不接受此请求。",
        )
    }

    pub(crate) fn conflict_explained(self) -> &'static str {
        self.pick("Somebody else has changed this meanwhile. Nothing was overwritten: look at the present state below, then save again.", "在此期间其他人已更改此对象。未覆盖任何内容：请查看下面的当前状态，然后重新保存。")
    }

    pub(crate) fn our_error(self) -> &'static str {
        self.pick(
            "Something went wrong on our side. The log has more.",
            "我们这边出现错误。详情见日志。",
        )
    }

    pub(crate) fn token_refused(self) -> &'static str {
        self.pick("The token is not accepted.", "令牌未被接受。")
    }

    pub(crate) fn too_many_tries(self) -> &'static str {
        self.pick(
            "Too many attempts. Wait a minute.",
            "尝试次数过多。请等待一分钟。",
        )
    }

    pub(crate) fn link_used(self) -> &'static str {
        self.pick(
            "This link was used or is too old; run keyside up --print-link",
            "此链接已被使用或已过期；请运行 keyside up --print-link",
        )
    }

    pub(crate) fn scope_now(self) -> &'static str {
        self.pick("Scope", "范围")
    }

    pub(crate) fn credentials_lead(self) -> &'static str {
        self.pick(
            "User names and passwords of private registries, and where they apply.",
            "私有镜像库的用户名和密码，以及它们的范围。",
        )
    }

    pub(crate) fn secret_note(self) -> &'static str {
        self.pick("Stored as Kubernetes Secrets.", "以密文 (Secret) 形式保存。")
    }

    pub(crate) fn no_credentials(self) -> &'static str {
        self.pick("No registry credentials", "没有镜像库凭证")
    }

    pub(crate) fn no_credentials_hint(self) -> &'static str {
        self.pick(
            "Store one, and every pod that needs it can pull.",
            "保存一个凭证后，所有需要它的 Pod 都能拉取镜像。",
        )
    }

    pub(crate) fn nothing_matches(self) -> &'static str {
        self.pick("Nothing matches the filter.", "没有符合筛选条件的结果。")
    }

    pub(crate) fn no_copies(self) -> &'static str {
        self.pick(
            "No copies. They appear here when the credential is delivered.",
            "没有副本。凭证下发后会显示在此处。",
        )
    }

    pub(crate) fn own_secret(self) -> &'static str {
        self.pick(
            "The credential's own Secret is in the namespace; no copy is needed.",
            "凭证自身的密文已在该命名空间中，无需副本。",
        )
    }

    pub(crate) fn not_delivered_yet(self) -> &'static str {
        self.pick(
            "Not delivered yet: the controller has not looked at it.",
            "尚未下发：控制器还未处理。",
        )
    }

    pub(crate) fn not_verified_yet(self) -> &'static str {
        self.pick(
            "Not verified yet. After a verification each registry stands here with its answer.",
            "尚未验证。验证后此处会显示每个镜像库的结果。",
        )
    }

    pub(crate) fn verified_from(self) -> &'static str {
        self.pick(
            "Verification runs in the controller, on save, on a schedule and on demand.",
            "验证由控制器在保存时、按计划和按需执行。",
        )
    }

    pub(crate) fn used_by_nobody(self) -> &'static str {
        self.pick(
            "No running pod uses it. Pods appear here once they name its Secret.",
            "没有运行中的 Pod 使用它。引用其密文的 Pod 会显示在此处。",
        )
    }

    pub(crate) fn yaml_note(self) -> &'static str {
        self.pick("The Secret is left out.", "不包含密文内容。")
    }

    pub(crate) fn no_events(self) -> &'static str {
        self.pick(
            "No events in the last hour (Kubernetes keeps them about an hour).",
            "最近一小时没有事件（Kubernetes 大约保留一小时）。",
        )
    }

    pub(crate) fn events_lead(self) -> &'static str {
        self.pick(
            "What nodes said of pulls, and what keyside did.",
            "节点对拉取的反馈，以及 keyside 的操作。",
        )
    }

    pub(crate) fn delete_unused(self) -> &'static str {
        self.pick(
            "No running pod uses it. Its copies go with it.",
            "没有运行中的 Pod 使用它。其副本会一并删除。",
        )
    }

    pub(crate) fn no_workloads(self) -> &'static str {
        self.pick("Nothing runs here", "此处没有运行任何工作负载")
    }

    pub(crate) fn try_sample(self) -> &'static str {
        self.pick("Try the sample private image.", "可尝试示例私有镜像。")
    }

    pub(crate) fn list_is_cut(self) -> &'static str {
        self.pick(
            "Only the first 200 of each kind are shown. Choose a namespace to see all of it.",
            "每种类型仅显示前 200 个。请选择命名空间以查看全部。",
        )
    }

    pub(crate) fn not_all_looked_at(self) -> &'static str {
        self.pick(
            "Not everything was looked at. Choose a namespace or a project to see all of it.",
            "未查看全部内容。请选择命名空间或项目以查看完整结果。",
        )
    }

    pub(crate) fn pull_progress(self) -> &'static str {
        self.pick("Progress of the pull", "拉取进度")
    }

    pub(crate) fn injected_by_itself(self) -> &'static str {
        self.pick("Added by itself:", "自动添加：")
    }

    pub(crate) fn live_now(self) -> &'static str {
        self.pick("Live: this page follows by itself.", "实时：此页面会自动更新。")
    }

    pub(crate) fn live_lost(self) -> &'static str {
        self.pick("The connection is lost; trying again.", "连接已断开，正在重试。")
    }

    pub(crate) fn explain_lead(self) -> &'static str {
        self.pick("Which credential answers for an image, in which order a kubelet tries them, and why a pull fails.", "哪个凭证用于镜像、kubelet 按什么顺序尝试，以及拉取失败的原因。")
    }

    pub(crate) fn checked_just_now(self) -> &'static str {
        self.pick("Checked just now.", "刚刚检查。")
    }

    pub(crate) fn order_of_kubelet(self) -> &'static str {
        self.pick("In the order the kubelet tries them", "按 kubelet 尝试的顺序")
    }

    pub(crate) fn nothing_tried(self) -> &'static str {
        self.pick("No credential is tried.", "不会尝试任何凭证。")
    }

    pub(crate) fn no_projects(self) -> &'static str {
        self.pick("No projects yet", "还没有项目")
    }

    pub(crate) fn projects_lead(self) -> &'static str {
        self.pick(
            "A project is a group of namespaces that share credentials.",
            "项目是一组共享凭证的命名空间。",
        )
    }

    pub(crate) fn namespaces_without_project(self) -> &'static str {
        self.pick("Namespaces without a project", "不属于任何项目的命名空间")
    }

    pub(crate) fn next_namespaces(self) -> &'static str {
        self.pick("The next namespaces", "后面的命名空间")
    }

    pub(crate) fn not_all_counted(self) -> &'static str {
        self.pick(
            "There are more credentials than were read here: some are not shown or counted.",
            "凭证数量超出此处读取的范围：部分凭证未显示或计入。",
        )
    }

    pub(crate) fn no_members(self) -> &'static str {
        self.pick("No namespaces yet.", "还没有命名空间。")
    }

    pub(crate) fn nothing_changes(self) -> &'static str {
        self.pick("Nothing changes.", "没有更改。")
    }

    pub(crate) fn access_lead(self) -> &'static str {
        self.pick(
            "Every page and every action uses your own token. keyside's UI has no rights of its own.",
            "每个页面和操作都使用您自己的令牌。keyside 的界面自身没有任何权限。",
        )
    }

    pub(crate) fn delivery_copy_means(self) -> &'static str {
        self.pick("A pull secret stands in every namespace in scope. Whoever may read Secrets or create pods there can read it.", "范围内的每个命名空间都有一个拉取密文。在其中可读取密文或创建 Pod 的人都能读取它。")
    }

    pub(crate) fn delivery_on_demand_means(self) -> &'static str {
        self.pick(
            "A pull secret stands only where a pod needs it.",
            "仅在 Pod 需要的命名空间中有拉取密文。",
        )
    }

    pub(crate) fn delivery_node_means(self) -> &'static str {
        self.pick(
            "Nothing is copied: the kubelet asks keyside's credential provider on the node.",
            "不复制任何内容：kubelet 通过节点上的凭证提供程序获取。",
        )
    }

    pub(crate) fn reach_project_unknown(self) -> &'static str {
        self.pick("All namespaces of the project.", "项目的所有命名空间。")
    }

    pub(crate) fn asked_from_here(self) -> &'static str {
        self.pick(
            "Asked just now by the server of this page, with what your account may read.",
            "刚刚由此页面的服务器询问，使用您的账户可读取的内容。",
        )
    }

    pub(crate) fn asked_again(self) -> &'static str {
        self.pick(
            "The controllers were asked to look again; their new answer stands here in a moment.",
            "已请求控制器重新验证；新的结果稍后显示在此处。",
        )
    }

    pub(crate) fn secret_unreadable(self) -> &'static str {
        self.pick(
            "Your account may not read the Secret, so only the controllers were asked.",
            "您的账户无法读取密文，因此仅请求了控制器。",
        )
    }

    pub(crate) fn suspended(self) -> &'static str {
        self.pick("Where the credential may be sent was changed without its password being entered again, so it is sent nowhere.", "凭证的发送目标已更改而密码未重新输入，因此不会发送到任何地方。")
    }

    pub(crate) fn authority_is_the_controllers(self) -> &'static str {
        self.pick(
            "The registry has a private authority, which you may not read or which cannot be used; the controllers were asked.",
            "该镜像库使用私有证书颁发机构，您无权读取或其内容无法使用；已请求控制器验证。",
        )
    }

    pub(crate) fn nothing_to_ask(self) -> &'static str {
        self.pick(
            "There is no registry that could be asked from here.",
            "没有可从此处询问的镜像库。",
        )
    }

    pub(crate) fn no_node_yet(self) -> &'static str {
        self.pick("No node has pulled with it yet. keyside has no plugin on nodes: what stands here is what kubelets report of the pods that use it.", "还没有节点使用它拉取。keyside 在节点上没有插件：此处显示 kubelet 对使用它的 Pod 的报告。")
    }

    pub(crate) fn nodes_say(self) -> &'static str {
        self.pick(
            "What kubelets report of the newest pods that use it. keyside has no plugin on nodes.",
            "kubelet 对最近使用它的 Pod 的报告。keyside 在节点上没有插件。",
        )
    }

    pub(crate) fn no_conditions(self) -> &'static str {
        self.pick(
            "No conditions yet: the controller has not looked at it.",
            "还没有状况：控制器还未处理。",
        )
    }

    pub(crate) fn nothing_older(self) -> &'static str {
        self.pick("Nothing older is kept.", "没有历史版本。")
    }

    pub(crate) fn kept_beside(self) -> &'static str {
        self.pick("What keyside replaces is kept in the same Secret, at most three times; nobody is shown what is in it.", "keyside 替换的内容保留在同一密文中，最多三个版本；不会显示其内容。")
    }

    pub(crate) fn kept_and_not_kept(self) -> &'static str {
        self.pick(
            "What keyside replaces is kept in the same Secret, at most three times; nobody is shown what is in it. What others write into the Secret (GitOps, kubectl) leaves nothing here.",
            "keyside 替换的内容保留在同一密文中，最多三个版本；不会显示其内容。他人写入密文的内容（GitOps、kubectl）不会在此留下记录。",
        )
    }

    pub(crate) fn keep_no_older(self) -> &'static str {
        self.pick("Keep no older content", "不保留历史版本")
    }

    pub(crate) fn older_unreadable(self) -> &'static str {
        self.pick(
            "Your account may not read the Secret, which holds the older contents.",
            "您的账户无法读取密文，历史版本保存在其中。",
        )
    }

    pub(crate) fn no_such_older(self) -> &'static str {
        self.pick(
            "There is no older content of this number.",
            "没有该序号的历史版本。",
        )
    }

    pub(crate) fn entered_for_elsewhere(self) -> &'static str {
        self.pick("Not rolled back: the older content was entered for another destination. Enter the password again instead.", "未回滚：该历史版本是为其他目标输入的。请改为重新输入密码。")
    }

    pub(crate) fn not_looked_at_yet(self) -> &'static str {
        self.pick("Not rolled back: keyside has not looked at the credential's last change yet. Try again in a moment.", "未回滚：keyside 还未处理凭证的最新更改。请稍后重试。")
    }

    pub(crate) fn older_is_refused(self) -> &'static str {
        self.pick(
            "Not rolled back: the registry refuses the older content.",
            "未回滚：镜像库拒绝该历史版本。",
        )
    }
}
