//! Every decision as a pure function over Kubernetes objects: index, resolve, inject, plan, diagnose, rotate.
