//! The table of presets. Order is the order in forms: the three of Rancher's page first, then the rest.

use super::{Preset, TokenService, Words};

const fn words(en: &'static str, zh: &'static str) -> Words {
    Words { en, zh }
}

const USERNAME: Words = words("User name", "用户名");

pub(super) const CUSTOM: Preset = Preset {
    id: "custom",
    title: words("Custom", "自定义"),
    host: None,
    host_example: "registry.example.com:5000",
    host_patterns: &[],
    username: USERNAME,
    fixed_username: None,
    password: words("Password", "密码"),
    token_page: None,
    advice: words(
        "Use an account that may only pull. Gitea and Forgejo may hand out tokens on another host, which is then asked about once.",
        "请使用仅有拉取权限的账号。Gitea 和 Forgejo 可能在另一台主机上签发令牌，届时会询问确认一次。",
    ),
    token_service: TokenService::Own,
};

/// Every preset.
pub const ALL: &[Preset] = &[
    Preset {
        id: "dockerhub",
        title: words("DockerHub", "DockerHub"),
        host: Some("docker.io"),
        host_example: "docker.io",
        host_patterns: &["docker.io"],
        username: words("Docker ID", "Docker ID"),
        fixed_username: None,
        password: words("Personal or organization access token", "个人或组织访问令牌"),
        token_page: Some("https://app.docker.com/settings/personal-access-tokens"),
        advice: words(
            "Create a token with the permission Read-only. A password works only without two-factor authentication.",
            "请创建权限为只读（Read-only）的令牌。启用双重验证后无法使用密码。",
        ),
        token_service: TokenService::Known("https://auth.docker.io"),
    },
    Preset {
        id: "quay",
        title: words("Quay.io", "Quay.io"),
        host: Some("quay.io"),
        host_example: "quay.io",
        host_patterns: &["quay.io"],
        username: words("Robot account (organization+name)", "机器人账号（组织+名称）"),
        fixed_username: None,
        password: words("Robot token", "机器人令牌"),
        token_page: Some("https://docs.quay.io/glossary/robot-accounts.html"),
        advice: words(
            "Create a robot account and give it Read on the repositories it needs.",
            "请创建机器人账号，并仅授予所需仓库的读取（Read）权限。",
        ),
        token_service: TokenService::Own,
    },
    CUSTOM,
    Preset {
        id: "ghcr",
        title: words("GitHub Container Registry", "GitHub 容器镜像库"),
        host: Some("ghcr.io"),
        host_example: "ghcr.io",
        host_patterns: &["ghcr.io"],
        username: words("GitHub user name", "GitHub 用户名"),
        fixed_username: None,
        password: words("Personal access token (classic)", "个人访问令牌（classic）"),
        token_page: Some("https://github.com/settings/tokens/new?scopes=read:packages"),
        advice: words(
            "The scope read:packages is enough. Public images fail too once the token has expired.",
            "权限范围选择 read:packages 即可。令牌过期后，拉取公开镜像也会失败。",
        ),
        token_service: TokenService::Own,
    },
    Preset {
        id: "gitlab",
        title: words("GitLab", "GitLab"),
        host: Some("registry.gitlab.com"),
        host_example: "registry.gitlab.example.com",
        host_patterns: &["registry.gitlab.com"],
        username: words("Deploy token name", "部署令牌用户名"),
        fixed_username: None,
        password: words("Deploy token", "部署令牌"),
        token_page: Some("https://docs.gitlab.com/user/project/deploy_tokens/"),
        advice: words(
            "Create a deploy token of the group or project with the scope read_registry. A GitLab of your own hands out tokens on \
             another host, which is asked about once.",
            "请在群组或项目中创建权限范围为 read_registry 的部署令牌。自建 GitLab 在另一台主机上签发令牌，届时会询问确认一次。",
        ),
        token_service: TokenService::Foreign,
    },
    Preset {
        id: "ecr",
        title: words("Amazon ECR", "Amazon ECR"),
        host: None,
        host_example: "<account>.dkr.ecr.<region>.amazonaws.com",
        host_patterns: &[
            "*.dkr.ecr.*.amazonaws.com",
            "*.dkr.ecr.*.amazonaws.com.cn",
            "*.dkr.ecr-fips.*.amazonaws.com",
        ],
        username: USERNAME,
        fixed_username: Some("AWS"),
        password: words("Authorization token", "授权令牌"),
        token_page: Some("https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html"),
        advice: words(
            "A token lives for 12 hours: renew it with aws ecr get-login-password. The policy \
             AmazonEC2ContainerRegistryPullOnly is enough.",
            "令牌有效期为 12 小时，请用 aws ecr get-login-password 更新。策略 AmazonEC2ContainerRegistryPullOnly 即可。",
        ),
        token_service: TokenService::Own,
    },
    Preset {
        id: "acr",
        title: words("Azure Container Registry", "Azure 容器镜像库"),
        host: None,
        host_example: "<registry>.azurecr.io",
        host_patterns: &["*.azurecr.io", "*.azurecr.cn", "*.azurecr.us"],
        username: words("Token name or application id", "令牌名称或应用程序 ID"),
        fixed_username: None,
        password: words("Token password or client secret", "令牌密码或客户端机密"),
        token_page: Some(
            "https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions",
        ),
        advice: words(
            "Create a token with the scope map _repositories_pull, or give a service principal the role AcrPull.",
            "请使用作用域映射 _repositories_pull 创建令牌，或为服务主体分配 AcrPull 角色。",
        ),
        token_service: TokenService::Own,
    },
    Preset {
        id: "gar",
        title: words("Google Artifact Registry", "Google Artifact Registry"),
        host: None,
        host_example: "<location>-docker.pkg.dev",
        host_patterns: &["*-docker.pkg.dev", "gcr.io", "*.gcr.io"],
        username: USERNAME,
        fixed_username: Some("_json_key"),
        password: words("Service account key (JSON)", "服务账号密钥（JSON）"),
        token_page: Some("https://cloud.google.com/artifact-registry/docs/docker/authentication"),
        advice: words(
            "Give the service account the role Artifact Registry Reader, and paste the key file as it is. For a key in base64 the user \
             name is _json_key_base64.",
            "请为服务账号授予 Artifact Registry Reader 角色，并原样粘贴密钥文件。密钥为 base64 时，用户名为 _json_key_base64。",
        ),
        token_service: TokenService::Own,
    },
    Preset {
        id: "harbor",
        title: words("Harbor", "Harbor"),
        host: None,
        host_example: "harbor.example.com",
        host_patterns: &[],
        username: words(
            "Robot account (robot$project+name)",
            "机器人账户（robot$项目+名称）",
        ),
        fixed_username: None,
        password: words("Robot secret", "机器人密钥"),
        token_page: Some(
            "https://goharbor.io/docs/latest/working-with-projects/project-configuration/create-robot-accounts/",
        ),
        advice: words(
            "Create a robot account of the project that may pull repositories. In a shell, put its name into single quotes.",
            "请在项目中创建仅可拉取仓库的机器人账户。在命令行中请用单引号括住其名称。",
        ),
        token_service: TokenService::Own,
    },
    Preset {
        id: "artifactory",
        title: words("JFrog Artifactory", "JFrog Artifactory"),
        host: None,
        host_example: "<server>.jfrog.io",
        host_patterns: &["*.jfrog.io"],
        username: USERNAME,
        fixed_username: None,
        password: words("Identity or access token", "身份令牌或访问令牌"),
        token_page: Some(
            "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens",
        ),
        advice: words(
            "Use a user that may only read the Docker repository. Give a repository to test: anonymous access can make any login look \
             good.",
            "请使用对 Docker 仓库仅有读取权限的用户。请填写用于测试的仓库：允许匿名访问时，任何登录都可能显示成功。",
        ),
        token_service: TokenService::Own,
    },
    Preset {
        id: "nexus",
        title: words("Sonatype Nexus", "Sonatype Nexus"),
        host: None,
        host_example: "nexus.example.com:8082",
        host_patterns: &[],
        username: words("User name or token name code", "用户名或令牌名称代码"),
        fixed_username: None,
        password: words("Password or token pass code", "密码或令牌通行代码"),
        token_page: Some("https://help.sonatype.com/en/user-tokens.html"),
        advice: words(
            "Use a user whose role may only browse and read the Docker repository. Each repository often has a port of its own.",
            "请使用角色仅可浏览和读取 Docker 仓库的用户。每个仓库通常有各自的端口。",
        ),
        token_service: TokenService::Own,
    },
];
