"""A report on a design, so that readers can judge it: coverage, reachability, and what its rules and national activity rest on."""

from hrgcore.design_report.reach import grouped_by_kernels
from hrgcore.design_report.report import SAMPLE_EPISODES, DesignReport, report_design

__all__ = ["SAMPLE_EPISODES", "DesignReport", "grouped_by_kernels", "report_design"]
