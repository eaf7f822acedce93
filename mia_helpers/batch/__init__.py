"""The command line, and running the notebooks of a profile headless. It may use everything; nothing uses it."""
