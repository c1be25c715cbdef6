"""Comparing two revisions of hrgcore: an environment for each, rounds that alternate between them, and what their times are to each
other."""
