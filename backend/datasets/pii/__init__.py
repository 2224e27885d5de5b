"""Personal data in German text: found with a kind and a confidence, then reported, masked, pseudonymised or dropped."""
