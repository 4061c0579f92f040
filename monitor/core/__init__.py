"""Pure decisions: no input or output, standard library only."""
