"""The pool of workers inside the service, and the trainer process that each of them supervises."""
