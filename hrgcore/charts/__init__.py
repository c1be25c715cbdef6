"""Pictures of figures as inline SVG: bars, distributions, flows, funnels and lines. They need no script and no other file."""

from hrgcore.charts.bars import bars, distribution
from hrgcore.charts.figure import STYLE, figure
from hrgcore.charts.flows import flows
from hrgcore.charts.funnel import FunnelPoint, funnel
from hrgcore.charts.lines import lines

__all__ = ["STYLE", "FunnelPoint", "bars", "distribution", "figure", "flows", "funnel", "lines"]
