"""Benchmarks: what is timed, on what activity, and how. `hrgcore bench` and the repository's `benchmarks/` share it.

Imports within this room are relative: `benchmarks/compare` puts one and the same copy of it beside each of two revisions.
"""
