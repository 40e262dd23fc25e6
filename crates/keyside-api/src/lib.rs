//! The Kubernetes types people write and read: kinds, conditions, reasons, labels, annotations, event names.
