"""The history of the tables, step by step. Run by `database.open_database`, never by hand."""
