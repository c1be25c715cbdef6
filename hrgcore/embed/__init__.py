"""hrgcore inside other programs: a C library that takes and gives Arrow data, and the kernels for compiled code in this process.

See docs/c-interface.md.
"""
