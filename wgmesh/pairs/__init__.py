"""Two nodes' logs, side by side: on one clock, and what each did not have of the other."""
