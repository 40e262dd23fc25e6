//go:build tools

// Package kubernetes pins the module from which Kubernetes' own conformance tests are built.
package kubernetes

import _ "k8s.io/kubernetes/test/e2e"
