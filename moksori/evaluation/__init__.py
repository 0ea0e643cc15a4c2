"""How good is it: similarity, pace, endings and speed over many takes. Knows nothing of the web."""
