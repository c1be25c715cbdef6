"""An official Code to Group workbook as a design."""
