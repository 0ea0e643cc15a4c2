"""The workbench: pages and their API over the store, one dispatcher that speaks, and the gate before it all.

`app.mount` puts it on a server; `workbench.Workbench` is the house behind the endpoints. Their JSON is
`docs/workbench-api.md`.
"""
