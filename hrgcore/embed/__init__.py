"""hrgcore inside other programs: a C library that takes and gives Arrow data. See docs/c-interface.md."""
