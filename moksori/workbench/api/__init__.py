"""The pages' endpoints, one module for each page. They parse, ask the house, and shape the answer; nothing more."""
