"""How fast the package is beside its peers: `python -m bench`. docs/speed.md says what is measured, and how."""
