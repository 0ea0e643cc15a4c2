"""Data in, a checkpoint or a voice pack out. Knows nothing of the runtime or of evaluation."""
