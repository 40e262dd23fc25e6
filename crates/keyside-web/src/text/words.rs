//! Words of menus, columns and states.

use super::Lang;

impl Lang {
    pub(crate) fn menu(self) -> &'static str {
        self.pick("Menu", "菜单")
    }

    pub(crate) fn path(self) -> &'static str {
        self.pick("Path", "路径")
    }

    pub(crate) fn skip(self) -> &'static str {
        self.pick("Skip to the content", "跳到正文")
    }

    pub(crate) fn account(self) -> &'static str {
        self.pick("Account", "账户")
    }

    pub(crate) fn global(self) -> &'static str {
        self.pick("Global", "全局")
    }

    pub(crate) fn cluster(self) -> &'static str {
        self.pick("cluster", "集群")
    }

    pub(crate) fn sandbox(self) -> &'static str {
        self.pick("sandbox", "沙盒")
    }

    pub(crate) fn sandbox_long(self) -> &'static str {
        self.pick("sandbox (embedded)", "沙盒（内置）")
    }

    pub(crate) fn world(self) -> &'static str {
        self.pick("World", "环境")
    }

    pub(crate) fn resources(self) -> &'static str {
        self.pick("Resources", "资源")
    }

    pub(crate) fn secrets(self) -> &'static str {
        self.pick("Secrets", "密文")
    }

    pub(crate) fn secret(self) -> &'static str {
        self.pick("Secret", "密文")
    }

    pub(crate) fn credential(self) -> &'static str {
        self.pick("Registry credential", "镜像库凭证")
    }

    pub(crate) fn credentials(self) -> &'static str {
        self.pick("Registry credentials", "镜像库凭证")
    }

    pub(crate) fn workloads(self) -> &'static str {
        self.pick("Workloads", "工作负载")
    }

    pub(crate) fn explain(self) -> &'static str {
        self.pick("Explain", "诊断")
    }

    pub(crate) fn events(self) -> &'static str {
        self.pick("Events", "事件")
    }

    pub(crate) fn projects(self) -> &'static str {
        self.pick("Projects", "项目")
    }

    pub(crate) fn project(self) -> &'static str {
        self.pick("Project", "项目")
    }

    pub(crate) fn namespaces(self) -> &'static str {
        self.pick("Namespaces", "命名空间")
    }

    pub(crate) fn namespace(self) -> &'static str {
        self.pick("Namespace", "命名空间")
    }

    pub(crate) fn projects_and_namespaces(self) -> &'static str {
        self.pick("Projects and namespaces", "项目/命名空间")
    }

    pub(crate) fn settings(self) -> &'static str {
        self.pick("Settings", "设置")
    }

    pub(crate) fn name(self) -> &'static str {
        self.pick("Name", "名称")
    }

    pub(crate) fn display_name(self) -> &'static str {
        self.pick("Display name", "显示名称")
    }

    pub(crate) fn home_namespace(self) -> &'static str {
        self.pick("Home namespace", "主命名空间")
    }

    pub(crate) fn registry(self) -> &'static str {
        self.pick("Registry", "镜像库")
    }

    pub(crate) fn scope(self) -> &'static str {
        self.pick("Scope", "范围")
    }

    pub(crate) fn state(self) -> &'static str {
        self.pick("State", "状态")
    }

    pub(crate) fn expires(self) -> &'static str {
        self.pick("Expires", "过期时间")
    }

    pub(crate) fn age(self) -> &'static str {
        self.pick("Age", "创建时间")
    }

    pub(crate) fn kind(self) -> &'static str {
        self.pick("Kind", "类型")
    }

    pub(crate) fn image(self) -> &'static str {
        self.pick("Image", "镜像")
    }

    pub(crate) fn pull(self) -> &'static str {
        self.pick("Pull", "拉取")
    }

    pub(crate) fn node(self) -> &'static str {
        self.pick("Node", "节点")
    }

    pub(crate) fn pod(self) -> &'static str {
        self.pick("Pod", "Pod")
    }

    pub(crate) fn mode(self) -> &'static str {
        self.pick("Mode", "方式")
    }

    pub(crate) fn conflict(self) -> &'static str {
        self.pick("Conflict", "冲突")
    }

    pub(crate) fn version(self) -> &'static str {
        self.pick("Version", "版本")
    }

    pub(crate) fn when(self) -> &'static str {
        self.pick("When", "时间")
    }

    pub(crate) fn object(self) -> &'static str {
        self.pick("Object", "对象")
    }

    pub(crate) fn message(self) -> &'static str {
        self.pick("Message", "消息")
    }

    pub(crate) fn cause_word(self) -> &'static str {
        self.pick("Cause", "原因")
    }

    pub(crate) fn fix(self) -> &'static str {
        self.pick("Fix", "修复方法")
    }

    pub(crate) fn evidence(self) -> &'static str {
        self.pick("Evidence", "依据")
    }

    pub(crate) fn result(self) -> &'static str {
        self.pick("Result", "结果")
    }

    pub(crate) fn matches(self) -> &'static str {
        self.pick("Matches", "匹配")
    }

    pub(crate) fn deliver(self) -> &'static str {
        self.pick("Delivery", "下发")
    }

    pub(crate) fn deliveries(self) -> &'static str {
        self.pick("Ways of delivery", "下发方式")
    }

    pub(crate) fn verification(self) -> &'static str {
        self.pick("Verification", "验证")
    }

    pub(crate) fn look(self) -> &'static str {
        self.pick("Show", "查看")
    }

    pub(crate) fn last_pull(self) -> &'static str {
        self.pick("Last pull", "上次拉取")
    }

    pub(crate) fn pull_long_ago(self) -> &'static str {
        self.pick("no event kept", "事件已不再保留")
    }

    pub(crate) fn used_by(self) -> &'static str {
        self.pick("Used by", "使用者")
    }

    pub(crate) fn history(self) -> &'static str {
        self.pick("History", "历史")
    }

    pub(crate) fn last_rotation(self) -> &'static str {
        self.pick("Last rotation", "上次轮换")
    }

    pub(crate) fn what_it_means(self) -> &'static str {
        self.pick("What it means", "含义")
    }

    pub(crate) fn all(self) -> &'static str {
        self.pick("All", "全部")
    }

    pub(crate) fn none(self) -> &'static str {
        self.pick("none", "无")
    }

    pub(crate) fn unknown(self) -> &'static str {
        self.pick("unknown", "未知")
    }

    pub(crate) fn yes(self) -> &'static str {
        self.pick("yes", "是")
    }

    pub(crate) fn not_everywhere(self) -> &'static str {
        self.pick("not in every namespace", "并非所有命名空间")
    }

    pub(crate) fn ready(self) -> &'static str {
        self.pick("Ready", "就绪")
    }

    pub(crate) fn valid(self) -> &'static str {
        self.pick("Valid", "有效")
    }

    pub(crate) fn unverified(self) -> &'static str {
        self.pick("Unverified", "未验证")
    }

    pub(crate) fn not_working(self) -> &'static str {
        self.pick("Not working", "无效")
    }

    pub(crate) fn needs_attention(self) -> &'static str {
        self.pick("Needs attention", "需要处理")
    }

    pub(crate) fn being_deleted(self) -> &'static str {
        self.pick("Being deleted", "正在删除")
    }

    pub(crate) fn pullable(self) -> &'static str {
        self.pick("Can be pulled", "可以拉取")
    }

    pub(crate) fn pull_failed(self) -> &'static str {
        self.pick("Pull failed", "拉取失败")
    }

    pub(crate) fn not_certain(self) -> &'static str {
        self.pick("Not certain", "无法确定")
    }

    pub(crate) fn no_pods(self) -> &'static str {
        self.pick("No pods", "没有 Pod")
    }

    pub(crate) fn waiting(self) -> &'static str {
        self.pick("Waiting", "等待中")
    }

    pub(crate) fn pulling(self) -> &'static str {
        self.pick("Pulling", "正在拉取")
    }

    pub(crate) fn pulled(self) -> &'static str {
        self.pick("Pulled", "已拉取")
    }

    pub(crate) fn all_of_project(self) -> &'static str {
        self.pick("All namespaces in this project", "此项目所有命名空间")
    }

    pub(crate) fn single_namespace(self) -> &'static str {
        self.pick("A single namespace", "单个命名空间")
    }

    pub(crate) fn whole_cluster(self) -> &'static str {
        self.pick("The whole cluster", "整个集群")
    }

    pub(crate) fn address(self) -> &'static str {
        self.pick("Address", "地址")
    }

    pub(crate) fn username(self) -> &'static str {
        self.pick("Username", "用户名")
    }

    pub(crate) fn password(self) -> &'static str {
        self.pick("Password", "密码")
    }

    pub(crate) fn saved(self) -> &'static str {
        self.pick("saved", "已保存")
    }

    pub(crate) fn hidden(self) -> &'static str {
        self.pick("hidden", "已隐藏")
    }

    pub(crate) fn delivery_copy(self) -> &'static str {
        self.pick("Copy", "副本")
    }

    pub(crate) fn delivery_on_demand(self) -> &'static str {
        self.pick("On demand", "按需")
    }

    pub(crate) fn delivery_node(self) -> &'static str {
        self.pick("On the node", "节点")
    }

    pub(crate) fn appearance(self) -> &'static str {
        self.pick("Appearance", "外观")
    }

    pub(crate) fn language(self) -> &'static str {
        self.pick("Language", "语言")
    }

    pub(crate) fn theme(self) -> &'static str {
        self.pick("Theme", "主题")
    }

    pub(crate) fn theme_auto(self) -> &'static str {
        self.pick("As the system", "跟随系统")
    }

    pub(crate) fn theme_light(self) -> &'static str {
        self.pick("Light", "浅色")
    }

    pub(crate) fn theme_dark(self) -> &'static str {
        self.pick("Dark", "深色")
    }

    pub(crate) fn letter_keys(self) -> &'static str {
        self.pick("Single-letter keys", "单字母快捷键")
    }

    pub(crate) fn on(self) -> &'static str {
        self.pick("On", "开启")
    }

    pub(crate) fn off(self) -> &'static str {
        self.pick("Off", "关闭")
    }

    pub(crate) fn access(self) -> &'static str {
        self.pick("Access", "访问权限")
    }

    pub(crate) fn about(self) -> &'static str {
        self.pick("About", "关于")
    }

    pub(crate) fn right_word(self) -> &'static str {
        self.pick("Right", "权限")
    }

    pub(crate) fn keys(self) -> &'static str {
        self.pick("Keys", "快捷键")
    }

    pub(crate) fn key_rows(self) -> &'static str {
        self.pick("next and previous row", "下一行和上一行")
    }

    pub(crate) fn key_open(self) -> &'static str {
        self.pick("open the row", "打开该行")
    }

    pub(crate) fn key_verify(self) -> &'static str {
        self.pick("Verify", "验证")
    }

    pub(crate) fn key_rotate(self) -> &'static str {
        self.pick("Rotate", "轮换")
    }

    pub(crate) fn key_explain(self) -> &'static str {
        self.pick("explain the row or the page", "诊断该行或该页面")
    }

    pub(crate) fn palette(self) -> &'static str {
        self.pick("Go to", "快速跳转")
    }

    pub(crate) fn palette_hint(self) -> &'static str {
        self.pick("Page, or an image to explain", "页面，或要诊断的镜像")
    }

    pub(crate) fn pages(self) -> &'static str {
        self.pick("Pages", "分页")
    }

    pub(crate) fn other_name(self) -> &'static str {
        self.pick(
            "the name was taken; another one is used",
            "名称已被占用，使用其他名称",
        )
    }

    pub(crate) fn full_stop(self) -> &'static str {
        self.pick(". ", "。")
    }

    pub(crate) fn colon(self) -> &'static str {
        self.pick(": ", "：")
    }

    pub(crate) fn conditions(self) -> &'static str {
        self.pick("Conditions", "状况")
    }

    pub(crate) fn condition_type(self) -> &'static str {
        self.pick("Type", "类型")
    }

    pub(crate) fn condition_status(self) -> &'static str {
        self.pick("Status", "状态")
    }

    pub(crate) fn condition_reason(self) -> &'static str {
        self.pick("Reason", "原因")
    }

    /// Since the last change.
    pub(crate) fn condition_age(self) -> &'static str {
        self.pick("Age", "变化时间")
    }

    pub(crate) fn number_word(self) -> &'static str {
        self.pick("Number", "序号")
    }

    pub(crate) fn replaced(self) -> &'static str {
        self.pick("Replaced", "被替换")
    }

    pub(crate) fn older_contents(self) -> &'static str {
        self.pick("Older contents", "历史版本")
    }

    pub(crate) fn step_word(self) -> &'static str {
        self.pick("Step", "步骤")
    }

    pub(crate) fn took(self) -> &'static str {
        self.pick("Took", "用时")
    }

    pub(crate) fn not_asked(self) -> &'static str {
        self.pick("not asked", "未询问")
    }

    pub(crate) fn tested(self) -> &'static str {
        self.pick("Tested", "测试对象")
    }

    pub(crate) fn only_login(self) -> &'static str {
        self.pick("the login", "登录")
    }

    pub(crate) fn server_now(self) -> &'static str {
        self.pick("From this server, now", "从此服务器，刚刚")
    }

    pub(crate) fn by_controllers(self) -> &'static str {
        self.pick("From the controllers", "从控制器")
    }

    pub(crate) fn by_nodes(self) -> &'static str {
        self.pick("From nodes", "从节点")
    }
}
