"""What services share: errors, domain models, the database layer, auth, durable folders."""
