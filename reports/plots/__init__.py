"""The figures of a report as pictures for slides, PNG and SVG, drawn by matplotlib."""
