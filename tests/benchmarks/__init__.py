"""Benchmarks: each case beside its reference, in one run. ``make bench`` runs them; they assert nothing."""
