//! What can go wrong with a call to the API server, and what is to be done then.

use std::time::Duration;

/// A call that failed, named by what was being done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Creating or changing a copy.
    #[error("write a copy")]
    WriteCopy(#[source] kube::Error),
    /// Removing a copy.
    #[error("remove a copy")]
    DeleteCopy(#[source] kube::Error),
    /// Writing a credential's or Project's status.
    #[error("write a status")]
    WriteStatus(#[source] kube::Error),
    /// Creating a Project's home namespace.
    #[error("create a home namespace")]
    CreateHome(#[source] kube::Error),
    /// Writing down which namespaces were accepted.
    #[error("write down the accepted namespaces")]
    WriteMemory(#[source] kube::Error),
    /// Looking which pods of a namespace use an on-demand copy.
    #[error("list the pods of a namespace")]
    ListPods(#[source] kube::Error),
    /// Reading the certificates of a registry's private authority.
    #[error("read a private authority")]
    ReadAuthority(#[source] kube::Error),
}

/// What was answered, in a few words that hold nothing of what was sent: a message of the API server may quote it.
pub(crate) fn answer(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        _ => "no answer".to_owned(),
    }
}

/// What to do about a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The object is gone, or its namespace is going: the watches will tell.
    Nothing,
    /// Something has the name already.
    Taken,
    /// The object has changed meanwhile: look again.
    LookAgain,
    /// The API server asks for a pause.
    Pause(Duration),
    /// An outage: try again with growing pauses.
    Retry,
    /// It is refused, and will be until somebody changes something.
    Refused(String),
}

impl Error {
    fn cause(&self) -> &kube::Error {
        match self {
            Self::WriteCopy(error)
            | Self::DeleteCopy(error)
            | Self::WriteStatus(error)
            | Self::CreateHome(error)
            | Self::WriteMemory(error)
            | Self::ListPods(error)
            | Self::ReadAuthority(error) => error,
        }
    }

    /// See [`answer`].
    pub(crate) fn answer(&self) -> String {
        answer(self.cause())
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Remedy {
        let kube::Error::Api(status) = self.cause() else {
            return Remedy::Retry;
        };
        let pause = status
            .details
            .as_ref()
            .map_or(0, |details| details.retry_after_seconds);
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let is_terminating = causes
            .into_iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
            || status.message.contains("because it is being terminated");
        match (status.code, &*status.reason) {
            (404, _) => Remedy::Nothing,
            (403, _) if is_terminating => Remedy::Nothing,
            (409, "AlreadyExists") => Remedy::Taken,
            (409, _) => Remedy::LookAgain,
            (429, _) => Remedy::Pause(Duration::from_secs(u64::from(pause.max(1)))),
            (code, _) if code >= 500 && pause > 0 => Remedy::Pause(Duration::from_secs(u64::from(pause))),
            (code, _) if code >= 500 || code == 0 || code == 408 => Remedy::Retry,
            _ => Remedy::Refused(status.message.clone()),
        }
    }
}
