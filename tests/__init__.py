"""Tests, laid out as the package is: one file per module, same name."""
