"""What people drive CLARA with: the typed client and what is built on it."""
