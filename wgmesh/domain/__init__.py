"""Pure decisions: what is true of the mesh and what follows from it. No clock, no chance, no I/O."""
