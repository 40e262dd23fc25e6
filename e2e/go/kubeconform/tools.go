//go:build tools

// Package kubeconform pins the module from which kubeconform is built, unmodified: it checks manifests against schemas.
package kubeconform

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
