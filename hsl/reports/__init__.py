"""Reports: what became of a message or of a period, as one HTML file that asks nobody for more."""
