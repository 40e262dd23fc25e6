//! Which docker config keys make the kubelet do what a pattern means.

use super::{ImageName, Pattern};
use crate::hub;
use crate::keyring;
use crate::reference::Reference;

impl Pattern {
    /// The keys that a copy carries so that the kubelet finds the credential for what the pattern matches, and for nothing else.
    ///
    /// * A path gets a closing slash, because the kubelet compares it as a raw prefix: `quay.io/org/` keeps `quay.io/org-b` out.
    /// * A closing slash never matches the repository `quay.io/org` itself. It is added without slash only if one of `images` is
    ///   exactly that repository, because from then on neighbours are served too.
    /// * The whole Docker Hub is written twice: `docker.io` stays behind a path key of another Secret, and
    ///   `https://index.docker.io/v1/` is the only key that docker's own tools read.
    /// * The kubelet compares hosts as written. For each of `images` that spells its host another way (`Quay.io`, `reg.corp:443`),
    ///   the key in that spelling is added.
    ///
    /// Give the images that are known to need the credential: those of a pod on demand, none for a copy made in advance.
    pub fn delivered_keys<'a>(&self, images: impl IntoIterator<Item = &'a Reference>) -> Vec<String> {
        let mut keys = vec![self.key_below(self.host())];
        if self.is_docker_hub() {
            keys.push(hub::CLI_KEY.to_owned());
        }
        for image in images.into_iter().filter(|image| self.matches(image)) {
            if !keys.iter().any(|key| keyring::serves(key, image.lookup())) {
                let key = self.key_for(image);
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// The key for everything below the pattern.
    fn key_below(&self, host: &str) -> String {
        match &*self.written_path() {
            "" => host.to_owned(),
            path => format!("{host}/{path}/"),
        }
    }

    /// The key for one image, with the host as the image spells it.
    fn key_for(&self, image: &Reference) -> String {
        let written_host = image.lookup().split('/').next().unwrap_or_default();
        let spelled_as_usual = ImageName::of(image).host() == written_host;
        let host = if spelled_as_usual {
            self.host()
        } else {
            written_host
        };
        let below = self.key_below(host);
        if keyring::serves(&below, image.lookup()) {
            return below;
        }
        below.trim_end_matches('/').to_owned()
    }
}
