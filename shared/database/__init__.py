"""Databases behind Protocols: the SQL truth and the derived search stores."""
