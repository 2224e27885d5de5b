"""CouchDB in pieces: HTTP, our documents in it, writing them, databases of others; `couchdb.py` is the store."""
