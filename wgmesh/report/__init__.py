"""A log as one page that a browser opens from a file. What it shows is computed here; the page moves through it."""
