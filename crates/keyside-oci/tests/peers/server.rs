//! A small HTTP server that does exactly what a test says, right or wrong, and remembers everything it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// All headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }

    pub(crate) fn has_secret(&self) -> bool {
        let in_form = ["password=", "refresh_token="];
        self.header("authorization").is_some() || in_form.iter().any(|name| self.body.contains(name))
    }

    /// An answer to this request; a HEAD gets none of the body.
    pub(crate) fn answer(&self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut reply = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            reply.push_str(&format!("{name}: {value}\r\n"));
        }
        reply.push_str("\r\n");
        let mut reply = reply.into_bytes();
        if self.method != "HEAD" {
            reply.extend_from_slice(body);
        }
        Reply::Whole(reply)
    }
}

/// What the server does.
pub(crate) enum Reply {
    /// Sends this and waits for the next request.
    Whole(Vec<u8>),
    /// Sends this and closes.
    Cut(Vec<u8>),
    /// Sends this, then letters for ever.
    Endless(Vec<u8>),
    /// Sends this, then a letter a second.
    Slow(Vec<u8>),
}

pub(crate) struct Server {
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(script, None).await
    }

    pub(crate) async fn start_tls(
        acceptor: TlsAcceptor,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(script, Some(acceptor)).await
    }

    async fn listen(
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (log, count, script) = (seen.clone(), accepted.clone(), Arc::new(script));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (log, script, tls) = (log.clone(), script.clone(), tls.clone());
                tokio::spawn(async move { accept(stream, tls, &log, &*script).await });
            }
        });
        Self {
            host,
            seen,
            accepted,
            task,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.host.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// How many connections there have been.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Log = Mutex<Vec<Seen>>;

async fn accept(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    log: &Log,
    script: &(dyn Fn(&Seen) -> Reply + Send + Sync),
) {
    let Some(tls) = tls else {
        return serve(stream, log, script).await;
    };
    if let Ok(stream) = tls.accept(stream).await {
        serve(stream, log, script).await;
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    log: &Log,
    script: &(dyn Fn(&Seen) -> Reply + Send + Sync),
) {
    while let Some(seen) = read(&mut stream).await {
        log.lock().unwrap().push(seen.clone());
        match script(&seen) {
            Reply::Whole(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Cut(bytes) => {
                let _sent = stream.write_all(&bytes).await;
                let _closed = stream.shutdown().await;
                return;
            }
            Reply::Endless(bytes) => return pour(stream, bytes, vec![b'a'; 65_536], Duration::ZERO).await,
            Reply::Slow(bytes) => return pour(stream, bytes, vec![b'a'], Duration::from_secs(1)).await,
        }
    }
}

async fn pour(mut stream: impl AsyncWrite + Unpin, first: Vec<u8>, piece: Vec<u8>, pause: Duration) {
    let mut sent = stream.write_all(&first).await;
    while sent.is_ok() {
        tokio::time::sleep(pause).await;
        sent = stream.write_all(&piece).await;
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(bytes).ok()?;
    let (first, head) = text.split_once("\r\n")?;
    let mut words = first.split(' ');
    let mut seen = Seen {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        head: head.to_lowercase(),
        body: String::new(),
    };
    let length: usize = seen
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    seen.body = String::from_utf8(body).ok()?;
    Some(seen)
}
