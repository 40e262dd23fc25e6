//! Words of menus, columns and states.

use super::Lang;

impl Lang {
    pub(in crate::web) fn menu(self) -> &'static str {
        self.pick("Menu", "菜单")
    }

    pub(in crate::web) fn path(self) -> &'static str {
        self.pick("Path", "路径")
    }

    pub(in crate::web) fn skip(self) -> &'static str {
        self.pick("Skip to the content", "跳到正文")
    }

    pub(in crate::web) fn account(self) -> &'static str {
        self.pick("Account", "账户")
    }

    pub(in crate::web) fn global(self) -> &'static str {
        self.pick("Global", "全局")
    }

    pub(in crate::web) fn cluster(self) -> &'static str {
        self.pick("cluster", "集群")
    }

    pub(in crate::web) fn sandbox(self) -> &'static str {
        self.pick("sandbox", "沙盒")
    }

    pub(in crate::web) fn sandbox_long(self) -> &'static str {
        self.pick("sandbox (embedded)", "沙盒（内置）")
    }

    pub(in crate::web) fn world(self) -> &'static str {
        self.pick("World", "环境")
    }

    pub(in crate::web) fn resources(self) -> &'static str {
        self.pick("Resources", "资源")
    }

    pub(in crate::web) fn secrets(self) -> &'static str {
        self.pick("Secrets", "密文")
    }

    pub(in crate::web) fn secret(self) -> &'static str {
        self.pick("Secret", "密文")
    }

    pub(in crate::web) fn credential(self) -> &'static str {
        self.pick("Registry credential", "镜像库凭证")
    }

    pub(in crate::web) fn credentials(self) -> &'static str {
        self.pick("Registry credentials", "镜像库凭证")
    }

    pub(in crate::web) fn workloads(self) -> &'static str {
        self.pick("Workloads", "工作负载")
    }

    pub(in crate::web) fn explain(self) -> &'static str {
        self.pick("Explain", "诊断")
    }

    pub(in crate::web) fn events(self) -> &'static str {
        self.pick("Events", "事件")
    }

    pub(in crate::web) fn projects(self) -> &'static str {
        self.pick("Projects", "项目")
    }

    pub(in crate::web) fn project(self) -> &'static str {
        self.pick("Project", "项目")
    }

    pub(in crate::web) fn namespaces(self) -> &'static str {
        self.pick("Namespaces", "命名空间")
    }

    pub(in crate::web) fn namespace(self) -> &'static str {
        self.pick("Namespace", "命名空间")
    }

    pub(in crate::web) fn projects_and_namespaces(self) -> &'static str {
        self.pick("Projects and namespaces", "项目/命名空间")
    }

    pub(in crate::web) fn settings(self) -> &'static str {
        self.pick("Settings", "设置")
    }

    pub(in crate::web) fn name(self) -> &'static str {
        self.pick("Name", "名称")
    }

    pub(in crate::web) fn display_name(self) -> &'static str {
        self.pick("Display name", "显示名称")
    }

    pub(in crate::web) fn home_namespace(self) -> &'static str {
        self.pick("Home namespace", "主命名空间")
    }

    pub(in crate::web) fn registry(self) -> &'static str {
        self.pick("Registry", "镜像库")
    }

    pub(in crate::web) fn scope(self) -> &'static str {
        self.pick("Scope", "范围")
    }

    pub(in crate::web) fn state(self) -> &'static str {
        self.pick("State", "状态")
    }

    pub(in crate::web) fn expires(self) -> &'static str {
        self.pick("Expires", "过期时间")
    }

    pub(in crate::web) fn age(self) -> &'static str {
        self.pick("Age", "创建时间")
    }

    pub(in crate::web) fn kind(self) -> &'static str {
        self.pick("Kind", "类型")
    }

    pub(in crate::web) fn image(self) -> &'static str {
        self.pick("Image", "镜像")
    }

    pub(in crate::web) fn pull(self) -> &'static str {
        self.pick("Pull", "拉取")
    }

    pub(in crate::web) fn pod(self) -> &'static str {
        self.pick("Pod", "Pod")
    }

    pub(in crate::web) fn mode(self) -> &'static str {
        self.pick("Mode", "方式")
    }

    pub(in crate::web) fn conflict(self) -> &'static str {
        self.pick("Conflict", "冲突")
    }

    pub(in crate::web) fn version(self) -> &'static str {
        self.pick("Version", "版本")
    }

    pub(in crate::web) fn when(self) -> &'static str {
        self.pick("When", "时间")
    }

    pub(in crate::web) fn object(self) -> &'static str {
        self.pick("Object", "对象")
    }

    pub(in crate::web) fn message(self) -> &'static str {
        self.pick("Message", "消息")
    }

    pub(in crate::web) fn cause_word(self) -> &'static str {
        self.pick("Cause", "原因")
    }

    pub(in crate::web) fn fix(self) -> &'static str {
        self.pick("Fix", "修复方法")
    }

    pub(in crate::web) fn evidence(self) -> &'static str {
        self.pick("Evidence", "依据")
    }

    pub(in crate::web) fn result(self) -> &'static str {
        self.pick("Result", "结果")
    }

    pub(in crate::web) fn matches(self) -> &'static str {
        self.pick("Matches", "匹配")
    }

    pub(in crate::web) fn deliver(self) -> &'static str {
        self.pick("Delivery", "下发")
    }

    pub(in crate::web) fn deliveries(self) -> &'static str {
        self.pick("Ways of delivery", "下发方式")
    }

    pub(in crate::web) fn verification(self) -> &'static str {
        self.pick("Verification", "验证")
    }

    pub(in crate::web) fn used_by(self) -> &'static str {
        self.pick("Used by", "使用者")
    }

    pub(in crate::web) fn history(self) -> &'static str {
        self.pick("History", "历史")
    }

    pub(in crate::web) fn last_rotation(self) -> &'static str {
        self.pick("Last rotation", "上次轮换")
    }

    pub(in crate::web) fn what_it_means(self) -> &'static str {
        self.pick("What it means", "含义")
    }

    pub(in crate::web) fn all(self) -> &'static str {
        self.pick("All", "全部")
    }

    pub(in crate::web) fn none(self) -> &'static str {
        self.pick("none", "无")
    }

    pub(in crate::web) fn unknown(self) -> &'static str {
        self.pick("unknown", "未知")
    }

    pub(in crate::web) fn yes(self) -> &'static str {
        self.pick("yes", "是")
    }

    pub(in crate::web) fn not_everywhere(self) -> &'static str {
        self.pick("not in every namespace", "并非所有命名空间")
    }

    pub(in crate::web) fn ready(self) -> &'static str {
        self.pick("Ready", "就绪")
    }

    pub(in crate::web) fn valid(self) -> &'static str {
        self.pick("Valid", "有效")
    }

    pub(in crate::web) fn unverified(self) -> &'static str {
        self.pick("Unverified", "未验证")
    }

    pub(in crate::web) fn not_working(self) -> &'static str {
        self.pick("Not working", "无效")
    }

    pub(in crate::web) fn needs_attention(self) -> &'static str {
        self.pick("Needs attention", "需要处理")
    }

    pub(in crate::web) fn being_deleted(self) -> &'static str {
        self.pick("Being deleted", "正在删除")
    }

    pub(in crate::web) fn pullable(self) -> &'static str {
        self.pick("Can be pulled", "可以拉取")
    }

    pub(in crate::web) fn pull_failed(self) -> &'static str {
        self.pick("Pull failed", "拉取失败")
    }

    pub(in crate::web) fn not_certain(self) -> &'static str {
        self.pick("Not certain", "无法确定")
    }

    pub(in crate::web) fn no_pods(self) -> &'static str {
        self.pick("No pods", "没有 Pod")
    }

    pub(in crate::web) fn waiting(self) -> &'static str {
        self.pick("Waiting", "等待中")
    }

    pub(in crate::web) fn pulling(self) -> &'static str {
        self.pick("Pulling", "正在拉取")
    }

    pub(in crate::web) fn pulled(self) -> &'static str {
        self.pick("Pulled", "已拉取")
    }

    pub(in crate::web) fn all_of_project(self) -> &'static str {
        self.pick("All namespaces in this project", "此项目所有命名空间")
    }

    pub(in crate::web) fn single_namespace(self) -> &'static str {
        self.pick("A single namespace", "单个命名空间")
    }

    pub(in crate::web) fn whole_cluster(self) -> &'static str {
        self.pick("The whole cluster", "整个集群")
    }

    pub(in crate::web) fn address(self) -> &'static str {
        self.pick("Address", "地址")
    }

    pub(in crate::web) fn username(self) -> &'static str {
        self.pick("Username", "用户名")
    }

    pub(in crate::web) fn password(self) -> &'static str {
        self.pick("Password", "密码")
    }

    pub(in crate::web) fn saved(self) -> &'static str {
        self.pick("saved", "已保存")
    }

    pub(in crate::web) fn hidden(self) -> &'static str {
        self.pick("hidden", "已隐藏")
    }

    pub(in crate::web) fn delivery_copy(self) -> &'static str {
        self.pick("Copy", "副本")
    }

    pub(in crate::web) fn delivery_on_demand(self) -> &'static str {
        self.pick("On demand", "按需")
    }

    pub(in crate::web) fn delivery_node(self) -> &'static str {
        self.pick("On the node", "节点")
    }

    pub(in crate::web) fn appearance(self) -> &'static str {
        self.pick("Appearance", "外观")
    }

    pub(in crate::web) fn language(self) -> &'static str {
        self.pick("Language", "语言")
    }

    pub(in crate::web) fn theme(self) -> &'static str {
        self.pick("Theme", "主题")
    }

    pub(in crate::web) fn theme_auto(self) -> &'static str {
        self.pick("As the system", "跟随系统")
    }

    pub(in crate::web) fn theme_light(self) -> &'static str {
        self.pick("Light", "浅色")
    }

    pub(in crate::web) fn theme_dark(self) -> &'static str {
        self.pick("Dark", "深色")
    }

    pub(in crate::web) fn letter_keys(self) -> &'static str {
        self.pick("Single-letter keys", "单字母快捷键")
    }

    pub(in crate::web) fn on(self) -> &'static str {
        self.pick("On", "开启")
    }

    pub(in crate::web) fn off(self) -> &'static str {
        self.pick("Off", "关闭")
    }

    pub(in crate::web) fn access(self) -> &'static str {
        self.pick("Access", "访问权限")
    }

    pub(in crate::web) fn about(self) -> &'static str {
        self.pick("About", "关于")
    }

    pub(in crate::web) fn right_word(self) -> &'static str {
        self.pick("Right", "权限")
    }

    pub(in crate::web) fn keys(self) -> &'static str {
        self.pick("Keys", "快捷键")
    }

    pub(in crate::web) fn key_rows(self) -> &'static str {
        self.pick("next and previous row", "下一行和上一行")
    }

    pub(in crate::web) fn palette(self) -> &'static str {
        self.pick("Go to", "快速跳转")
    }

    pub(in crate::web) fn palette_hint(self) -> &'static str {
        self.pick("Page, or an image to explain", "页面，或要诊断的镜像")
    }

    pub(in crate::web) fn pages(self) -> &'static str {
        self.pick("Pages", "分页")
    }

    pub(in crate::web) fn other_name(self) -> &'static str {
        self.pick(
            "the name was taken; another one is used",
            "名称已被占用，使用其他名称",
        )
    }

    pub(in crate::web) fn full_stop(self) -> &'static str {
        self.pick(". ", "。")
    }

    pub(in crate::web) fn colon(self) -> &'static str {
        self.pick(": ", "：")
    }
}
