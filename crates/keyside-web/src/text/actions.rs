//! Buttons and links.

use super::Lang;

impl Lang {
    pub(crate) fn sign_in(self) -> &'static str {
        self.pick("Sign in", "登录")
    }

    pub(crate) fn sign_out(self) -> &'static str {
        self.pick("Sign out", "退出登录")
    }

    pub(crate) fn add_credential(self) -> &'static str {
        self.pick("Add credential", "添加凭证")
    }

    pub(crate) fn add_project(self) -> &'static str {
        self.pick("Add project", "添加项目")
    }

    pub(crate) fn add_namespaces(self) -> &'static str {
        self.pick("Add namespaces", "添加命名空间")
    }

    pub(crate) fn save(self) -> &'static str {
        self.pick("Save", "保存")
    }

    pub(crate) fn save_anyway(self) -> &'static str {
        self.pick("Save anyway", "仍然保存")
    }

    pub(crate) fn cancel(self) -> &'static str {
        self.pick("Cancel", "取消")
    }

    pub(crate) fn close(self) -> &'static str {
        self.pick("Close", "关闭")
    }

    pub(crate) fn edit(self) -> &'static str {
        self.pick("Edit", "编辑")
    }

    pub(crate) fn delete(self) -> &'static str {
        self.pick("Delete", "删除")
    }

    pub(crate) fn change_scope(self) -> &'static str {
        self.pick("Change scope", "更改范围")
    }

    pub(crate) fn deploy(self) -> &'static str {
        self.pick("Deploy", "部署服务")
    }

    pub(crate) fn run(self) -> &'static str {
        self.pick("Run", "运行")
    }

    pub(crate) fn check(self) -> &'static str {
        self.pick("Check", "检查")
    }

    pub(crate) fn apply(self) -> &'static str {
        self.pick("Apply", "应用")
    }

    pub(crate) fn filter(self) -> &'static str {
        self.pick("Filter", "筛选")
    }

    pub(crate) fn preview(self) -> &'static str {
        self.pick("Preview", "预览")
    }

    pub(crate) fn open(self) -> &'static str {
        self.pick("Open", "打开")
    }

    pub(crate) fn more(self) -> &'static str {
        self.pick("More", "更多")
    }

    pub(crate) fn show_preview(self) -> &'static str {
        self.pick("Show the preview", "显示预览")
    }

    pub(crate) fn show_all(self) -> &'static str {
        self.pick("Show all", "显示全部")
    }

    pub(crate) fn to_start(self) -> &'static str {
        self.pick("To the start page", "返回首页")
    }

    pub(crate) fn understand(self) -> &'static str {
        self.pick("Read it", "识别")
    }

    pub(crate) fn reveal(self) -> &'static str {
        self.pick("Show", "显示")
    }

    pub(crate) fn copy(self) -> &'static str {
        self.pick("Copy", "复制")
    }

    pub(crate) fn copy_as(self) -> &'static str {
        self.pick("Copy as command or YAML", "复制为命令或 YAML")
    }

    pub(crate) fn as_command(self) -> &'static str {
        self.pick("As command", "复制为命令")
    }

    pub(crate) fn as_yaml(self) -> &'static str {
        self.pick("As YAML", "复制为 YAML")
    }

    pub(crate) fn verify_now(self) -> &'static str {
        self.pick("Verify now", "立即验证")
    }

    pub(crate) fn remove_word(self) -> &'static str {
        self.pick("Remove", "移除")
    }

    pub(crate) fn remove_entry(self) -> &'static str {
        self.pick("Remove this registry", "移除此镜像库")
    }

    pub(crate) fn whole_config(self) -> &'static str {
        self.pick("Docker config", "Docker 配置文件")
    }

    pub(crate) fn with_token(self) -> &'static str {
        self.pick("Sign in with a token", "使用令牌登录")
    }

    pub(crate) fn token_page(self) -> &'static str {
        self.pick("Where to make a token", "如何创建令牌")
    }

    pub(crate) fn rotate(self) -> &'static str {
        self.pick("Rotate", "轮换")
    }

    pub(crate) fn roll_back(self) -> &'static str {
        self.pick("Roll back", "回滚")
    }

    pub(crate) fn roll_back_anyway(self) -> &'static str {
        self.pick("Roll back anyway", "仍然回滚")
    }

    pub(crate) fn forget_older(self) -> &'static str {
        self.pick("Forget older contents", "清除历史版本")
    }
}
