//! The registry alone, for trying it by hand and for other programs' tests:
//!
//! ```text
//! cargo run -p keyside-registry --example serve -- [--port N] [--auth none|basic|bearer] [--data DIR] [--user NAME=PASSWORD]... [--public PREFIX]
//! ```
//!
//! With the feature `s3`, `--bucket NAME` and `--endpoint URL` put the content into a bucket; the keys are taken from the environment
//! (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`).
//!
//! It listens on 127.0.0.1 only, prints one line when it is ready, and ends when its standard input ends.

use std::io::Read as _;
use std::io::Write as _;

use keyside_registry::{Authentication, Registry, Rights, Store};

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Options {
    port: u16,
    authentication: Authentication,
    data: Option<String>,
    users: Vec<(String, String)>,
    public: Option<String>,
    #[cfg(feature = "s3")]
    bucket: keyside_registry::Bucket,
}

fn options() -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--port" => options.port = value.parse()?,
            "--data" => options.data = Some(value),
            "--public" => options.public = Some(value),
            #[cfg(feature = "s3")]
            "--bucket" => options.bucket.name = value,
            #[cfg(feature = "s3")]
            "--endpoint" => {
                options.bucket.plain_http = value.starts_with("http://");
                options.bucket.endpoint = Some(value);
            }
            "--user" => {
                let (name, password) = value.split_once('=').ok_or("--user needs NAME=PASSWORD")?;
                options.users.push((name.to_owned(), password.to_owned()));
            }
            "--auth" => {
                options.authentication = match value.as_str() {
                    "none" => Authentication::None,
                    "basic" => Authentication::Basic,
                    "bearer" => Authentication::Bearer,
                    other => return Err(format!("{other} is no way to authenticate").into()),
                }
            }
            other => return Err(format!("{other} is no flag").into()),
        }
    }
    Ok(options)
}

fn store(options: &Options) -> Result<Store, Failure> {
    #[cfg(feature = "s3")]
    if !options.bucket.name.is_empty() {
        return Ok(Store::s3(options.bucket.clone())?);
    }
    Ok(match &options.data {
        Some(folder) => Store::files(folder)?,
        None => Store::memory(),
    })
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = options()?;
    let store = store(&options)?;
    let anonymous = options
        .public
        .map_or_else(Rights::none, |prefix| Rights::none().pull(&prefix));
    let registry = Registry::builder(store)
        .authentication(options.authentication)
        .anonymous(anonymous)
        .build()?;
    for (name, password) in &options.users {
        registry.accounts().set(name, password, Rights::all()).await?;
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", options.port)).await?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        // Whatever comes, it is the end of it that matters.
        let _ = std::io::stdin().read_to_end(&mut rest);
        let _ = stop.send(());
    });
    let serving = axum::serve(listener, registry.router());
    let stopping = async move {
        let _ = stopped.await;
    };
    serving.with_graceful_shutdown(stopping).await?;
    Ok(())
}
