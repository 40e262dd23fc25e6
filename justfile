# What people and CI do with this repository. `just` lists it.

default:
    @just --list

# the embedded cluster, in the foreground
up *flags:
    cargo run --release -- up {{flags}}

# install what the tests need, then run them all
test *flags:
    cargo e2e test {{flags}}

# formatting, lints, documentation, dependency rules
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --locked
    cargo deny check bans licenses sources

# Kubernetes' own conformance tests against `keyside up`; --all adds the two slow ones
conformance *flags:
    cargo e2e conformance {{flags}}

# the scenarios on a real Kubernetes of our own, then a private pull on a real node; --hold keeps it up
e2e *flags:
    cargo e2e cluster {{flags}}

# what strangers write, with arbitrary bytes; `just fuzz --seconds 600 challenge`
fuzz *flags:
    cargo e2e fuzz {{flags}}

# keyside in containers of a real cluster, from `helm install` to `helm uninstall`; needs root
incluster:
    cargo e2e incluster

# put the requests of e2e/scripts to a real Kubernetes and keep the answers
record:
    cargo e2e record

# a rotation over a thousand namespaces of a real Kubernetes, beside a raw writer
rotation *flags:
    cargo e2e rotation {{flags}}

# what admission adds to the creation of a pod, by webhook and by policy, on a real Kubernetes
admission *flags:
    cargo e2e admission {{flags}}

# memory and work of the optimised program in a cluster of a thousand namespaces; needs root
footprint:
    cargo e2e footprint

# benches that need no cluster
bench:
    cargo bench --workspace

# the committed copy of the resource definitions
crds:
    cargo run --quiet -- crds > charts/keyside/files/crds.yaml

# keyside's image, without a container engine: `just image --push HOST/REPO:TAG --login USER --password-stdin`
image *flags:
    cargo e2e image {{flags}}

# the committed copies of the chart's values and their schema
chart:
    UPDATE_CHART=1 cargo test --quiet -p keyside --bin keyside values::
