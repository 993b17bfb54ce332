"""Annotations and gold labels in and out: CSV, doccano, Label Studio, and the labelled corpus."""
