"""The builder pool inside the service, and the process in which each build or export runs."""
