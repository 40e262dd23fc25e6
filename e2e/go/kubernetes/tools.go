//go:build tools

// Pins Kubernetes' own conformance tests, which are built from this module too.
package main

import _ "k8s.io/kubernetes/test/e2e"
