//! Feeding the index: one function per kind of object and kind of change. Each returns whom the change concerns.

use super::credentials::Found;
use super::{Applies, Credential, Index, Namespace, Project, Touched, copies};
use crate::CredentialId;
use crate::source::PullSecret;
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::{Delivery, label};
use keyside_keychain::Reference;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Index {
    /// A namespace was seen.
    pub fn apply_namespace(&mut self, meta: &ObjectMeta) -> Touched {
        let name: Arc<str> = meta.name.as_deref().unwrap_or_default().into();
        let namespace = Namespace::of(meta);
        if self.namespaces.get(&name) == Some(&namespace) {
            return Touched::default();
        }
        self.stale_table(&name);
        let former = self.namespaces.insert(name.clone(), namespace);
        let mut touched = Touched::default();
        if former.is_some_and(|former| former.uid != self.namespaces[&name].uid) {
            self.forget_content(&name);
        }
        self.settle(&name, &mut touched);
        touched.namespaces.insert(name.clone());
        touched.projects.extend(self.projects.at_home(&name).cloned());
        touched
    }

    /// A namespace is gone, and with it everything in it.
    pub fn remove_namespace(&mut self, name: &str) -> Touched {
        let mut touched = Touched::default();
        let Some((name, _)) = self.namespaces.remove_entry(name) else {
            return touched;
        };
        let owners = self
            .copies
            .in_namespace(&name)
            .filter_map(|copy| self.by_label.get(self.copies.owner(copy)));
        touched.reports.extend(owners.cloned());
        touched
            .reports
            .extend(self.credentials_in(&name).map(|credential| credential.id.clone()));
        self.forget_content(&name);
        self.settle(&name, &mut touched);
        touched.projects.extend(self.projects.at_home(&name).cloned());
        touched
    }

    /// What was in a namespace went with it.
    fn forget_content(&mut self, name: &str) {
        self.copies.remove_namespace(name);
        self.needs.remove_namespace(name);
        self.secrets.remove_namespace(name);
        self.unwanted.retain(|(namespace, _), _| &**namespace != name);
    }

    /// A Project was seen.
    pub fn apply_project(&mut self, object: &keyside_api::Project) -> Touched {
        let project = Project::from(object);
        let (name, home) = (project.name.clone(), project.home.clone());
        let former = self.projects.get(&name).cloned();
        if former.as_ref().is_some_and(|known| project.is_older_than(known)) {
            return Touched::default();
        }
        let mut affected = self.namespaces_of_claims(&project);
        affected.extend(former.iter().flat_map(|former| self.namespaces_of_claims(former)));
        let former_home = former.map(|former| former.home);
        let homes = [former_home, Some(home)];
        self.projects.insert(project);
        self.stale_tables_of_homes(&homes, &affected);
        let mut touched = Touched::default();
        self.touch_homes(homes, &mut touched);
        for namespace in affected {
            self.settle(&namespace, &mut touched);
        }
        touched.projects.insert(name);
        touched
    }

    /// A Project is gone.
    pub fn remove_project(&mut self, name: &str) -> Touched {
        let mut touched = Touched::default();
        let Some(project) = self.projects.remove(name) else {
            return touched;
        };
        let affected = self.namespaces_of_claims(&project);
        let homes = [Some(project.home.clone()), None];
        self.stale_tables_of_homes(&homes, &affected);
        self.touch_homes(homes, &mut touched);
        for namespace in affected {
            self.settle(&namespace, &mut touched);
        }
        touched
    }

    /// The namespaces that a Project claims or has claimed.
    fn namespaces_of_claims(&self, project: &Project) -> BTreeSet<Arc<str>> {
        let wide = project.selector.is_some() || project.rancher.is_some();
        let all = self.namespaces.keys().filter(|_| wide);
        project
            .named
            .iter()
            .chain(&project.members)
            .chain(all)
            .cloned()
            .collect()
    }

    /// Credentials of the Project in these home namespaces, and Projects that share one, may stand differently now.
    fn touch_homes(&self, homes: [Option<Arc<str>>; 2], touched: &mut Touched) {
        for home in homes.into_iter().flatten() {
            let of_projects = self
                .credentials_living_in(&home)
                .filter(|credential| credential.applies == Applies::Project);
            touched
                .credentials
                .extend(of_projects.map(|credential| credential.id.clone()));
            touched.projects.extend(self.projects.at_home(&home).cloned());
        }
    }

    /// Decides anew where a namespace belongs.
    fn settle(&mut self, name: &Arc<str>, touched: &mut Touched) {
        let is_system = self.is_system(name);
        let (former, present) = self.projects.settle(name, self.namespaces.get(name), is_system);
        if former != present {
            self.stale_table(name);
            touched.namespaces.insert(name.clone());
            let homes = [&former, &present]
                .into_iter()
                .flatten()
                .filter_map(|project| self.projects.get(project));
            let homes: Vec<Arc<str>> = homes.map(|project| project.home.clone()).collect();
            for home in homes {
                let credentials = self
                    .credentials_living_in(&home)
                    .filter(|one| one.applies == Applies::Project);
                touched.reports.extend(credentials.map(|one| one.id.clone()));
            }
        }
        let concerned = [former, present]
            .into_iter()
            .flatten()
            .chain(self.projects.naming(name).cloned());
        touched
            .projects
            .extend(concerned.filter(|project| self.projects.get(project).is_some()));
    }

    /// A credential of either kind was seen.
    pub fn apply_credential(&mut self, credential: impl Into<Credential>) -> Touched {
        let mut credential = credential.into();
        let id = credential.id.clone();
        let mut touched = Touched::default();
        if self
            .credentials
            .get(&id)
            .is_some_and(|known| credential.is_older_than(known))
        {
            return touched;
        }
        let shown = self.face(self.credentials.get(&id));
        let former = self.unlink(&id);
        let is_same_spec = former
            .as_ref()
            .is_some_and(|former| credential.has_spec_of(former));
        if let Some(former) = former {
            credential.succeed(former);
        }
        credential.read_source(self.source_of(&credential), self.key.as_ref());
        self.link(credential);
        let shows = self.face(self.credentials.get(&id));
        self.stale_tables_of(shown, shows);
        if is_same_spec {
            touched.reports.insert(id);
        } else {
            let namesakes = self.by_name.get(&id.name).into_iter().flatten();
            touched.credentials.extend(namesakes.cloned());
        }
        touched
    }

    /// The answer to a write of ours about a credential. A watch may have told meanwhile that the credential is gone, or that
    /// another one has its name: then the answer comes too late, and must not bring it back.
    pub fn confirm_credential(&mut self, credential: impl Into<Credential>) {
        let credential = credential.into();
        let known = self.credentials.get(&credential.id);
        if known.is_some_and(|known| known.uid == credential.uid) {
            self.apply_credential(credential);
        }
    }

    /// The answer to a write of ours about a Project; see [`confirm_credential`](Self::confirm_credential).
    pub fn confirm_project(&mut self, object: &keyside_api::Project) {
        let project = Project::from(object);
        let known = self.projects.get(&project.name);
        if known.is_some_and(|known| known.uid == project.uid) {
            self.apply_project(object);
        }
    }

    /// The answer to a write of ours of a copy; see [`confirm_credential`](Self::confirm_credential). A copy that was made by
    /// that write is known by nothing yet, so what counts is that no watch has told of its end, or of its namespace's.
    pub fn confirm_copy(&mut self, meta: &ObjectMeta, now: Timestamp) -> Touched {
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        if self.copies.was_removed(meta) || !self.namespaces.contains_key(namespace) {
            return Touched::default();
        }
        self.apply_copy(meta, now)
    }

    /// A credential is gone; its copies have lost their reason.
    pub fn remove_credential(&mut self, id: &CredentialId) -> Touched {
        let mut touched = Touched::default();
        let shown = self.face(self.credentials.get(id));
        let Some(credential) = self.unlink(id) else {
            return touched;
        };
        self.stale_tables_of(shown, None);
        self.needs.remove(&credential.label);
        touched.namespaces.extend(
            self.copies
                .of_owner(&credential.label)
                .map(|(namespace, _)| namespace.clone()),
        );
        touched
            .credentials
            .extend(self.by_name.get(&id.name).into_iter().flatten().cloned());
        touched
    }

    fn link(&mut self, credential: Credential) {
        let id = credential.id.clone();
        self.reach.file(&credential);
        self.by_name.entry(id.name.clone()).or_default().push(id.clone());
        self.by_label.insert(credential.label.clone(), id.clone());
        if let Some(source) = &credential.source {
            self.by_source.entry(source.clone()).or_default().push(id.clone());
        }
        self.credentials.insert(id, credential);
    }

    fn unlink(&mut self, id: &CredentialId) -> Option<Credential> {
        let credential = self.credentials.remove(id)?;
        self.reach.unfile(&credential);
        self.by_label.remove(&credential.label);
        if let Some(ids) = self.by_name.get_mut(&id.name) {
            ids.retain(|other| other != id);
            if ids.is_empty() {
                self.by_name.remove(&id.name);
            }
        }
        let source = credential.source.as_ref();
        if let Some((source, ids)) = source.and_then(|source| Some((source, self.by_source.get_mut(source)?)))
        {
            ids.retain(|other| other != id);
            if ids.is_empty() {
                self.by_source.remove(source);
            }
        }
        Some(credential)
    }

    /// A pull secret or basic-auth Secret that is not ours was seen.
    pub fn apply_secret(&mut self, secret: &core::Secret) -> Touched {
        if copies::owner(&secret.metadata).is_some() {
            return Touched::default();
        }
        let namespace: Arc<str> = secret.metadata.namespace.as_deref().unwrap_or_default().into();
        let secret = PullSecret::read(secret, self.key.as_ref());
        let name = secret.name.clone();
        self.reach.unfile_plain(&namespace, &name);
        self.reach.file_plain(&namespace, &secret);
        let is_new = self.secrets.insert(&namespace, secret).is_none();
        self.touch_secret(namespace, name, is_new)
    }

    /// A pull secret or basic-auth Secret that was not ours is gone: this object, or whatever has the name if the uid is not
    /// known.
    pub fn remove_secret(&mut self, namespace: &str, name: &str, uid: Option<&str>) -> Touched {
        let is_other = |secret: &PullSecret| uid.is_some_and(|uid| secret.uid != uid);
        if self.secrets.get(namespace, name).is_none_or(is_other) {
            return Touched::default();
        }
        let Some(secret) = self.secrets.remove(namespace, name) else {
            return Touched::default();
        };
        let namespace: Arc<str> = namespace.into();
        self.reach.unfile_plain(&namespace, name);
        self.touch_secret(namespace, secret.name, true)
    }

    /// Who depends on a Secret: the credentials made of it, and those whose copies want its name.
    fn touch_secret(&mut self, namespace: Arc<str>, name: Arc<str>, came_or_went: bool) -> Touched {
        let mut touched = Touched::default();
        self.stale_table(&namespace);
        let key = (namespace, name);
        for id in self.by_source.get(&key).cloned().unwrap_or_default() {
            self.read_source_of(&id);
            touched.credentials.insert(id);
        }
        let (namespace, name) = key;
        if came_or_went && self.by_name.contains_key(&name) {
            touched.namespaces.insert(namespace);
        }
        touched
    }

    fn read_source_of(&mut self, id: &CredentialId) {
        let shown = self.face(self.credentials.get(id));
        let Some(mut credential) = self.credentials.remove(id) else {
            return;
        };
        self.reach.unfile(&credential);
        credential.read_source(self.source_of(&credential), self.key.as_ref());
        self.reach.file(&credential);
        self.credentials.insert(id.clone(), credential);
        let shows = self.face(self.credentials.get(id));
        self.stale_tables_of(shown, shows);
    }

    fn source_of(&self, credential: &Credential) -> Found<'_> {
        match &credential.source {
            Some((namespace, _)) if !self.may_read(namespace) => Found::NoRight,
            Some((namespace, name)) => self
                .secrets
                .get(namespace, name)
                .map_or(Found::Nothing, Found::Secret),
            None => Found::Nothing,
        }
    }

    /// A Secret with our label was seen, by a watch or as the answer to a write.
    pub fn apply_copy(&mut self, meta: &ObjectMeta, now: Timestamp) -> Touched {
        let mut touched = Touched::default();
        let namespace: Arc<str> = meta.namespace.as_deref().unwrap_or_default().into();
        if let (Some(owner), Some(images)) = (
            copies::owner(meta),
            meta.annotations.as_ref().and_then(|map| map.get(label::IMAGES)),
        ) {
            let images = images.split(',').filter(|image| !image.is_empty()).map(Arc::from);
            self.needs.note(&namespace, &owner.as_str().into(), images, now);
        }
        let name = meta.name.as_deref().unwrap_or_default();
        if self.secrets.set_taken(&namespace, name, false) {
            self.stale_table(&namespace);
        }
        let stood = self.copy(&namespace, name).is_some();
        let changed = self.copies.observe(&namespace, meta);
        // That one stands, or that somebody else's has its name, may matter; what is in it does not.
        if changed && !(stood && self.copy(&namespace, name).is_some()) {
            self.stale_table(&namespace);
        }
        if changed {
            touched.namespaces.insert(namespace);
            touched.reports.extend(
                copies::owner(meta)
                    .and_then(|owner| self.by_label.get(owner.as_str()))
                    .cloned(),
            );
        }
        touched
    }

    /// A Secret with our label is gone. Without a uid, whatever has the name.
    pub fn remove_copy(&mut self, namespace: &str, name: &str, uid: Option<&str>) -> Touched {
        let mut touched = Touched::default();
        let owner = self
            .copies
            .get(namespace, name)
            .map(|copy| self.copies.owner(copy).clone());
        if self.copies.remove(namespace, name, uid) {
            self.stale_table(namespace);
            self.unwanted.remove(&(namespace.into(), name.into()));
            touched.namespaces.insert(namespace.into());
            touched
                .reports
                .extend(owner.and_then(|owner| self.by_label.get(&owner)).cloned());
        }
        touched
    }

    /// The API server said that a name is taken, or it is worth trying again.
    pub fn set_taken(&mut self, namespace: &str, name: &str, taken: bool) {
        // What a watch shows needs no note.
        if !taken
            || (self.copies.get(namespace, name).is_none() && self.secrets.get(namespace, name).is_none())
        {
            self.secrets.set_taken(namespace, name, taken);
            self.stale_table(namespace);
        }
    }

    /// A `ServiceAccount` was seen.
    pub fn apply_account(&mut self, meta: &ObjectMeta) {
        let key = account_key(meta);
        let guard = meta
            .annotations
            .as_ref()
            .and_then(|map| map.get(label::ENFORCE_MOUNTABLE_SECRETS));
        let namespace = key.0.clone();
        let changed = if guard.is_some_and(|value| value == "true") {
            self.guarded_accounts.insert(key)
        } else {
            self.guarded_accounts.remove(&key)
        };
        if changed {
            self.stale_table(&namespace);
        }
    }

    /// A `ServiceAccount` is gone.
    pub fn remove_account(&mut self, namespace: &str, name: &str) {
        if self.guarded_accounts.remove(&(namespace.into(), name.into())) {
            self.stale_table(namespace);
        }
    }

    /// A pod needs a credential, and these repositories, as it spells them, need keys of their own. Returns whether the
    /// namespace's copy has to change for it.
    pub fn note_need(
        &mut self,
        namespace: &str,
        id: &CredentialId,
        images: Vec<Arc<str>>,
        now: Timestamp,
    ) -> bool {
        let Some(credential) = self.credentials.get(id) else {
            return false;
        };
        if credential.delivery != Delivery::OnDemand && images.is_empty() {
            // The copy stands anyway, as it is.
            return false;
        }
        self.needs
            .note(&namespace.into(), &credential.label.clone(), images, now)
    }

    /// A verification has come to its end.
    pub fn note_round(&mut self, id: &CredentialId, round: crate::verify::Round) {
        if let Some(credential) = self.credentials.get_mut(id) {
            credential.note_round(round);
        }
    }

    /// A pod in scope uses an image for which the credential answers. Returns whether that is new.
    pub fn note_used(&mut self, id: &CredentialId, image: &str) -> bool {
        self.credentials
            .get_mut(id)
            .is_some_and(|credential| credential.note_used(image))
    }

    /// The same, if it is one that the credential is for.
    pub fn note_image(&mut self, id: &CredentialId, image: &str) -> bool {
        let content = self.credential(id).and_then(Credential::content);
        let is_served = content.is_some_and(|content| {
            let image = Reference::parse(image);
            image.is_ok_and(|image| content.served.iter().any(|one| one.pattern.matches(&image)))
        });
        is_served && self.note_used(id, image)
    }

    /// An image that a pod named turned out not to exist.
    pub fn forget_used(&mut self, id: &CredentialId, image: &str) {
        if let Some(credential) = self.credentials.get_mut(id) {
            credential.forget_used(image);
        }
    }

    /// No pod of a namespace needs an on-demand copy any more, so that it may go.
    pub fn release_need(&mut self, namespace: &Arc<str>, id: &CredentialId, now: Timestamp) {
        if let Some(credential) = self.credentials.get(id) {
            self.needs.release(namespace, &credential.label.clone(), now);
        }
    }

    /// Everything has been seen once: whom to look at first. The credentials see to their namespaces, and copies whose
    /// credential is gone are looked at where they stand.
    pub fn first_look(&self) -> Touched {
        let orphans = self
            .copies
            .keys()
            .map(|(namespace, _)| namespace)
            .filter(|namespace| {
                self.copies
                    .in_namespace(namespace)
                    .any(|copy| !self.by_label.contains_key(self.copies.owner(copy)))
            });
        Touched {
            namespaces: orphans.cloned().collect(),
            credentials: self.credentials.keys().cloned().collect(),
            reports: BTreeSet::new(),
            projects: self.projects.iter().map(|project| project.name.clone()).collect(),
        }
    }

    /// Everything has been seen once: forgets what was remembered of Projects that are no more.
    pub fn prune(&mut self) {
        self.projects.prune_accepted();
    }
}

fn account_key(meta: &ObjectMeta) -> (Arc<str>, Arc<str>) {
    (
        meta.namespace.as_deref().unwrap_or_default().into(),
        meta.name.as_deref().unwrap_or_default().into(),
    )
}
