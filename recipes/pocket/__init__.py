"""The recipe of `pocket`: synthetic speech in, a small checkpoint in the official format out."""
