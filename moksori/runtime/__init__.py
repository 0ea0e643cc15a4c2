"""Qwen3-TTS at the memory's speed, streaming, and identical every time: many requests over one loaded checkpoint.

`runtime.Runtime` puts it together. Knows nothing of text rules, voices' storage, or processes.
"""
