//! Pulls an image as a node does, for trying it by hand:
//!
//! ```text
//! cargo run --release -p keyside-oci --example pull -- IMAGE DIR [USER]     # the password is read from standard input
//! ```

use std::io::Write as _;
use std::time::Instant;

use keyside_keychain::{Credential, Reference};
use keyside_oci::{BlobDir, Options, Puller};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(image), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pull IMAGE DIR [USER]".into());
    };
    let credential = arguments.next().map(login).transpose()?;
    let puller = Puller::new(Options::default())?;
    let dir = BlobDir::open(folder)?;
    let begin = Instant::now();
    let pulled = match puller
        .pull(&Reference::parse(&image)?, credential.as_ref(), &dir)
        .await
    {
        Ok(pulled) => pulled,
        Err(error) => return Err(format!("{:?}: {}", error.cause(), error.kubelet_message()).into()),
    };
    let (bytes, layers, time) = (pulled.size_bytes, pulled.layers.len(), begin.elapsed());
    writeln!(
        std::io::stdout(),
        "{}: {bytes} bytes in {layers} layers, {time:.3?}",
        pulled.image_id
    )?;
    Ok(())
}

fn login(user: String) -> Result<Credential, std::io::Error> {
    let password = std::io::read_to_string(std::io::stdin())?;
    Ok(Credential::new(user, password.trim_end_matches('\n').to_owned()))
}
