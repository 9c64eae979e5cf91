"""A log as something else to look at: a page that a browser opens from a file, and rows for a database."""
