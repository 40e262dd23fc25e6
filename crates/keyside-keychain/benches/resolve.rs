//! How long it takes to resolve an image, by the number of credentials filed.
//!
//! `cargo bench -p keyside-keychain` prints one row for each way credentials may be spread, and the ratio of 10,000 to 10, which is the
//! figure that must stay flat. Every row asks for the same number of different images, so that the memory touched by the questions
//! themselves is the same in each column.

#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#![expect(clippy::print_stdout, reason = "the result of a measurement is its output")]

use std::hint::black_box;
use std::time::Instant;

use keyside_keychain::{Keychain, Origin, Pattern, Rank, Reference, Scope};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Images asked for in turn; each is answered by one credential or a few.
const QUESTIONS: usize = 8;
const ROUNDS: usize = 20_000;
const REPEATS: usize = 15;

/// A way in which credentials may be spread, by the number of each.
struct Spread {
    name: &'static str,
    pattern: fn(usize) -> String,
    image: fn(usize) -> String,
}

const SPREADS: [Spread; 4] = [
    Spread {
        name: "a host each",
        pattern: |n| format!("registry-{n}.example.com"),
        image: |n| format!("registry-{n}.example.com/team/app:1"),
    },
    Spread {
        name: "one host, a path each",
        pattern: |n| format!("quay.io/team-{n}"),
        image: |n| format!("quay.io/team-{n}/app:1"),
    },
    Spread {
        name: "hosts and deep paths",
        pattern: |n| format!("registry-{}.example.com/group/team-{n}", n % 5),
        image: |n| format!("registry-{}.example.com/group/team-{n}/app:1", n % 5),
    },
    Spread {
        name: "a wildcard host each",
        pattern: |n| format!("*.region-{n}.example.com"),
        image: |n| format!("a.region-{n}.example.com/team/app:1"),
    },
];

fn main() {
    println!(
        "{:<24}{:>10}{:>10}{:>10}{:>10}{:>8}",
        "ns per image", 10, 100, 1_000, 10_000, "ratio"
    );
    for spread in &SPREADS {
        let keychains: Vec<_> = SIZES.iter().map(|&size| keychain(spread, size)).collect();
        let images: Vec<_> = SIZES.iter().map(|&size| images(spread, size)).collect();
        let mut best = [f64::INFINITY; SIZES.len()];
        // Sizes in turn, so that a busy moment of the machine does not fall on one of them alone.
        for _ in 0..REPEATS {
            for ((keychain, images), best) in keychains.iter().zip(&images).zip(&mut best) {
                *best = best.min(measure(keychain, images));
            }
        }
        let row: String = best
            .iter()
            .map(|nanoseconds| format!("{nanoseconds:>10.1}"))
            .collect();
        println!("{:<24}{row}{:>8.2}", spread.name, best[SIZES.len() - 1] / best[0]);
    }
}

fn keychain(spread: &Spread, size: usize) -> Keychain<usize> {
    let mut keychain = Keychain::new();
    for n in 0..size {
        let pattern = Pattern::parse(&(spread.pattern)(n)).expect("the bench makes valid patterns");
        let rank = Rank {
            scope: Scope::Namespace,
            origin: Origin::Managed,
            name: format!("credential-{n}"),
        };
        keychain.insert(pattern, rank, n);
    }
    keychain
}

/// Images spread evenly over what the keychain holds.
fn images(spread: &Spread, size: usize) -> Vec<Reference> {
    let step = (size / QUESTIONS).max(1);
    (0..QUESTIONS)
        .map(|n| Reference::parse(&(spread.image)(n * step)).expect("the bench makes valid images"))
        .collect()
}

/// Nanoseconds per resolution.
fn measure(keychain: &Keychain<usize>, images: &[Reference]) -> f64 {
    let start = Instant::now();
    for round in 0..ROUNDS {
        let found = keychain.resolve(black_box(&images[round % images.len()]));
        assert!(!black_box(found).is_empty(), "every question has an answer");
    }
    start.elapsed().as_secs_f64() * 1e9 / ROUNDS as f64
}
