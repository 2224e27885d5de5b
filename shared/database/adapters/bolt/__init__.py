"""What the Neo4j stores are made of: the connection, the schema, the writes and the questions."""
