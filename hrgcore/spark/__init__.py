"""Spark as a host: activity grouped on a cluster, spell by spell, in the Python workers of Spark's own partitions.

`group` takes a data frame and gives data frames; `group_files` takes files that each hold whole spells and writes the folder that
`hrgcore group` does, without any row passing through Spark. The design is compiled on the driver and broadcast as a bundle; each
Python worker opens it once, however much it groups.
"""

from hrgcore.spark.files import group_files
from hrgcore.spark.frames import SparkResult, group

__all__ = ["SparkResult", "group", "group_files"]
