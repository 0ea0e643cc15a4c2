"""HTTP, WebSocket and Wyoming for other programs. Needs no pages and no database."""
