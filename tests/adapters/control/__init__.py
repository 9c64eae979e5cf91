"""The operator's door, from both sides."""
