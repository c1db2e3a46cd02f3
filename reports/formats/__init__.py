"""One table in each of the formats that a report can be written in."""
