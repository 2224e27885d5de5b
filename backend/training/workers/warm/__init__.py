"""A parent process with the libraries imported, from which trainers and inspections fork: their imports are done."""
