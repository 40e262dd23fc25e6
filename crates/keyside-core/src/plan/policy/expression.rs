//! The policy's expressions: an image's normal form, the first rule that fits it, and the patch.
//!
//! They say in CEL what `keyside_keychain::Reference` and [`crate::inject`] say in Rust; `tests` compares the two. Each
//! variable is a list for all images at once, because CEL has no names inside an expression. What they cost grows with the
//! pod's images times the rules of their registries; `docs/design/0008` has the figures.

use keyside_api::label;

/// A registry, as the grammar of references has it.
const HOST: &str = r"^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?$";

/// A path.
const PATH: &str = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";

/// What may follow a path.
const TAG_AND_DIGEST: &str = r"(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(@(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}))?";

/// Name and expression of each variable, in the order in which they use each other.
pub(super) fn variables() -> Vec<(&'static str, String)> {
    vec![
        ("images", images()),
        ("halves", halves()),
        ("references", references()),
        ("fitting", fitting()),
        ("names", names()),
        ("add", add()),
        ("injected", injected()),
    ]
}

/// All images, in the order in which a kubelet pulls them. What could be an image id is none.
fn images() -> String {
    let volumes = "(has(object.spec.volumes) ? object.spec.volumes.filter(v, has(v.image) && \
                   has(v.image.reference)).map(v, string(v.image.reference)) : [])";
    let containers = ["ephemeralContainers", "initContainers", "containers"].map(|field| {
        format!(
            "(has(object.spec.{field}) ? object.spec.{field}.filter(c, has(c.image)).map(c, string(c.image)) : [])"
        )
    });
    format!(
        "({volumes} + {}).filter(i, !i.matches('^[a-f0-9]{{64}}$'))",
        containers.join(" + ")
    )
}

/// Registry and rest; Docker Hub and `library/` are filled in where they are left out.
fn halves() -> String {
    "variables.images.map(i, i.matches('^([^/]*[.:A-Z][^/]*|localhost)/') ? i.split('/', 2) : ['docker.io', i])\
     .map(h, [h[0] == 'index.docker.io' ? 'docker.io' : h[0], h[1]])\
     .map(h, h[0] == 'docker.io' && !h[1].contains('/') ? ['docker.io', 'library/' + h[1]] : h)"
        .to_owned()
}

/// Images that are references: the registry as tables have it, the path, and the name as it is written.
fn references() -> String {
    let (host, path, rest) = (
        text(HOST),
        text(&format!("^{PATH}$")),
        text(&format!("^{PATH}{TAG_AND_DIGEST}$")),
    );
    format!(
        "variables.halves.filter(h, h[1].matches({rest}))\
         .map(h, [h[0], h[1].split('@')[0].split(':')[0]])\
         .filter(h, h[0].matches({host}) ? h[1].size() <= 255 : \
         h[0].matches({path}) && h[0].size() + h[1].size() < 255)\
         .map(h, {{'registry': (h[0].endsWith(':443') ? h[0].substring(0, h[0].size() - 4) : h[0]).lowerAscii(), \
         'path': h[1], 'name': h[0] + '/' + h[1]}})"
    )
}

/// For each reference the rules that fit it, in their order.
fn fitting() -> String {
    "variables.references.map(r, (\
     (has(params.spec.registries) && r.registry in params.spec.registries ? params.spec.registries[r.registry] : []) \
     + (has(params.spec.wildcards) ? params.spec.wildcards.filter(w, r.registry.matches(w.registry)) : []))\
     .filter(x, (!has(x.path) || r.path == x.path || r.path.startsWith(x.path + '/')) \
     && (!has(x.written) || r.name.matches(x.written)) \
     && (!has(x.unless) || !x.unless.exists(u, r.name.matches(u)))))"
        .to_owned()
}

/// The Secret that each reference is given: of the first rule, or of the first that was not refused, if there is one.
fn names() -> String {
    "variables.fitting.transformList(i, f, f.filter(x, !has(x.refused) || \
     !x.refused.exists(u, variables.references[i].name.matches(u))) + f)\
     .filter(f, f.size() > 0).map(f, f[0]).filter(x, has(x.secret)).map(x, string(x.secret))"
        .to_owned()
}

/// Those that the pod does not have, once each; none for an account that would get the pod refused.
fn add() -> String {
    let account = "(has(object.spec.serviceAccountName) && object.spec.serviceAccountName != '' ? \
                   string(object.spec.serviceAccountName) : 'default')";
    format!(
        "has(params.spec.guardedAccounts) && params.spec.guardedAccounts.exists(a, a == {account}) ? [] : \
         variables.names.transformList(i, n, variables.names.indexOf(n) == i && \
         !(has(object.spec.imagePullSecrets) && object.spec.imagePullSecrets.exists(s, has(s.name) && s.name == n)), n)"
    )
}

/// The annotation that says what was added, by an earlier run and now.
fn injected() -> String {
    let key = label::INJECTED;
    format!(
        "((has(object.metadata.annotations) && '{key}' in object.metadata.annotations ? \
         string(object.metadata.annotations['{key}']).split(',').map(n, n.trim()).filter(n, n != '') : []) \
         + variables.add).join(',')"
    )
}

/// The patch: additions only, so that a pod never loses anything.
pub(super) fn patch() -> String {
    let key = label::INJECTED;
    let pointer = key.replace('~', "~0").replace('/', "~1");
    format!(
        "variables.add.size() == 0 ? [] : (has(object.spec.imagePullSecrets) ? variables.add.map(n, JSONPatch{{op: 'add', \
         path: '/spec/imagePullSecrets/-', value: Object.spec.imagePullSecrets{{name: n}}}}) : [JSONPatch{{op: 'add', \
         path: '/spec/imagePullSecrets', value: variables.add.map(n, Object.spec.imagePullSecrets{{name: n}})}}]) \
         + [has(object.metadata.annotations) ? JSONPatch{{op: 'add', path: '/metadata/annotations/{pointer}', value: \
         variables.injected}} : JSONPatch{{op: 'add', path: '/metadata/annotations', value: {{'{key}': \
         variables.injected}}}}]"
    )
}

/// A text without quotes, as CEL writes it when backslashes stay what they are.
fn text(text: &str) -> String {
    format!("r'{text}'")
}
