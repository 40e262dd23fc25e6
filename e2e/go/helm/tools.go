//go:build tools

// Package helm pins the module from which Helm is built, unmodified: it lints, renders and installs our chart.
package helm

import _ "helm.sh/helm/v4/cmd/helm"
